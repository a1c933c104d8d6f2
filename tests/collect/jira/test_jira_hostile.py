"""What real and broken ticket systems send: each gives a row, a ticket set aside with its reason, or one paragraph."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from collect_support import BEGIN, TicketSite, collect, comment, issue, reasons, rows_of, when

from pipeline.errors import SourceError
from pipeline.lake import Lake

LATER = when(BEGIN + timedelta(days=30))
SURROGATE = "\ud800"


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "paragraph", "content": [{"type": "text", "text": "Press the red button."}]}
    for _ in range(depth):
        inner = {"type": "panel", "content": [inner]}
    return {"type": "doc", "content": [inner]}


def unknown_parts() -> dict[str, Any]:
    text = {"type": "text", "text": "Press it.", "marks": [None, {"type": "link"}, {"type": "new", "attrs": None}]}
    return {"type": "doc", "content": [None, {"type": "new", "content": None}, {"type": "new", "content": [text]}]}


def talk(count: int) -> list[dict[str, Any]]:
    return [comment(100 + n, f"Step {n}.", after=n / 10) for n in range(count)]


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "nested 200 deep": (issue(2, comment(20, nested(200))), "Press the red button."),
    "unknown nodes and marks": (issue(2, comment(20, unknown_parts())), "Press it."),
    "labels that are a number": (issue(2, comment(20, "Yes, do."), labels=5), "Yes, do."),
    "labels that are no list": (issue(2, comment(20, "Yes, do."), labels="abc"), "Yes, do."),
    "no reporter": (issue(2, comment(20, "Yes, do."), reporter=None), "Yes, do."),
    "half a character as the time": (issue(2, comment(20, "Yes, do."), updated="2026" + SURROGATE), "Yes, do."),
    "half a character as the key": ({**issue(2, comment(20, "Yes, do.")), "key": "H" + SURROGATE}, "Yes, do."),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_odd_tickets_keep_their_answer(tickets: TicketSite, lake: Lake, name: str) -> None:
    entry, answer = HOSTILE[name]
    body = json.dumps({"issues": [issue(1), entry], "isLast": True})
    tickets.fail("search/jql", status=200, body=body, times=9)
    assert answer in [row["answer"] for row in rows_of(lake, collect(lake, tickets.config()))]


def test_a_time_of_change_that_has_not_come_hides_no_later_change(tickets: TicketSite, lake: Lake) -> None:
    tickets.put(issue(1), issue(2, updated="9999-12-31T23:59:59.000+0000"))
    first = rows_of(lake, collect(lake, tickets.config(), "r1"))
    assert all(row["updated_at"] <= row["collected_at"] for row in first)
    soon = when(datetime.now(UTC) + timedelta(hours=1))
    tickets.put(issue(1, comment(999, "A better answer.", after=5), updated=soon))
    rows = rows_of(lake, collect(lake, tickets.config(), "r2"))
    assert {row["document_id"]: row["answer"] for row in rows}["10001"] == "A better answer."


def test_a_change_in_the_year_one_is_no_obstacle(tickets: TicketSite, lake: Lake) -> None:
    tickets.put(issue(2, updated="0001-01-01T00:00:00+00:00"))
    collect(lake, tickets.config(), "r1")
    tickets.put(issue(3))
    assert len(rows_of(lake, collect(lake, tickets.config(), "r2"))) == 2


@pytest.mark.parametrize(
    "page",
    [{"comments": talk(1)}, {"comments": talk(1), "total": 500}, {"comments": talk(1), "total": None}],
    ids=["no total", "a total too high", "total null"],
)
def test_comments_are_read_to_their_end_whatever_the_total_says(
    tickets: TicketSite, lake: Lake, page: dict[str, Any]
) -> None:
    tickets.put(issue(2, *talk(9)))
    tickets.fail("/comment", status=200, body=json.dumps(page))
    assert [row["answer"] for row in rows_of(lake, collect(lake, tickets.config()))] == ["Step 8."]


def test_the_same_page_of_comments_for_ever_ends(tickets: TicketSite, lake: Lake) -> None:
    tickets.put(issue(2, *talk(9)))
    tickets.fail("/comment", status=200, body=json.dumps({"comments": talk(2), "total": 500}), times=999)
    assert [row["answer"] for row in rows_of(lake, collect(lake, tickets.config()))] == ["Step 1."]
    assert len(tickets.asked("/comment")) == 2


@pytest.mark.parametrize("body", ['{"comments": null, "total": 9}', "[]", "<html>Log in</html>"])
def test_an_answer_without_comments_is_no_ticket_without_comments(tickets: TicketSite, lake: Lake, body: str) -> None:
    """The ticket is read again at the next run instead of being taken for one that nobody answered."""
    tickets.put(issue(1), issue(2, *talk(9)))
    tickets.fail("/comment", status=200, body=body)
    first = collect(lake, tickets.config(), "r1")
    assert (len(rows_of(lake, first)), reasons(lake, first)) == (1, ["the ticket cannot be read"])
    assert len(rows_of(lake, collect(lake, tickets.config(), "r2"))) == 2


def test_a_token_that_comes_again_after_two_pages_loses_no_ticket(tickets: TicketSite, lake: Lake) -> None:
    for number, token in ((1, "A"), (2, "B"), (3, "A")):
        body = json.dumps({"issues": [issue(number)], "nextPageToken": token})
        tickets.fail("search/jql", status=200, body=body)
    assert len(rows_of(lake, collect(lake, tickets.config()))) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"project": {"id": "2", "key": "OTHER", "name": "Other"}},
        {"status": {"name": "Open", "statusCategory": {"key": "new"}}, "resolution": None, "resolutiondate": None},
        {"comment": {"comments": [comment(200, "Not for customers.", jsdPublic=False)]}},
    ],
    ids=["moved", "reopened", "made internal"],
)
def test_a_ticket_that_is_no_answer_any_more_retires_its_row(
    tickets: TicketSite, lake: Lake, changes: dict[str, Any]
) -> None:
    tickets.put(issue(1), issue(2))
    assert len(rows_of(lake, collect(lake, tickets.config(), "r1"))) == 2
    tickets.put(issue(2, updated=LATER, **changes))
    second = collect(lake, tickets.config(), "r2")
    assert [row["document_id"] for row in rows_of(lake, second)] == ["10001"]
    assert second.facts["rows"]["retired"] == 1


@pytest.mark.parametrize("asked", ["Wed, 21 Oct 2015 07:28:00 GMT", "-5", "0.01", "nan", "Thu, 99 Foo 2026"])
def test_any_retry_after_is_waited_out(tickets: TicketSite, asked: str) -> None:
    tickets.put(issue(1))
    tickets.fail("search/jql", status=429, headers={"Retry-After": asked})
    assert len(tickets.documents()[1]) == 1
    assert all(0 <= wait <= 0.01 for wait in tickets.waits)


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "<html>Log in</html>"},
        {"body": "\x1f", "headers": {"Content-Encoding": "gzip"}},
        {"body": '{"issues":[' + "9" * 6000 + "]}"},
    ],
    ids=["a login page", "gzip cut off", "a number without end"],
)
def test_an_answer_that_is_no_search_result_is_one_paragraph(tickets: TicketSite, fault: dict[str, Any]) -> None:
    tickets.fail("search/jql", status=200, times=99, **fault)
    with pytest.raises(SourceError) as problem:
        tickets.documents()
    assert len(str(problem.value)) < 700


def test_nesting_that_no_parser_follows_is_one_paragraph(tickets: TicketSite) -> None:
    body = json.dumps({"issues": [{**issue(1), "odd": "DEEP"}]})
    deep = '{"type":"panel","content":[' * 2000 + "]}" * 2000
    tickets.fail("search/jql", status=200, body=body.replace('"DEEP"', deep), times=9)
    with pytest.raises(SourceError, match="damaged"):
        tickets.documents()
