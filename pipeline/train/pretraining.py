"""Continued pre-training on raw company text (D6): next token for causal models, span corruption for T5.

The result stands in for the base model: features, training and tuning take its manifest. Span corruption follows
Raffel et al., 2020 (arXiv:1910.10683): 15 % of the tokens in spans of 3 on average, each replaced by a sentinel.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.settings import Settings
from pipeline.stage import Attempt, Manifest, run_stage
from pipeline.train import merging, model_cache
from pipeline.train.environment import library_versions, processes, require_machine
from pipeline.train.examples import Examples
from pipeline.train.facts import facts_of
from pipeline.train.fitting import fit, forget_checkpoints, publish_curves
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.report import PRETRAINING, training_report
from pipeline.train.tracking import config_of

STAGE = "pretrain"
CORRUPTED, SPAN = 0.15, 3.0
HELD_OUT_EVERY = 20
SHORTEST = 16
"""Pieces of fewer tokens teach nothing about what follows what."""


def run(settings: Settings, lake: Lake, *, run_id: str, base: Manifest, prepared: Manifest) -> Manifest:
    """Pre-train on the contexts and answers of the training split; return a manifest that can stand in for `base`.

    Its outputs are `model`, `curves` and `report`. A killed run continues from its newest checkpoint when it is tried
    again. Raises TrainingError when there is too little text, when a sequence-to-sequence tokenizer has no sentinels,
    or when this machine cannot do what the settings ask.
    """
    hyper = replace(
        Hyperparameters.of(settings.train),
        method="full",
        lora_layers=None,
        packing=False,
        **settings.pretrain.model_dump(exclude={"enabled"}),
    )
    count = processes(settings.train.processes, settings.train.device)

    def work(attempt: Attempt) -> None:
        require_machine(hyper.method, settings.train.device)
        require_unaltered(lake, prepared)
        folder = model_cache.checkout(settings, lake, base.output("model"))
        architecture = base.facts["architecture"]
        texts = list(training_texts(lake, prepared))
        examples = examples_of(texts, folder, architecture, settings.features.max_length, hyper.seed)
        with tempfile.TemporaryDirectory(prefix="pretrain-") as scratch:
            out, config = Path(scratch) / "learnt", config_of(hyper, base, prepared)
            fitted = fit(settings, attempt, STAGE, base, hyper, examples, out, config=config)
            model = merging.round_model(fitted.folder, folder, architecture, Path(scratch) / "model")
            lake.upload_folder(model, attempt.uri("model"))
        training = facts_of(hyper, base, prepared, examples, fitted, count)
        attempt.facts.update(
            {
                **base.facts,
                "name": f"{base.facts['name']}+pretrained",
                "pretrained_on": {"texts": len(texts), "digest": prepared.digest},
                "training": training,
            }
        )
        publish_curves(attempt, training_report(training, fitted.progress.curves, PRETRAINING), fitted)

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"base-model": base, "prepare": prepared},
        parameters={
            **hyper.to_json(),
            "max_length": settings.features.max_length,
            "gradient_checkpointing": settings.train.gradient_checkpointing,
            "device": settings.train.device,
            "processes": count,
            **library_versions(),
        },
        packages=("train",),
    )
    if not manifest.cached:
        forget_checkpoints(lake, manifest)
    return manifest


def training_texts(lake: Lake, prepared: Manifest) -> Iterator[str]:
    """Yield each distinct text of the training split once: held-out questions' texts are never pre-trained on."""
    import pyarrow.compute as pc

    table = lake.read_table(
        prepared.output("rows").uri, columns=["context", "answer"], filter=pc.field("split") == "train"
    )
    seen: set[str] = set()
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            for text in (row["context"], row["answer"]):
                if text and text not in seen:
                    seen.add(text)
                    yield text


def examples_of(
    texts: Iterable[str], folder: Path, architecture: str, length: int, seed: int
) -> tuple[Examples, Examples]:
    """Return training and held-out examples made of raw texts, cut into pieces of at most `length` tokens."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    pieces = list(_pieces(tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"], length))
    if len(pieces) < 2:
        raise TrainingError("There is too little text to pre-train on", remedy="Collect more pages, or leave this out")
    if architecture == "causal":
        pairs = [(piece, piece) for piece in pieces]
    else:
        marks = sentinels(tokenizer)
        random = np.random.default_rng(seed)
        pairs = [corrupt(piece, marks, tokenizer.eos_token_id, random) for piece in pieces]
    every = min(HELD_OUT_EVERY, len(pairs))
    numbered = list(enumerate(pairs))
    held_out = [item for item in numbered if item[0] % every == every - 1]
    return _examples([item for item in numbered if item[0] % every != every - 1]), _examples(held_out)


def corrupt(
    piece: np.ndarray, marks: Sequence[int], end: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a text with spans replaced by sentinels, and the target that spells the spans out."""
    count = min(len(marks), max(1, round(len(piece) * CORRUPTED / SPAN)))
    starts = np.sort(random.choice(max(1, len(piece) - 1), size=count, replace=False))
    source: list[int] = []
    target: list[int] = []
    at = 0
    for number, start in enumerate(starts):
        if start < at:
            continue
        stop = min(len(piece), int(start) + 1 + int(random.poisson(SPAN - 1)))
        source += [*piece[at:start].tolist(), marks[number]]
        target += [marks[number], *piece[start:stop].tolist()]
        at = stop
    source += [*piece[at:].tolist(), end]
    return np.array(source, np.int32), np.array([*target, end], np.int32)


def sentinels(tokenizer: Any) -> list[int]:
    """Return the ids of `<extra_id_0>`, `<extra_id_1>`, … of a T5 tokenizer. Raises TrainingError when it has none."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    found = [vocabulary[name] for number in range(100) if (name := f"<extra_id_{number}>") in vocabulary]
    if not found:
        raise TrainingError(
            "The tokenizer has no sentinel tokens, so spans cannot be corrupted",
            remedy="Use a T5 tokenizer with <extra_id_…> tokens",
        )
    return found


def _pieces(rows: Iterable[list[int]], length: int) -> Iterator[np.ndarray]:
    for row in rows:
        for start in range(0, len(row), length):
            if len(piece := row[start : start + length]) >= SHORTEST:
                yield np.array(piece, np.int32)


def _examples(numbered: Sequence[tuple[int, tuple[np.ndarray, np.ndarray]]]) -> Examples:
    return Examples(
        [f"text-{number:08d}" for number, _ in numbered],
        [source for _, (source, _) in numbered],
        [target for _, (_, target) in numbered],
    )
