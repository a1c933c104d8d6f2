"""The features stage: prepared rows become a model's token features, registered in Feast and materialised online."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pipeline.errors import QualityError
from pipeline.features import answers, registration, tokenizer_files
from pipeline.features.distributed import COLUMNS, Job, Report, parts_for, tokenise_rows
from pipeline.features.reuse import earlier_run
from pipeline.features.schema import QA, SET_ASIDE, TOKENS
from pipeline.features.tokenise import TokenLimits
from pipeline.features.tokenizer_files import ModelText
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest, digest_of
from pipeline.settings import Settings
from pipeline.stage import Attempt, code_version, run_stage

STAGE = "features"
PACKAGES = ("features", "encoding", "prompts", "special_tokens", *answers.CODE)


def run(settings: Settings, lake: Lake, *, run_id: str, prepared: Manifest, base: Manifest) -> Manifest:
    """Make, register and materialise the features of prepared rows for a base model.

    Raises PipelineError when the tokenizer cannot be used, QualityError when no row fits the model, and Refused when
    the prepared rows are not those that their stage wrote. The manifest is complete before Feast's shared registry or
    the online store move; both are brought up to it at every call.
    """

    def work(attempt: Attempt) -> None:
        text = tokenizer_files.fetch(lake, base, settings.state_dir)
        require_unaltered(lake, prepared, "rows")
        report = _tokenise(settings, attempt, prepared, text)
        require_unaltered(lake, prepared, "rows")  # again, since they were read in between
        _account(attempt, report)
        _describe(settings, attempt, base, text, report)
        _freeze(settings, attempt)

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"prepare": prepared, "base-model": base},
        parameters=_parameters(settings, base),
        packages=PACKAGES,
    )
    registration.register(settings, lake, manifest, run_id)
    return manifest


def limits(settings: Settings) -> TokenLimits:
    """Return the limits that the settings ask for."""
    chosen = settings.features
    return TokenLimits(chosen.max_length, chosen.max_answer_tokens, chosen.window, chosen.stride)


def _parameters(settings: Settings, base: Manifest) -> dict[str, Any]:
    chosen = settings.features
    return {
        **chosen.model_dump(include={"project", "owner", "max_length", "max_answer_tokens", "window", "stride"}),
        "base_model": base.facts["name"],
        "architecture": base.facts["architecture"],
        "tokenizers": version("tokenizers"),
    }


def job_for(settings: Settings, attempt: Attempt, prepared: Manifest, text: ModelText) -> Job:
    """Return what there is to do, with what the last run made of equal rows in the same way."""
    from pipeline.features.definitions import tokens_view

    parts = parts_for(prepared.output("rows").rows or prepared.counts.rows_out)
    base = attempt.inputs["base-model"]
    way = {"code": code_version(*PACKAGES), "tokenizer": text.digest, "parts": parts, **_parameters(settings, base)}
    attempt.facts["way"] = digest_of(way)
    view = tokens_view(base.facts["name"], _template(text))
    return Job(settings.lake, attempt.prefix, text, limits(settings), parts, earlier_run(attempt.lake, view, way))


def _template(text: ModelText) -> str:
    return f"{text.template.name}/{text.template.version}"


def _tokenise(settings: Settings, attempt: Attempt, prepared: Manifest, text: ModelText) -> Report:
    from pipeline.spark.lake_source import read_lake
    from pipeline.spark.session import spark_session

    job = job_for(settings, attempt, prepared, text)
    with spark_session(settings) as spark:
        return tokenise_rows(read_lake(spark, settings, prepared.output("rows").uri, COLUMNS), job)


def _account(attempt: Attempt, report: Report) -> None:
    attempt.counts.rows_in = report.rows_in
    attempt.counts.rows_out = report.rows_out
    attempt.set_aside(report.reasons)
    attempt.rows.update(qa_features=report.rows_in, token_features=report.rows_out)
    if report.windows:
        attempt.rows["token_windows"] = report.windows
    attempt.rows["set_aside"] = report.reasons.total()
    if not report.reasons:
        attempt.lake.write_batches(attempt.uri("set_aside", "part-00000.parquet"), [], SET_ASIDE)
    if not report.rows_out:
        raise QualityError(
            "No row fits the base model",
            where=", ".join(f"{reason}: {count}" for reason, count in sorted(report.reasons.items())) or "no rows",
            remedy="Raise features.max_length, or look at the rows that were set aside",
        )
    if report.reasons.total() > report.rows_in // 20:
        attempt.warn(f"{report.reasons.total()} of {report.rows_in} rows do not fit the model: {dict(report.reasons)}")


def _describe(settings: Settings, attempt: Attempt, base: Manifest, text: ModelText, report: Report) -> None:
    chosen = settings.features
    attempt.facts.update(
        base_model=base.facts["name"],
        revision=str(base.facts.get("revision") or base.key),
        architecture=text.architecture,
        template=_template(text),
        tokenizer=text.digest,
        owner=chosen.owner,
        licence=_expression(report),
        licences=dict(sorted(report.licences.items())),
        max_length=chosen.max_length,
        max_answer_tokens=chosen.max_answer_tokens,
        window=chosen.window,
        stride=chosen.stride,
        as_of=report.latest,
        splits=dict(sorted(report.splits.items())),
        refusals=report.refusals,
        carried=report.carried,
        windows=report.windows,
        truncated={"context": report.context_truncated, "answer": report.answer_truncated},
        tokens=report.tokens,
        answer_tokens=report.answer_tokens,
        lengths={name: report.length_at(share) for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))},
    )


def _expression(report: Report) -> str:
    """Join the rows' licences into one SPDX expression."""
    return " AND ".join(f"({name})" if " " in name else name for name in sorted(report.licences))


def _freeze(settings: Settings, attempt: Attempt) -> None:
    from pipeline.features import store
    from pipeline.features.definitions import QA_VIEW, FeatureSet

    facts = attempt.facts
    features = FeatureSet(
        qa=f"{store.HERE}qa_features",
        tokens=f"{store.HERE}token_features",
        windows=f"{store.HERE}token_windows" if facts["windows"] else None,
        model=facts["base_model"],
        revision=facts["revision"],
        template=facts["template"],
        owner=facts["owner"],
        licence=facts["licence"],
    )
    facts["views"] = {"qa": QA_VIEW, "tokens": features.tokens_view}
    if features.windows:
        facts["views"]["windows"] = features.windows_view
    facts["columns"] = {"qa_features": QA.names, "token_features": TOKENS.names}
    attempt.lake.write(attempt.uri("registry", store.SNAPSHOT), store.freeze(settings.features.project, features))
