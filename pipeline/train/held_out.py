"""Texts that tell what held-out questions ask for: equal to one's context, or with its answer in them.

Compared are words, without case and punctuation (as duplicates are). An answer is found whole when it has at least
`SHORTEST_ANSWER` words ("30 days" stands everywhere and tells nothing), and by any of its sentences that has
`LONG_SENTENCE` or more. Texts are looked through once: memory and time grow with the words, not with the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.words import Hashes, Places, Ragged, normalised, text_hashes, words
from pipeline.prepare.sentences import sentences

CODE = ("prepare/sentences", "prepare/cleaning/segments", "prepare/deduplicate/words")
"""What else decides which texts tell something, for the stages' keys."""
SHORTEST_ANSWER = 4
LONG_SENTENCE = 10
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_LENGTH = np.uint64(0xD6E8FEB86659FD93)


class HeldOut:
    """What validation and test rows consist of, as hashes only."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Read batches with `context`, `answer` and `is_refusal`; what a refusal says is no secret."""
        contexts, heads, lengths, runs = [_NONE], [_NONE], [np.zeros(0, np.int64)], [_NONE]
        for batch in batches:
            contexts.append(text_hashes(normalised(batch.column("context").drop_null())))
            answers = batch.column("answer").filter(pc.invert(batch.column("is_refusal")))
            found = _told(answers)
            if len(found.values):
                at, size = found.starts[:-1], found.lengths()
                hashed = _Runs(found)
                heads.append(hashed.of(at, np.full(len(at), SHORTEST_ANSWER)))
                lengths.append(size)
                runs.append(hashed.of(at, size))
        self.contexts = np.unique(np.concatenate(contexts))
        self.runs = np.unique(np.concatenate(runs))
        begin, length = np.concatenate(heads), np.concatenate(lengths)
        order = np.lexsort((length, begin))
        begin, length = begin[order], length[order]
        self.heads, first = np.unique(begin, return_index=True)
        self.lengths = [np.unique(some) for some in np.split(length, first[1:])]

    def contexts_among(self, texts: pa.Array) -> np.ndarray:
        """Tell of each text whether it is the context of a held-out row."""
        return np.isin(text_hashes(normalised(texts)), self.contexts)

    def answers_in(self, texts: pa.Array) -> np.ndarray:
        """Tell of each text whether a held-out answer, or a long sentence of one, stands in it."""
        read = words(normalised(texts))
        told = np.zeros(len(texts), bool)
        ends = np.repeat(read.starts[1:], read.lengths())  # where the text of each word ends
        at = np.flatnonzero(np.arange(len(read.values)) + SHORTEST_ANSWER <= ends)
        if not len(at) or not len(self.heads):
            return told
        hashed = _Runs(read)
        begins = hashed.of(at, np.full(len(at), SHORTEST_ANSWER))
        place = np.minimum(np.searchsorted(self.heads, begins), len(self.heads) - 1)
        known = self.heads[place] == begins
        at, place = at[known], place[known]
        order = np.argsort(place, kind="stable")
        heads, first = np.unique(place[order], return_index=True)
        for head, candidates in zip(heads, np.split(at[order], first[1:]), strict=False):
            for length in self.lengths[head]:
                fits = candidates[candidates + length <= ends[candidates]]
                whole = fits[np.isin(hashed.of(fits, np.full(len(fits), length)), self.runs)]
                told[np.searchsorted(read.starts, whole, side="right") - 1] = True
        return told


_NONE: Hashes = np.zeros(0, np.uint64)


class _Runs:
    """The hashes of any runs among many words, from sums that are made once (Karp and Rabin, 1987)."""

    def __init__(self, read: Ragged) -> None:
        count = len(read.values)
        self.inverse = _powers(_INVERSE, count)
        self.sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(read.values * _powers(_BASE, count))])

    def of(self, at: Places, length: Places) -> Hashes:
        """Return the hashes of the runs that begin at `at` and have `length` words: equal for equal words."""
        made: Hashes = (self.sums[at + length] - self.sums[at]) * self.inverse[at] ^ length.astype(np.uint64) * _LENGTH
        return made


def _powers(base: np.uint64, count: int) -> Hashes:
    powers = np.full(count, base)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _told(answers: pa.Array) -> Ragged:
    """Return the words of what must not be found: whole answers and their long sentences."""
    texts: list[str] = answers.to_pylist()
    parts = [part for text in texts for part in sentences(text)]
    read = words(normalised(pa.array([*texts, *parts], pa.string())))
    length = read.lengths()
    wanted = length >= np.repeat([SHORTEST_ANSWER, LONG_SENTENCE], [len(texts), len(parts)])
    return read.take(np.flatnonzero(wanted))
