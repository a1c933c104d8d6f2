from __future__ import annotations

from collections.abc import Sequence

import pytest
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


def test_items_of_a_list_are_ends_too() -> None:
    assert cut("- First run this\n- Then run that and wait for it", 6).ids == words(["- First run this"])[0]


def test_lines_of_one_sentence_are_no_ends() -> None:
    assert cut("One two. Three four\nFive six and seven. Eight", 7).ids == words(["One two."])[0]


@pytest.mark.parametrize("mark", ["2.", "a.", "2)", "(2)", "-", "1.2.", "ii.", "Step 2.", "## Two", "Choose one:"])
def test_nothing_ends_behind_a_mark_without_its_item(mark: str) -> None:
    answer = f"Open your account.\n{mark}\nChoose the page of security and read all of it."
    assert cut(answer, 8).ids == words(["Open your account."])[0]


def test_the_number_of_the_next_item_is_left_out() -> None:
    answer = "1. Open your account.\n2. Choose Security and then the second tab. Go."
    assert cut(answer, 8).ids == words(["1. Open your account."])[0]


def test_abbreviations_are_not_sentence_ends() -> None:
    assert cut("It reads mail. All servers do, e.g. IMAP ones do it too.", 9).ids == words(["It reads mail."])[0]


@pytest.mark.parametrize("indent", ["", "   ", "      "])
@pytest.mark.parametrize("closing", ["```\nThen wait.", "and no end of it"])
def test_nothing_ends_inside_code(indent: str, closing: str) -> None:
    code = "\n".join(indent + line for line in ("```sh", "make it.", "", "make all of this now.", *closing.split("\n")))
    assert cut(f"Stop it first. Then run\n\n{code}", 11).ids == words(["Stop it first."])[0]


def test_code_that_fits_whole_is_an_end() -> None:
    answer = "Run this:\n\n```\nmake it. Now.\n```\n\nThen wait for as long as it takes."
    assert cut(answer, 9).ids == words(["Run this:\n\n```\nmake it. Now.\n```"])[0]


@pytest.mark.parametrize(
    ("answer", "taught"),
    [
        ("Open the settings\nClick on Network\nChoose your router\nEnter it", "Open the settings\nClick on Network"),
        ("restart the router. then wait. after that call somebody.", "restart the router. then wait."),
    ],
    ids=["plain lines", "no capitals"],
)
def test_where_no_sentence_ends_lines_and_full_stops_do(answer: str, taught: str) -> None:
    assert cut(answer, 8).ids == words([taught])[0]


def test_without_a_sentence_that_fits_there_is_no_end_token() -> None:
    target = cut("a sentence that goes on and on and on", 4)
    assert target.cut
    assert len(target.ids) == 4
    assert target.ids[-1] != END


@given(st.text(alphabet="ab .!\n`-1:", max_size=200), st.integers(2, 20))
def test_the_limit_holds(answer: str, limit: int) -> None:
    target = cut(answer, limit)
    assert len(target.ids) <= limit
    assert target.cut == (len(words([answer])[0]) > limit)
