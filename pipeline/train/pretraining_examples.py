"""Raw text as examples: next token for causal models, span corruption for T5, whole documents held out.

Span corruption follows Raffel et al., 2020 (arXiv:1910.10683): 15 % of the tokens in spans of 3 on average, each
replaced by a sentinel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import TrainingError
from pipeline.prompts import Escaper
from pipeline.special_tokens import begin_token, control_ids, control_tokens
from pipeline.train.examples import IGNORED, Examples

CORRUPTED, SPAN = 0.15, 3.0
HELD_OUT_EVERY = 20
"""One document of so many is held out, at least one: its texts overlap each other, but hardly those of others."""
SHORTEST = 16
"""Pieces of fewer tokens teach nothing about what follows what."""
TEXTS_AT_ONCE = 1_000


def examples_of(
    texts: Iterable[tuple[str, str]], folder: Path, architecture: str, length: int, seed: int, limit: int | None = None
) -> tuple[Examples, Examples]:
    """Return training and held-out examples made of texts with their documents' ids, at most `limit` held-out ones.

    Texts are cut into pieces of at most `length` tokens; those of causal models begin as the tokenizer begins a text,
    so that no piece starts where the model has never started. Words such as `<|im_end|>` in a text are text, escaped as
    in prompts; pieces with control tokens all the same are left out. Raises TrainingError when fewer than two documents
    are left.
    """
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    documents: list[int] = []
    sources: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    causal = architecture == "causal"
    marks, begin = ([], begin_token(tokenizer)) if causal else (sentinels(tokenizer), None)
    random = np.random.default_rng(seed)
    for document, piece in _pieces(texts, tokenizer, length, begin):
        source, target = corrupt(piece, marks, tokenizer.eos_token_id, random) if marks else (piece, _next(piece))
        documents.append(document)
        sources.append(source)
        targets.append(target)
    different = np.unique(np.array(documents, np.uint64))
    if len(different) < 2:
        raise TrainingError(
            "There is too little text to pre-train on",
            remedy="Collect more pages, or leave this out; texts that tell held-out answers are not learnt from",
        )
    held_out = np.isin(np.array(documents, np.uint64), different[: max(1, len(different) // HELD_OUT_EVERY)])

    def chosen(wanted: np.ndarray) -> Examples:
        rows = np.flatnonzero(wanted)
        names = [f"text-{row:08d}" for row in rows]
        return Examples(names, [sources[row] for row in rows], [targets[row] for row in rows])

    return chosen(~held_out), chosen(held_out).sample(limit, seed)


def corrupt(
    piece: np.ndarray, marks: Sequence[int], end: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a text with spans replaced by sentinels, and the target that spells the spans out."""
    count = min(len(marks), max(1, round(len(piece) * CORRUPTED / SPAN)))
    starts = np.sort(random.choice(max(1, len(piece) - 1), size=count, replace=False))
    source: list[int] = []
    target: list[int] = []
    at = number = 0
    for start in starts:
        if start < at:
            continue
        stop = min(len(piece), int(start) + 1 + int(random.poisson(SPAN - 1)))
        source += [*piece[at:start].tolist(), marks[number]]
        target += [marks[number], *piece[start:stop].tolist()]
        at, number = stop, number + 1  # a start inside another span has none: sentinels are numbered without gaps
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


def _next(piece: np.ndarray) -> np.ndarray:
    """Return the labels of next-token prediction: nothing comes before the first token, so nothing predicts it."""
    return np.concatenate([[IGNORED], piece[1:]]).astype(np.int32)


def _pieces(
    texts: Iterable[tuple[str, str]], tokenizer: Any, length: int, begin: int | None
) -> Iterator[tuple[int, np.ndarray]]:
    left = iter(texts)
    first = [] if begin is None else [begin]
    room = length - len(first)
    escaper, control = Escaper(control_tokens(tokenizer)), control_ids(tokenizer)
    while some := list(islice(left, TEXTS_AT_ONCE)):
        safe = [escaper.escape(text) for _, text in some]
        rows = tokenizer(safe, add_special_tokens=False, verbose=False)["input_ids"]
        for (document, _), row in zip(some, rows, strict=True):
            number = int.from_bytes(hashlib.sha256(document.encode()).digest()[:8])
            for start in range(0, len(row), room):
                if len(piece := row[start : start + room]) >= SHORTEST and control.isdisjoint(piece):
                    yield number, np.array(first + piece, np.int32)
