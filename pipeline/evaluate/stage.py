"""The evaluate stage: the candidate against the base model, the champion and a trivial baseline, on the test split."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from pipeline.encoding import prompt_limit
from pipeline.evaluate.evaluation import Evaluation, evaluate, facts
from pipeline.evaluate.examples import Example, examples_of
from pipeline.evaluate.models import Model, Role
from pipeline.evaluate.references import CODE, as_taught
from pipeline.evaluate.report.render import render, template_files
from pipeline.features import retrieval
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage

STAGE = "evaluate"
SPLIT = "test"
LIBRARIES = ("torch", "transformers", "sacrebleu", "rouge-score", "scikit-learn", "pyphen", "krippendorff")
PACKAGES = ("evaluate", "answering", "decoding", "encoding", "model_folder", "precision", "prompts", "special_tokens")
ROLES = ("candidate", "champion", "base", "baseline")
QUESTION = [
    pa.field("question_id", pa.string(), nullable=False),
    pa.field("data_source", pa.string()),
    pa.field("provenance", pa.string()),
    pa.field("language", pa.string()),
    pa.field("topic", pa.string()),
    pa.field("is_refusal", pa.bool_(), nullable=False),
    pa.field("question", pa.string(), nullable=False),
    pa.field("context", pa.string()),
    pa.field("reference", pa.string(), nullable=False),
]
ANSWERS = pa.schema(
    [
        *QUESTION,
        # null for a model that was not there
        *(pa.field(role, pa.string()) for role in ROLES),
        *(pa.field(f"{role}_token_f1", pa.float64()) for role in ROLES),
        *(pa.field(f"{role}_refused", pa.bool_()) for role in ROLES),
    ]
)
GENERATIONS = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        # "held-out", "attacked" (with the perturbation as detail) or "benchmark" (with its name as detail)
        pa.field("kind", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        *QUESTION,
        pa.field("answer", pa.string(), nullable=False),
        pa.field("refused", pa.bool_(), nullable=False),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("token_f1", pa.float64()),
        pa.field("exact_match", pa.float64()),
        pa.field("rouge_l", pa.float64()),
        pa.field("log_likelihood", pa.float64()),
        pa.field("tokens", pa.int64()),
    ]
)


def run(
    settings: Settings,
    lake: Lake,
    *,
    run_id: str,
    candidate: Manifest,
    base: Manifest,
    prepared: Manifest,
    features: Manifest,
    champion: Manifest | None = None,
) -> Manifest:
    """Evaluate and return the manifest, with the headline metrics in its facts.

    Outputs: `report`, `answers` (a row for each question), `generations` (a row for everything said), `blind_mix`.

    `candidate` and `champion` are manifests of the tune stage. Raises PipelineError when the test split is empty or a
    model cannot be loaded.
    """
    inputs = {"candidate": candidate, "base": base, "prepared": prepared, "features": features}
    if champion is not None:
        inputs["champion"] = champion

    def work(attempt: Attempt) -> None:
        require_unaltered(lake, features)
        models = models_of(candidate, base, champion)
        rows = list(retrieval.qa_rows(settings, lake, features, SPLIT))
        rows, cut = as_taught(rows, models[0].local(settings, lake), settings.features.max_answer_tokens)
        examples = examples_of(rows, settings.evaluate.max_examples, settings.evaluate.seed)
        data = {
            "split": SPLIT,
            "available": len(rows),
            "references_cut": cut,
            "inputs": {name: f"{manifest.stage}/{manifest.key}" for name, manifest in inputs.items()},
        }
        found = evaluate(settings, lake, models, examples, data)
        require_unaltered(lake, features)  # again, since it was read in between
        write(attempt, found)
        _account(attempt, rows, examples, found)
        longest = settings.features.max_answer_tokens
        if settings.evaluate.max_new_tokens < longest:
            attempt.warn(
                f"Answers end after {settings.evaluate.max_new_tokens} tokens (evaluate.max_new_tokens), but the model "
                f"learnt answers of up to {longest} (features.max_answer_tokens)"
            )

    return run_stage(
        lake, STAGE, work, run_id=run_id, inputs=inputs, parameters=parameters(settings), packages=PACKAGES + CODE
    )


def parameters(settings: Settings) -> dict[str, Any]:
    """Return what decides an evaluation besides its inputs and its code."""
    templates = hashlib.sha256(b"".join(path.read_bytes() for path in template_files())).hexdigest()[:16]
    return {
        **settings.evaluate.model_dump(mode="json", exclude={"judge_key"}),
        "refusals": settings.prepare.refusals().plain(),
        "reference_tokens": settings.features.max_answer_tokens,
        "prompt_tokens": prompt_limit(settings.features.max_length),
        "libraries": {name: version(name) for name in LIBRARIES},
        "page": templates,
    }


def models_of(candidate: Manifest, base: Manifest, champion: Manifest | None) -> list[Model]:
    """Return the models of manifests in their roles; a champion that is the candidate itself is left out."""
    named: list[tuple[Role, Manifest]] = [("candidate", candidate), ("base", base)]
    if champion is not None and champion.output("model").digest != candidate.output("model").digest:
        named.append(("champion", champion))
    return [
        Model(
            role=role,
            name=str(manifest.facts.get("name") or f"{manifest.stage}/{manifest.key}"),
            digest=manifest.output("model").digest,
            output=manifest.output("model"),
        )
        for role, manifest in named
    ]


def write(attempt: Attempt, found: Evaluation) -> None:
    """Write the report for people and machines, what the models said, and the blind mix for raters."""
    lake = attempt.lake
    document = json.dumps(found.report, ensure_ascii=False, indent=1).encode()
    lake.write(attempt.uri("report", "report.json"), document)
    lake.write(attempt.uri("report", "report.html"), render(found.report).encode())
    lake.write(attempt.uri("report", "answers.jsonl"), found.answers_jsonl())
    for name, rows, schema in (("answers", found.answers, ANSWERS), ("generations", found.generations, GENERATIONS)):
        batch = pa.RecordBatch.from_pylist(rows, schema=schema)
        attempt.rows[name] = lake.write_batches(attempt.uri(name, "part-00000.parquet"), [batch], schema)
    items = {"items": [item.model_dump() for item in found.mix.items]}
    lake.write(attempt.uri("blind_mix", "items.json"), json.dumps(items, ensure_ascii=False, indent=1).encode())
    lake.write(attempt.uri("blind_mix", "key.json"), json.dumps(found.mix.key, indent=1).encode())


def _account(attempt: Attempt, rows: list[dict[str, Any]], examples: list[Example], found: Evaluation) -> None:
    attempt.counts.rows_in = len(rows)
    attempt.counts.rows_out = len(examples)
    if len(rows) > len(examples):
        attempt.set_aside({"not in the sample (evaluate.max_examples)": len(rows) - len(examples)})
    from pipeline.precision import asked_on

    attempt.facts.update(facts(found.report), speed=found.speed, asked_on=asked_on())
    if len(examples) < 30:
        attempt.warn(f"Only {len(examples)} held-out questions: the intervals are wide")
    judged = found.report["judge"]
    if judged and judged["problems"]:
        attempt.warn(f"{judged['problems']} answers could not be judged: {'; '.join(judged['causes'])}")
