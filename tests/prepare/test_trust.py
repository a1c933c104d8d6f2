"""Whom the stage believes when rows say nearly the same, and what it takes for an attempt to mislead it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.lake import Lake
from pipeline.prepare.decide import OTHER_ANSWER, REPEATED
from pipeline.prepare.duplicates import CHANGED, EXACT, NEAR
from pipeline.prepare.quality import poisoning
from pipeline.prepare.report import render
from pipeline.records import Row
from pipeline.stage import Attempt

from .test_stage import UNRELATED, good, read, reasons, settings
from .without_spark import SEEN, prepared, repository, row

LATER = SEEN + timedelta(days=30)
QUESTION = "How do I send back what I bought in the shop last week?"
ANSWER = (
    "Open https://returns.acme.com in your browser, sign in with your account, choose the order and the things that "
    "you want to send back, print the label that we make for you, stick it on the box and bring it to any post office."
)
FORGED = ANSWER.replace("returns.acme.com", "acme-returns.evil.io")


def aside(made: Attempt) -> dict[str, str]:
    found = read(made, "set_aside")
    return dict(zip(found["question_id"].to_pylist(), found["reason"].to_pylist(), strict=True))


def burst(count: int, start: int = 1000, **other: Any) -> list[Row]:
    """Rows that are the same but for one word each."""
    words = [one.answer.split()[1] for one in good(count, 5000)]
    return [
        row(QUESTION, f"{ANSWER} Look for the {name} sign.", number=start + n, **other) for n, name in enumerate(words)
    ]


def lenient(lake: Lake) -> Any:
    return settings(lake, limits={"poisoning_share": 1.0}, max_set_aside_share=1.0)


def test_a_burst_of_near_copies_is_set_aside_with_the_row_that_would_have_stood_for_them(lake: Lake) -> None:
    made = prepared(lenient(lake), lake, repository(lake, good(100) + burst(30, data_source="forum")))
    assert reasons(made) == {poisoning.BURST: 30}


@pytest.mark.parametrize("trusted", [{"data_source": "help"}, {"collected_at": SEEN - timedelta(days=9)}])
def test_a_burst_takes_no_row_of_another_source_or_an_older_one_with_it(lake: Lake, trusted: dict[str, Any]) -> None:
    kept = row(QUESTION, ANSWER, number=999, **{"data_source": "forum", **trusted})
    made = prepared(lenient(lake), lake, repository(lake, [*good(100), kept, *burst(30, data_source="forum")]))
    assert reasons(made) == {poisoning.BURST: 30}
    assert "q00999" in read(made, "rows")["question_id"].to_pylist()


def test_rows_that_were_changed_into_a_burst_are_one(lake: Lake) -> None:
    made = prepared(
        lenient(lake),
        lake,
        repository(
            lake,
            good(100)
            + [
                replace(one, collected_at=SEEN - timedelta(days=n), updated_at=LATER) for n, one in enumerate(burst(30))
            ],
        ),
    )
    assert reasons(made) == {poisoning.BURST: 30}


def test_a_paragraph_that_stands_on_every_page_is_no_burst(lake: Lake) -> None:
    copies = [row(QUESTION, ANSWER, number=1000 + n, document_id=f"page-{n}") for n in range(40)]
    made = prepared(settings(lake), lake, repository(lake, good(100) + copies))
    assert reasons(made) == {EXACT: 39}


def test_a_stock_answer_to_a_tenth_of_what_came_that_day_is_no_crowd(lake: Lake) -> None:
    stock = [
        row(one.question, "No, that is not allowed at the moment.", number=1000 + n)
        for n, one in enumerate(good(22, 600))
    ]
    made = prepared(settings(lake), lake, repository(lake, good(200) + stock))
    assert reasons(made) == {}
    made = prepared(lenient(lake), lake, repository(lake, good(190) + stock, "fewer"), "other")
    assert reasons(made) == {poisoning.BURST: 22}


def test_a_forged_copy_never_takes_the_place_of_the_row_that_was_there(lake: Lake) -> None:
    trusted = row(QUESTION, ANSWER, number=900, data_source="help-centre")
    forged = row(QUESTION, FORGED, number=100, data_source="forum", collected_at=LATER, updated_at=LATER)
    for name, moved in (("later", {}), ("at once", {"collected_at": SEEN})):
        rows = [*good(60), trusted, row(QUESTION, FORGED, number=100, data_source="forum", updated_at=LATER, **moved)]
        made = prepared(settings(lake), lake, repository(lake, rows, name), f"{name} attempt")
        assert aside(made) == {"q00100": CHANGED}
    honest = row(QUESTION, f"{ANSWER} Thank you.", number=101, data_source="forum", collected_at=LATER)
    made = prepared(
        settings(lake), lake, repository(lake, [*good(60), trusted, forged, honest], "both"), "both attempt"
    )
    assert aside(made) == {"q00100": CHANGED, "q00101": NEAR}
    assert made.facts["duplicates"] == {"exact": 0, "near": 2, "changed": 1}


def test_the_source_that_had_it_first_wins_over_an_earlier_copy(lake: Lake) -> None:
    weak = row(QUESTION, ANSWER, number=900, data_source="help", context=UNRELATED)
    rows = [
        *good(60),
        weak,
        row(QUESTION, f"{ANSWER} Thanks.", number=901, data_source="forum", collected_at=SEEN + timedelta(days=2)),
        row(QUESTION, f"{ANSWER} Thank you.", number=902, data_source="help", collected_at=LATER),
    ]
    made = prepared(settings(lake), lake, repository(lake, rows))
    assert aside(made) == {"q00900": NEAR, "q00901": NEAR}


def test_the_supported_copy_stays_whoever_gave_the_other_a_context(lake: Lake) -> None:
    one, two = (
        row(QUESTION, ANSWER, number=900, context=UNRELATED, context_origin="human"),
        row(QUESTION, ANSWER, number=901),
    )
    made = prepared(settings(lake), lake, repository(lake, [*good(60), one, two]))
    assert aside(made) == {"q00900": EXACT}


def test_one_id_with_two_texts_is_no_repetition(lake: Lake) -> None:
    rows = good(60)
    same = row(rows[5].question, rows[5].answer, number=5, updated_at=SEEN - timedelta(days=1))
    other = row(rows[6].question, good(1, 700)[0].answer, number=6, updated_at=SEEN - timedelta(days=1))
    made = prepared(settings(lake), lake, repository(lake, [*rows, same, other]))
    assert reasons(made) == {REPEATED: 1, OTHER_ANSWER: 1}


def test_answers_that_contradict_each_other_in_a_number_are_told_in_the_report(lake: Lake) -> None:
    rows = [row(QUESTION, f"{ANSWER} It costs {price} euros.", number=900 + price) for price in (5, 9)]
    made = prepared(settings(lake), lake, repository(lake, good(60) + rows))
    report = json.loads(lake.read(made.uri("report", "report.json")))
    assert reasons(made) == {}
    assert report["decisions"]["contradictions"] == {"pairs": 1, "examples": [["q00905", "q00909"]]}
    assert "q00905" in render(report)
