"""Judging candidate pairs by their texts: duplicates, related rows, or neither."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.keys import LONG_ANSWER_WORDS, PAIR_WIDTH, QUESTION_WIDTH, forms
from pipeline.prepare.deduplicate.words import Ragged, shingles, words

LEAST_QUESTION = 0.6
"""Jaccard similarity of the questions' words below which two rows ask different things, however alike they answer."""
# What changes what an answer says though it is one word: numbers with what hangs on them, and negations.
_FACTS = re.compile(
    r"[^\W\d_]*\d(?:[\w.,:]*\w)?|\b(?:not|no|never|cannot|can't|don't|doesn't|isn't|aren't|won't|without|nicht|kein|keine|ohne|"
    r"ne|pas|jamais|sans|nunca|sin|non|mai|senza|não|nie|niet|geen|zonder|не|нет)\b"
)
Flags = npt.NDArray[np.bool_]


class Verdict(NamedTuple):
    """For each pair: whether one row is a copy of the other, and whether they must be in the same split."""

    duplicate: Flags
    related: Flags
    similarity: npt.NDArray[np.float64]


class Texts(NamedTuple):
    """Questions and answers, one for each side of the pairs."""

    questions: pa.Array
    answers: pa.Array


def judge(left: Texts, right: Texts, threshold: float) -> Verdict:
    """Compare pairs of rows.

    A duplicate says the same in the same words, but for case and punctuation, or has a Jaccard similarity of at least
    `threshold` over question with answer and over the answer, asks nearly the same, and differs in no number or
    negation. Related are also rows whose questions are that similar or whose long answers are the same.
    """
    one, other = forms(*left), forms(*right)
    pair = _similarity(one.joined(), other.joined(), PAIR_WIDTH)
    answer = _similarity(one.answers, other.answers, PAIR_WIDTH)
    question = _similarity(one.questions, other.questions, 1)
    asked_alike = _similarity(one.questions, other.questions, QUESTION_WIDTH)
    same_question = _equal(one.questions, other.questions)
    same_answer = _equal(one.answers, other.answers)
    exact = same_question & same_answer
    same_facts = _equal_facts(left.questions, right.questions) & _equal_facts(left.answers, right.answers)
    near = (pair >= threshold) & (answer >= threshold) & (question >= LEAST_QUESTION) & same_facts
    long_answer = words(one.answers).lengths() >= LONG_ANSWER_WORDS
    related = exact | (pair >= threshold) | (asked_alike >= threshold) | same_question | (same_answer & long_answer)
    return Verdict(exact | near, related, pair)


def _equal(left: pa.Array, right: pa.Array) -> Flags:
    return np.asarray(pc.equal(left, right).to_numpy(zero_copy_only=False), bool)


def _equal_facts(left: pa.Array, right: pa.Array) -> Flags:
    return np.array(
        [
            sorted(_FACTS.findall(one.lower())) == sorted(_FACTS.findall(other.lower()))
            for one, other in zip(left.to_pylist(), right.to_pylist(), strict=True)
        ],
        bool,
    )


def _similarity(left: pa.Array, right: pa.Array, width: int) -> npt.NDArray[np.float64]:
    """Return the exact Jaccard similarity of each pair's sets of shingles; two empty texts have none."""
    one, other = shingles(words(left), width), shingles(words(right), width)
    return jaccard(one, other)


def jaccard(left: Ragged, right: Ragged) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of set n of `left` with set n of `right`."""
    sizes = left.lengths(), right.lengths()
    place = np.concatenate([np.repeat(np.arange(len(size)), size) for size in sizes])
    values = np.concatenate([left.values, right.values])
    order = np.lexsort((values, place))
    place, values = place[order], values[order]
    shared = (place[1:] == place[:-1]) & (values[1:] == values[:-1])
    common = np.bincount(place[1:][shared], minlength=len(sizes[0]))
    union = sizes[0] + sizes[1] - common
    return np.asarray(np.divide(common, union, out=np.zeros(len(union)), where=union > 0))
