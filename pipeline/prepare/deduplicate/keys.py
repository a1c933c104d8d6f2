"""The keys of a row under which its duplicates would stand too: worked out once a row, in the executors."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.minhash import Bands, band_hashes, bands_for
from pipeline.prepare.deduplicate.signs import signs
from pipeline.prepare.deduplicate.words import Ragged, composed, shingles, text_hashes, words, words_only

PAIR_WIDTH = 3
QUESTION_WIDTH = 2
LONG_ANSWER_WORDS = 8
"""Shorter answers ("Yes.") are the same without being about the same."""


KIND_BITS = 2
TOLD_CUT = Bands(6, 2)
TOLD = tuple(f"told_{number}" for number in range(TOLD_CUT.bands))
"""The columns of a cleaned dataset under one of which answers meet that are nearly the same."""


class Kind(IntEnum):
    """Why rows meet under a key; its last `KIND_BITS`."""

    NEAR = 1
    QUESTION = 2
    ANSWER = 3


def cuts(threshold: float) -> tuple[Bands, Bands]:
    """Return how the signatures of pairs and of questions are cut."""
    return bands_for(threshold, recall=0.995, hashes=128), bands_for(threshold, recall=0.98, hashes=80)


def most_keys(threshold: float) -> int:
    """Return how many keys a row can have: one for each band, and one for its answer."""
    return sum(cut.bands for cut in cuts(threshold)) + 1


class Forms(NamedTuple):
    """Questions and answers in the form in which they are compared."""

    questions: pa.Array
    answers: pa.Array
    signs: pa.Array
    """The signs of question and answer that carry meaning, which the forms have lost."""


def forms(questions: pa.Array, answers: pa.Array) -> Forms:
    """Normalise questions and answers."""
    asked, answered = composed(questions), composed(answers)
    both = pc.binary_join_element_wise(signs(asked), signs(answered), "\x1f")
    return Forms(words_only(asked), words_only(answered), both)


def same_keys(found: Forms, usable: np.ndarray) -> pa.Array:
    """Return the key that only rows with the same question and answer share, but for case and punctuation, or 0.

    Punctuation is what carries no meaning: see `signs`.
    """
    separated = pc.binary_join_element_wise(found.questions, found.answers, found.signs, "\x1f")
    return pa.array(np.where(usable, text_hashes(separated) | np.uint64(1), np.uint64(0)).view(np.int64))


def answer_keys(found: Forms, usable: np.ndarray) -> pa.Array:
    """Return the key that only rows with the same answer share, but for case and punctuation, or 0."""
    return pa.array(np.where(usable, text_hashes(found.answers) | np.uint64(1), np.uint64(0)).view(np.int64))


class Sets(NamedTuple):
    """The shingles by which rows are compared: of question with answer, and of the question; and the answers' words."""

    whole: Ragged
    asked: Ragged
    told: Ragged

    @classmethod
    def of(cls, found: Forms) -> Sets:
        """Return those of normalised texts."""
        asked, told = words(found.questions), words(found.answers)
        return cls(shingles(asked.followed_by(told), PAIR_WIDTH), shingles(asked, QUESTION_WIDTH), told)


def told_keys(sets: Sets, usable: np.ndarray) -> dict[str, pa.Array]:
    """Return the columns of `TOLD`: keys that answers with nearly the same words share, or 0."""
    bands = band_hashes(shingles(sets.told, 1), TOLD_CUT, 3)
    made = np.where(usable[:, None], bands, np.uint64(0)).view(np.int64)
    return {name: pa.array(made[:, number]) for number, name in enumerate(TOLD)}


def keys(found: Forms, sets: Sets, usable: np.ndarray, threshold: float) -> pa.Array:
    """Return the list of keys of each row under which it meets similar rows; rows that are not usable get none."""
    pair_cut, question_cut = cuts(threshold)
    long_enough = (sets.told.lengths() >= LONG_ANSWER_WORDS) & usable
    columns = [
        (_kind(band_hashes(sets.whole, pair_cut, 1), Kind.NEAR), usable),
        (_kind(band_hashes(sets.asked, question_cut, 2), Kind.QUESTION), usable),
        (_kind(text_hashes(found.answers)[:, None], Kind.ANSWER), long_enough),
    ]
    present = np.concatenate(
        [np.repeat(mask[:, None], part.shape[1], 1) & (part >> np.uint64(KIND_BITS) > 0) for part, mask in columns],
        axis=1,
    )
    values = np.concatenate([part for part, _ in columns], axis=1)
    starts = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), pa.array(values[present].view(np.int64)))


def _kind(hashes: np.ndarray, kind: Kind) -> np.ndarray:
    return (hashes & ~np.uint64((1 << KIND_BITS) - 1)) | np.uint64(kind)
