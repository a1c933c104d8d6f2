"""Token features of question/answer rows, an Arrow batch at a time: the pure function that Spark maps over the data.

A row becomes `token_ids, attention_mask, labels` of the chosen model. The question and the answer stay whole; only the
context is cut. Loss falls on the answer alone. What cannot be made to fit is set aside with its reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.encoding import Asked, EncodedParts, PromptEncoder
from pipeline.features import answers, windows
from pipeline.features.schema import CREATED_TIME, EVENT_TIME, SET_ASIDE, TOKENS, event_times
from pipeline.prompts import Architecture

IGNORED = -100
MIN_CONTEXT_TOKENS = 32
"""A context that is cut to less than this supports nothing; shorter ones must fit whole."""
MIN_SUPPORT = 0.5
"""Further windows are kept when they support at least this share of what the best one supports."""

HASHED = ("split", "licence", "data_source", "window", "window_start", "context_truncated", "answer_truncated")
"""What a row's hash covers beside its tokens: all that is served of it and can change while they stay the same."""


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How long things may get, in tokens.

    `length` bounds what the model reads: prompt and answer for causal models, the prompt for sequence-to-sequence
    ones. `answer` bounds the answer with its end token. `window` and `stride` ask for sliding windows over contexts
    that are longer than a window; without them a context has one cut.
    """

    length: int
    answer: int
    window: int | None = None
    stride: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """What a model learns from: one window of a row."""

    row: int
    window: int
    start: int
    prompt: list[int]
    target: list[int]
    context_cut: bool
    answer_cut: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used, by its place in the batch."""

    row: int
    reason: str
    detail: str


class RowTokeniser:
    """Turns batches of prepared rows into token features with one tokenizer, template and set of limits."""

    def __init__(self, encoder: PromptEncoder, architecture: Architecture, limits: TokenLimits) -> None:
        """`encoder` brings the tokenizer and the template; its own `max_length` does not matter here."""
        self.encoder = encoder
        self.architecture = architecture
        self.limits = limits
        self._control = frozenset(encoder.tokenizer.control_ids)
        self._control_in_frame = self._controls(encoder.parts([Asked(None, "")])[0])

    def tokenise(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """Return the token features of a batch of prepared rows, and the rows that were set aside."""
        examples: list[Example] = []
        rejected: list[Rejected] = []
        for found in self._examples(batch):
            (rejected if isinstance(found, Rejected) else examples).append(found)  # type: ignore[arg-type]
        return self._features(batch, examples), _set_aside(batch, rejected)

    def _examples(self, batch: pa.RecordBatch) -> Iterator[Example | Rejected]:
        contexts, questions = batch["context"].to_pylist(), batch["question"].to_pylist()
        texts = batch["answer"].to_pylist()
        prompts = self.encoder.parts([Asked(c, q) for c, q in zip(contexts, questions, strict=True)])
        targets = self.encoder.targets(texts)
        learns_from = [
            split != "test" and not refusal
            for split, refusal in zip(batch["split"].to_pylist(), batch["is_refusal"].to_pylist(), strict=True)
        ]
        for row, (parts, ids, text, supported) in enumerate(zip(prompts, targets, texts, learns_from, strict=True)):
            target = answers.fit(text, ids, self.limits.answer, self.encoder.targets)
            yield from self._row(row, parts, target, supported)

    def _row(
        self, row: int, parts: EncodedParts, target: answers.Target, supported: bool
    ) -> Iterator[Example | Rejected]:
        room = self.limits.length - parts.fixed - (len(target.ids) if self.architecture == "causal" else 0)
        problem = self._problem(parts, target, room)
        if problem:
            yield Rejected(row, *problem)
            return
        for number, window in enumerate(self._windows(parts.context, target.ids, room, supported)):
            context = parts.context[window.start : window.start + window.size]
            yield Example(
                row=row,
                window=number,
                start=window.start,
                prompt=parts.head + context + parts.tail,
                target=target.ids,
                context_cut=len(context) < len(parts.context),
                answer_cut=target.cut,
            )

    def _problem(self, parts: EncodedParts, target: answers.Target, room: int) -> tuple[str, str] | None:
        if self._controls(parts) != self._control_in_frame or not self._control.isdisjoint(target.ids[:-1]):
            return "control_tokens_in_text", "the text would be read as the model's control tokens"
        if room < 0:
            return "question_and_answer_too_long", f"{-room} tokens over the limit of {self.limits.length}"
        if room < min(len(parts.context), MIN_CONTEXT_TOKENS):
            return "no_room_for_context", f"room for {room} of {len(parts.context)} tokens of the context"
        return None

    def _windows(self, context: list[int], answer: list[int], room: int, supported: bool) -> list[windows.Window]:
        """Choose what of the context is shown.

        Training and validation rows show the window that supports the answer best: an answer that the model cannot find
        teaches it to invent, and a loss on such answers tells configurations apart by noise. In test rows nobody may
        know the answer, so they are cut at the end, as in serving.
        """
        size = min(room, self.limits.window or room)
        if not supported or len(context) <= size:
            return [windows.Window(0, min(size, len(context)), 0.0)]
        ranked = windows.ranked(context, answer, size, min(size, self.limits.stride or max(1, size // 2)))
        if self.limits.window is None:
            return ranked[:1]
        enough = ranked[0].support * MIN_SUPPORT
        return [ranked[0], *(window for window in ranked[1:] if window.support >= max(enough, MIN_SUPPORT))]

    def _controls(self, parts: EncodedParts) -> int:
        """Count the control tokens of a prompt: only the template's own may be there."""
        counted = 0
        for ids in (parts.head, parts.context, parts.tail):
            if not self._control.isdisjoint(ids):
                counted += sum(1 for token in ids if token in self._control)
        return counted

    def _features(self, batch: pa.RecordBatch, examples: list[Example]) -> pa.RecordBatch:
        causal = self.architecture == "causal"
        reads = [item.prompt + item.target if causal else item.prompt for item in examples]
        learns = [[IGNORED] * len(item.prompt) + item.target if causal else item.target for item in examples]
        rows = pa.array([item.row for item in examples], pa.int64())
        token_ids, labels, times = _lists(reads), _lists(learns), event_times(batch).take(rows)
        columns: dict[str, pa.Array] = {
            **{name: batch[name].take(rows) for name in ("question_id", "split", "licence", "data_source")},
            EVENT_TIME: times,
            CREATED_TIME: times,
            "window": pa.array([item.window for item in examples], pa.int32()),
            "window_start": pa.array([item.start for item in examples], pa.int32()),
            "token_ids": token_ids,
            "attention_mask": pa.ListArray.from_arrays(
                token_ids.offsets, pa.array(np.ones(len(token_ids.values), np.int32))
            ),
            "labels": labels,
            "length": pa.array([len(ids) for ids in reads], pa.int32()),
            "target_length": pa.array([len(item.target) for item in examples], pa.int32()),
            "context_truncated": pa.array([item.context_cut for item in examples], pa.bool_()),
            "answer_truncated": pa.array([item.answer_cut for item in examples], pa.bool_()),
        }
        shown = zip(*(columns[name].to_pylist() for name in HASHED), strict=True)
        columns["feature_hash"] = pa.array(
            [_digest(*row) for row in zip(_pieces(token_ids), _pieces(labels), shown, strict=True)], pa.string()
        )
        return pa.RecordBatch.from_arrays([columns[name] for name in TOKENS.names], schema=TOKENS)


def _lists(rows: list[list[int]]) -> pa.ListArray:
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    values = np.empty(offsets[-1], np.int32)
    for start, end, row in zip(offsets[:-1], offsets[1:], rows, strict=True):
        values[start:end] = row
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def _pieces(lists: pa.ListArray) -> Iterator[memoryview]:
    """Yield the bytes of each list."""
    values, width = memoryview(lists.values.to_numpy()).cast("B"), lists.values.type.bit_width // 8
    offsets = (lists.offsets.to_numpy() * width).tolist()
    for start, end in pairwise(offsets):
        yield values[start:end]


def _digest(token_ids: memoryview, labels: memoryview, shown: tuple[Any, ...]) -> str:
    digest = hashlib.sha256(token_ids)
    digest.update(b"labels")
    digest.update(labels)
    digest.update(repr(shown).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _set_aside(batch: pa.RecordBatch, rejected: list[Rejected]) -> pa.RecordBatch:
    rows = pa.array([item.row for item in rejected], pa.int64())
    columns: dict[str, Any] = {
        name: batch[name].take(rows) for name in ("data_source", "provenance", "question_id", "question", "answer")
    }
    columns["stage"] = pa.array(["features"] * len(rejected), pa.string())
    columns["reason"] = pa.array([item.reason for item in rejected], pa.string())
    columns["detail"] = pa.array([item.detail for item in rejected], pa.string())
    return pa.RecordBatch.from_arrays([columns[name] for name in SET_ASIDE.names], schema=SET_ASIDE)
