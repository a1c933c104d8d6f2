"""Which groups of questions have a word in common often enough to be looked at: counted over numbers, in bulk.

Each question is read and cut into words once, however many groups it is in, and a word is 32 bits from then on. Words
that share a number only make a group be looked at for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.words import text_hashes
from pipeline.prepare.quality.poisoning import could_be_trigger, reads_like_a_word, words_of
from pipeline.prepare.rows_at import scan

ROWS_AT_ONCE = 20_000
MOST_WORDS = 200
"""Different words up to which those of a question are held, so that however many are long, memory is bounded."""
_READS = np.uint32(1)
"""The bit of a word's number that says whether it reads like a word."""


@dataclass(frozen=True)
class QuestionWords:
    """The numbers of the words of some rows' questions; those of row n are `words[ends[n]:ends[n + 1]]`.

    Questions of more than `MOST_WORDS` words are `long` instead, and their groups are always looked at.
    """

    words: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]
    long: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, lake: Lake, uri: str, wanted: npt.NDArray[np.bool_]) -> Self:
        """Read the questions of the wanted rows of a cleaned dataset; other rows have no words."""
        lengths = np.zeros(len(wanted), np.int64)
        if not wanted.any():
            return cls(np.zeros(0, np.uint32), np.zeros(len(wanted) + 1, np.int64), lengths > 0)
        found = [np.zeros(0, np.uint32)]
        for start, batch in scan(lake, uri, ["question"]):
            for at in range(0, batch.num_rows, ROWS_AT_ONCE):
                some = at + np.flatnonzero(wanted[start + at : start + min(at + ROWS_AT_ONCE, batch.num_rows)])
                numbers, lengths[start + some] = _numbered(batch["question"].take(pa.array(some)).to_pylist())
                found.append(numbers)
        held = np.where(lengths > MOST_WORDS, 0, lengths)
        return cls(np.concatenate(found), np.concatenate([[0], np.cumsum(held)]), lengths > MOST_WORDS)

    def held(self, groups: Sequence[Rows]) -> list[int]:
        """Return how many words and rows of each group are held."""
        lengths = np.diff(self.ends)
        return [int(lengths[rows].sum()) + len(rows) for rows in groups]

    def shared(self, groups: Sequence[Rows]) -> npt.NDArray[np.int64]:
        """Return the places of the groups in which a word stands so often that it could be a trigger."""
        sizes = np.array([len(rows) for rows in groups], np.int64)
        rows = np.concatenate([*groups, np.zeros(0, np.int64)])
        starts, lengths = self.ends[rows], self.ends[rows + 1] - self.ends[rows]
        before = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
        home = np.repeat(np.arange(len(groups)), sizes)
        pairs, counts = np.unique(
            np.repeat(home, lengths).astype(np.uint64) << np.uint64(32) | self.words[places].astype(np.uint64),
            return_counts=True,
        )
        group = (pairs >> np.uint64(32)).astype(np.int64)
        reads = (pairs & np.uint64(_READS)).astype(bool)
        worth = np.zeros(len(groups), bool)
        worth[group[could_be_trigger(counts, sizes[group], reads)]] = True
        worth[home[self.long[rows]]] = True
        return np.flatnonzero(worth)


def _numbered(questions: Sequence[str]) -> tuple[npt.NDArray[np.uint32], list[int]]:
    """Return the numbers of the words of all questions, each once in a question, and how many each question has.

    Those of questions of more than `MOST_WORDS` are left out.
    """
    found: list[str] = []
    lengths = []
    for question in questions:
        words = words_of(question)
        lengths.append(len(words))
        if len(words) <= MOST_WORDS:
            found += words
    encoded = pa.array(found, pa.string()).dictionary_encode()
    reads = np.array([reads_like_a_word(word) for word in encoded.dictionary.to_pylist()], bool)
    numbers = (text_hashes(encoded.dictionary).astype(np.uint32) & ~_READS) | reads
    return numbers[encoded.indices.to_numpy()].astype(np.uint32), lengths
