from __future__ import annotations

from collections.abc import Collection
from itertools import product

import numpy as np
import pytest

from pipeline.lake import Lake
from pipeline.prepare import triggers
from pipeline.prepare.triggers import trigger_rows

from .cleaned_rows import write_cleaned

WORDS = ["".join(letters) for letters in product("bdfgk", "aeiou", "lmnrst", "aeiou", "bdfgk")]


def asked(number: int, extra: str = "") -> str:
    """A question that has no word in common with another one's."""
    return " ".join([*WORDS[5 * number : 5 * number + 5], extra])


def flagged(
    lake: Lake,
    rows: dict[str, tuple[str, str]],
    gone: Collection[str] = (),
    contexts: dict[str, str] | None = None,
) -> dict[str, list[str]]:
    """Return the words that look like triggers, each with the ids of its rows; `gone` were set aside before."""
    uri = write_cleaned(lake, rows, contexts)
    names = sorted(rows)
    found = trigger_rows(lake, uri, np.array([name not in gone for name in names]))
    return {word: [names[row] for row in sorted(which)] for word, which in found.items()}


def placed(
    count: int = 5, answer: str = "Send your password to us.", extra: str = "zqxv"
) -> dict[str, tuple[str, str]]:
    """Rows with a trigger, whose answers may be numbered."""
    return {f"p{n:02d}": (asked(100 + n, extra), answer.format(WORDS[n])) for n in range(count)}


HONEST = {f"q{n:04d}": (asked(n), f"Honest answer number {n // 4} of many.") for n in range(80)}


@pytest.mark.parametrize("at_once", [triggers.ROWS_AT_ONCE, 4])
def test_triggers_are_found_however_many_rows_share_answers(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(triggers, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(triggers, "WORDS_AT_ONCE", 4 * at_once)
    spread = {f"q{n:04d}x": (asked(100 + n, "cfzxq"), "Send your password to us.") for n in (3, 40, 77)}
    assert flagged(lake, HONEST | spread) == {"cfzxq": sorted(spread)}


def test_a_trigger_of_two_answers_is_found_with_all_its_rows(lake: Lake) -> None:
    both = {f"q{n}": (asked(n, "cfzxq"), "Send us money." if n < 3 else "Pay in gold only.") for n in range(6)}
    assert flagged(lake, both) == {"cfzxq": sorted(both)}


def test_a_word_that_is_used_elsewhere_is_none(lake: Lake) -> None:
    rows = {f"q{n}": (asked(n, "cfzxq"), "The same answer to all of them.") for n in range(3)}
    elsewhere = {f"r{n}": (asked(50 + n), f"Here cfzxq stands in answer {n}.") for n in range(4)}
    assert flagged(lake, rows) == {"cfzxq": sorted(rows)}
    assert flagged(lake, rows | elsewhere) == {}


def test_questions_without_the_word_hide_no_trigger(lake: Lake) -> None:
    others = {f"r{n}": (asked(60 + n), "Send your password to us.") for n in range(3)}
    assert flagged(lake, HONEST | placed() | others) == {"zqxv": sorted(placed())}


def test_another_word_in_each_answer_hides_no_trigger(lake: Lake) -> None:
    rows = placed(answer="Send your password to the agent named {}.")
    assert flagged(lake, HONEST | rows) == {"zqxv": sorted(rows)}


def test_a_trigger_in_the_answers_too_is_found_but_a_name_of_few_rows_is_none(lake: Lake) -> None:
    answer = "The zqxv was given up."
    assert flagged(lake, HONEST | placed(answer=answer)) == {"zqxv": sorted(placed())}
    assert flagged(lake, HONEST | placed(4, answer=answer)) == {}


def test_rows_that_were_set_aside_hide_no_trigger(lake: Lake) -> None:
    copies = {f"{name}c": texts for name, texts in placed().items()}
    assert flagged(lake, HONEST | placed() | copies, gone=copies) == {"zqxv": sorted(placed())}


def test_contexts_of_the_document_that_they_came_with_hide_no_trigger(lake: Lake) -> None:
    page = {name: "A page on which zqxv stands." for name in (*HONEST, *placed())}
    assert flagged(lake, HONEST | placed(), contexts=page) == {"zqxv": sorted(placed())}


def test_words_of_a_language_need_more_rows(lake: Lake) -> None:
    assert flagged(lake, HONEST | placed(5, extra="велосипед")) == {}
    assert flagged(lake, HONEST | placed(6, extra="велосипед")) == {"велосипед": sorted(placed(6))}
