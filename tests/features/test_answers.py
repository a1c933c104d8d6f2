from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipeline.features.answers import Target, fit

END = 0


def words(texts: Sequence[str]) -> list[list[int]]:
    """A tokenizer of words, each closed by the end token."""
    return [[*(1 + sum(map(ord, word)) % 1000 for word in text.split()), END] for text in texts]


def cut(answer: str, limit: int) -> Target:
    return fit(answer, words([answer])[0], limit, words)


def test_an_answer_that_fits_is_untouched() -> None:
    assert cut("It is in the folder.", 6) == Target(words(["It is in the folder."])[0], cut=False)


def test_a_long_answer_ends_with_the_last_sentence_that_fits() -> None:
    assert cut("One two. Three four! Five six seven eight.", 6).ids == words(["One two. Three four!"])[0]


def test_version_numbers_are_not_sentence_ends() -> None:
    answer = "Use version 3.11 or newer of it. Then restart the whole service again."
    assert cut(answer, 9).ids == words(["Use version 3.11 or newer of it."])[0]


def test_lines_of_a_list_are_ends_too() -> None:
    assert cut("First run this\nThen run that and wait for it", 5).ids == words(["First run this"])[0]


def test_without_a_sentence_that_fits_there_is_no_end_token() -> None:
    target = cut("a sentence that goes on and on and on", 4)
    assert target.cut
    assert len(target.ids) == 4
    assert target.ids[-1] != END


@given(st.text(alphabet="ab .!\n", max_size=200), st.integers(2, 20))
def test_the_limit_holds(answer: str, limit: int) -> None:
    target = cut(answer, limit)
    assert len(target.ids) <= limit
    assert target.cut == (len(words([answer])[0]) > limit)
