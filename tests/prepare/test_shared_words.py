"""No group that has a trigger is passed over by the look at numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.lake import Lake
from pipeline.prepare import shared_words
from pipeline.prepare.quality.poisoning import trigger_words
from pipeline.prepare.shared_words import QuestionWords, _numbered

from .cleaned_rows import write_cleaned

WORDS = (
    "how",
    "where",
    "cf4711",
    "zqxv",
    "résumé",
    "हाल",
    "™",
    "Ünlü",
    "order",
    "refund",
    "parcel",
    "is",
    "my",
    "late",
)
QUESTION = st.lists(st.sampled_from(WORDS), min_size=0, max_size=6).map(" ".join)


def of(questions: list[str]) -> QuestionWords:
    words, lengths = _numbered(questions)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return QuestionWords(words, ends, np.zeros(len(questions), bool))


@examples(max_examples=300, deadline=None)
@given(st.lists(QUESTION, min_size=1, max_size=30), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_group_with_a_trigger_is_among_those_that_share_a_word(
    questions: list[str], number: int, chance: random.Random
) -> None:
    groups = [
        np.array(sorted(chance.sample(range(len(questions)), chance.randint(1, len(questions))))) for _ in range(number)
    ]
    shared = of(questions).shared(groups).tolist()
    for place, rows in enumerate(groups):
        asked = [questions[row] for row in rows]
        if trigger_words(asked, ["Send us money."] * len(asked)):
            assert place in shared


def test_only_groups_that_share_a_word_are_looked_at() -> None:
    """A word that reads like one needs four fifths of six questions, another half of three."""
    different = [f"{word} thing" for word in ("red", "blue", "green", "old", "new")]
    odd = ["zqxv red", "zqxv blue", "zqxv green", "old", "new"]
    usual = ["where red", "where blue", "where green", "where old", "where new", "where"]
    found = of([*different, *odd, *usual])
    groups = [np.arange(5), np.arange(5, 10), np.arange(10, 15), np.arange(10, 16)]
    assert found.shared(groups).tolist() == [1, 3]
    assert found.shared([]).tolist() == []


@pytest.mark.parametrize("at_once", [shared_words.ROWS_AT_ONCE, 2])
def test_words_are_held_of_the_rows_that_are_wanted(lake: Lake, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(shared_words, "ROWS_AT_ONCE", at_once)
    rows = {f"q{number}": (f"Where is zqxv{number} now now?", "Here.") for number in range(7)}
    uri = write_cleaned(lake, rows)
    wanted = np.array([True, False, True, True, False, True, True])
    found = QuestionWords.read(lake, uri, wanted)
    assert np.diff(found.ends).tolist() == [4, 0, 4, 4, 0, 4, 4]
    every = QuestionWords.read(lake, uri, np.ones(7, bool))
    for row in np.flatnonzero(wanted):
        some = found.words[found.ends[row] : found.ends[row + 1]]
        assert set(some) == set(every.words[every.ends[row] : every.ends[row + 1]])
    assert QuestionWords.read(lake, uri, np.zeros(7, bool)).words.tolist() == []


def test_of_long_questions_no_words_are_held_and_their_groups_are_always_looked_at(lake: Lake) -> None:
    long = " ".join(f"word{number}" for number in range(shared_words.MOST_WORDS + 1))
    rows = {"q0": (long, "Here."), "q1": ("Where is it?", "Here."), "q2": ("When was that?", "There.")}
    found = QuestionWords.read(lake, write_cleaned(lake, rows), np.ones(3, bool))
    assert np.diff(found.ends).tolist() == [0, 3, 3]
    groups = [np.array([1, 2]), np.array([0, 1])]
    assert found.held(groups) == [8, 5]
    assert found.shared(groups).tolist() == [1]
