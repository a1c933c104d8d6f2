"""Judging candidate pairs by their texts: duplicates, related rows, or neither."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.agreement import told
from pipeline.prepare.deduplicate.keys import LONG_ANSWER_WORDS, PAIR_WIDTH, QUESTION_WIDTH
from pipeline.prepare.deduplicate.signs import signs
from pipeline.prepare.deduplicate.words import Places, Ragged, composed, normalised, shingles, words

LEAST_QUESTION = 0.6
"""Jaccard similarity of the questions' words below which two rows ask different things, however alike they answer."""
Flags = npt.NDArray[np.bool_]


class Verdict(NamedTuple):
    """For each pair: whether one row is a copy of the other, whether they must be in the same split, and whether they
    would be copies if their answers did not differ in a number, a negation, a sign or another small word that decides.
    """

    duplicate: Flags
    related: Flags
    contradicting: Flags
    similarity: npt.NDArray[np.float64]


class Texts(NamedTuple):
    """Questions and answers, one for each side of the pairs."""

    questions: pa.Array
    answers: pa.Array


def judge(left: Texts, right: Texts, threshold: float) -> Verdict:
    """Compare pairs of rows.

    A duplicate says the same in the same words, but for case and punctuation, or has a Jaccard similarity of at least
    `threshold` over question with answer and over the answer and asks nearly the same. It never differs in a number, a
    negation or what else one word or sign decides (see `agreement`). Related are also rows whose questions are that
    similar or whose long answers are the same.
    """
    asked, answered = _Pairs.of(left.questions, right.questions), _Pairs.of(left.answers, right.answers)
    questions, answers = words(asked.forms), words(answered.forms)
    pair = _joined_similarity(asked, answered)
    answer = answered.similarity(shingles(answers, PAIR_WIDTH))
    question = asked.similarity(shingles(questions, 1))
    asked_alike = asked.similarity(shingles(questions, QUESTION_WIDTH))
    same_question, same_answer = asked.same(), answered.same()
    exact = same_question & same_answer
    exact &= asked.same_signs(exact) & answered.same_signs(exact)
    near = (pair >= threshold) & (answer >= threshold) & (question >= LEAST_QUESTION)
    near &= asked.same_facts(near)
    agreeing = answered.same_facts(near)
    long_answer = answers.lengths()[answered.left] >= LONG_ANSWER_WORDS
    related = exact | (pair >= threshold) | (asked_alike >= threshold) | same_question | (same_answer & long_answer)
    return Verdict(exact | (near & agreeing), related, near & ~agreeing & ~exact, pair)


class _Pairs(NamedTuple):
    """Pairs of texts by their places among the different ones, so that what many pairs share is worked out once."""

    texts: pa.Array
    forms: pa.Array
    left: Places
    right: Places

    @classmethod
    def of(cls, left: pa.Array, right: pa.Array) -> _Pairs:
        encoded = pc.fill_null(pa.concat_arrays([left, right]), "").dictionary_encode()
        places = encoded.indices.to_numpy().astype(np.int64)
        return cls(encoded.dictionary, normalised(encoded.dictionary), places[: len(left)], places[len(left) :])

    def similarity(self, sets: Ragged) -> npt.NDArray[np.float64]:
        """Return the exact Jaccard similarity of each pair from the sets of the different texts."""
        return of_pairs(sets, self.left, self.right)

    def same(self) -> Flags:
        """Tell which pairs have one form."""
        forms = self.forms.dictionary_encode().indices.to_numpy()
        return np.asarray(forms[self.left] == forms[self.right], bool)

    def same_signs(self, asked_for: Flags) -> Flags:
        """Tell which pairs agree in the signs that carry meaning; those that nobody asks for count as agreeing."""
        needed = np.unique(np.concatenate([self.left[asked_for], self.right[asked_for]]))
        found = signs(composed(self.texts.take(pa.array(needed)))).dictionary_encode().indices.to_numpy()
        agreeing = np.ones(len(self.left), bool)
        one, other = (found[np.searchsorted(needed, side[asked_for])] for side in (self.left, self.right))
        agreeing[asked_for] = one == other
        return agreeing

    def same_facts(self, asked_for: Flags) -> Flags:
        """Tell which pairs agree in what changes the meaning; those that nobody asks for count as agreeing."""
        needed = np.unique(np.concatenate([self.left[asked_for], self.right[asked_for]]))
        facts = dict(zip(needed.tolist(), told(self.texts.take(pa.array(needed))), strict=True))
        agreeing = np.ones(len(self.left), bool)
        for pair in np.flatnonzero(asked_for):
            agreeing[pair] = facts[int(self.left[pair])].agrees(facts[int(self.right[pair])])
        return agreeing


def _joined_similarity(asked: _Pairs, answered: _Pairs) -> npt.NDArray[np.float64]:
    """Return the similarity of each pair's questions with answers."""
    width = max(1, len(answered.forms))
    rows, places = np.unique(
        np.concatenate([asked.left * width + answered.left, asked.right * width + answered.right]), return_inverse=True
    )
    questions, answers = asked.forms.take(pa.array(rows // width)), answered.forms.take(pa.array(rows % width))
    sets = shingles(words(pc.binary_join_element_wise(questions, answers, " ")), PAIR_WIDTH)
    half = len(asked.left)
    return of_pairs(sets, places[:half], places[half:])


def of_pairs(sets: Ragged, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of each pair of sets, which are named by their places."""
    numbered = Ragged(np.unique(sets.values, return_inverse=True)[1].astype(np.uint64), sets.starts)
    return jaccard(numbered.take(left), numbered.take(right))


def jaccard(left: Ragged, right: Ragged) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of set n of `left` with set n of `right`; values below 2^32 are compared faster."""
    sizes = left.lengths(), right.lengths()
    place = np.concatenate([np.repeat(np.arange(len(size)), size) for size in sizes])
    values = np.concatenate([left.values, right.values])
    if len(sizes[0]) < 1 << 32 and not (values >> np.uint64(32)).any():
        # one sort of single numbers instead of one that carries an order along
        keys = np.sort((place.astype(np.uint64) << np.uint64(32)) | values)
        twice = (keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64)
    else:
        order = np.lexsort((values, place))
        place, values = place[order], values[order]
        twice = place[1:][(place[1:] == place[:-1]) & (values[1:] == values[:-1])]
    common = np.bincount(twice, minlength=len(sizes[0]))
    union = sizes[0] + sizes[1] - common
    return np.asarray(np.divide(common, union, out=np.zeros(len(union)), where=union > 0))
