from __future__ import annotations

import json
from typing import Any

import pytest
from collect_support import TicketSite, collect, reasons, rows_in, rows_of

from pipeline.errors import SourceError
from pipeline.lake import Lake


def ticket(number: int, **changes: Any) -> dict[str, Any]:
    given = {
        "ticket_id": f"T-{number}",
        "issue_type": "Billing",
        "question": f"How do I pay invoice {number}?",
        "response": f"Choose Pay on invoice {number}.",
        "metadata": {"created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-02T10:00:00Z", "tags": ["pay"]},
    }
    return {**given, **changes}


def serve(site: TicketSite, *pages: Any, path: str = r"^/($|\?)", headers: dict[str, str] | None = None) -> None:
    """Answer the coming requests with these pages, one each, the last one for ever."""
    site.store.faults.clear()
    for page in pages[:-1]:
        site.fail(path, status=200, body=json.dumps(page), headers=headers or {})
    site.fail(path, status=200, body=json.dumps(pages[-1]), headers=headers or {}, times=99)


def config(site: TicketSite) -> Any:
    return site.config(api="simple", base_url=site.url + "/")


def test_tickets_become_rows(tickets: TicketSite) -> None:
    serve(tickets, {"tickets": [ticket(1), ticket(2, context="By hand.")]})
    one, two = rows_in(tickets.documents(api="simple", base_url=tickets.url + "/")[1])
    assert (one.question, one.answer, one.section, one.tags) == (
        "How do I pay invoice 1?", "Choose Pay on invoice 1.", "Billing", ["pay"],
    )  # fmt: skip
    assert one.provenance == f"{tickets.url}#T-1"
    assert one.updated_at.isoformat() == "2026-01-02T10:00:00+00:00"
    assert (two.context, two.context_origin) == ("By hand.", "human")


@pytest.mark.parametrize("path", ["^/tickets", "^/api/tickets"])
def test_the_usual_places_are_found(tickets: TicketSite, path: str) -> None:
    serve(tickets, {"tickets": [ticket(1)]}, path=path)
    assert len(rows_in(tickets.documents(api="simple")[1])) == 1


def test_changes_and_losses_are_seen(tickets: TicketSite, lake: Lake) -> None:
    serve(tickets, {"tickets": [ticket(1), ticket(2), ticket(3)]})
    first = collect(lake, config(tickets), "r1")
    assert collect(lake, config(tickets), "r2").digest == first.digest
    serve(tickets, {"tickets": [ticket(3), ticket(1, response="Another answer.")]})
    third = collect(lake, config(tickets), "r3")
    assert third.facts["documents"] == {"changed": 1, "gone": 1, "unchanged": 1}
    assert {row["document_id"]: row["answer"] for row in rows_of(lake, third)} == {
        "T-1": "Another answer.",
        "T-3": "Choose Pay on invoice 3.",
    }


def test_a_site_that_says_not_modified_is_believed(tickets: TicketSite, lake: Lake) -> None:
    serve(tickets, {"tickets": [ticket(1)]}, headers={"ETag": '"v1"'})
    first = collect(lake, config(tickets), "r1")
    tickets.store.faults.clear()
    tickets.fail("^/", status=304, times=9)
    assert collect(lake, config(tickets), "r2").digest == first.digest


@pytest.mark.parametrize(
    "following", [{"next": "/?page=2"}, {"nextPageToken": "p2"}, {"next_cursor": "p2"}, {"cursor": 2}]
)
def test_pages_are_followed(tickets: TicketSite, following: dict[str, Any]) -> None:
    serve(tickets, {"tickets": [ticket(1)], **following}, {"tickets": [ticket(2)]})
    assert len(rows_in(tickets.documents(api="simple")[1])) == 2
    [(name, value)] = following.items()
    assert tickets.store.requests[-1] == (value if name == "next" else f"/?{name}={value}")


def test_repeated_pages_end_and_retire_nothing(tickets: TicketSite, lake: Lake) -> None:
    serve(tickets, {"tickets": [ticket(1), ticket(2)]})
    collect(lake, config(tickets), "r1")
    serve(tickets, {"tickets": [ticket(1)], "nextPageToken": "again"})
    second = collect(lake, config(tickets), "r2")
    assert len(rows_of(lake, second)) == 2
    assert any("repeats its pages" in warning for warning in second.warnings)


def test_a_next_page_on_another_site_is_not_asked(tickets: TicketSite) -> None:
    serve(tickets, {"tickets": [ticket(1)], "next": "http://169.254.169.254/latest/meta-data"})
    source, documents = tickets.documents(api="simple")
    assert len(documents) == 1
    assert any("another site" in warning for warning in source.warnings)
    assert source.complete is False


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (ticket(9, response=""), "no answer"),
        (ticket(9, response=None), "no answer"),
        (ticket(9, response={"x": 1}), "no answer"),
        (ticket(9, question="  "), "no question"),
        (ticket(9, status="open"), "not resolved"),
        (ticket(9, internal=True), "no public comment"),
        (ticket(9, response="Closed."), "the answer says nothing"),
        (ticket(9, ticket_id=None), "a ticket without an id"),
        (ticket(9, ticket_id=True), "a ticket without an id"),
        ("a ticket", "a ticket without an id"),
        (None, "a ticket without an id"),
        ([], "a ticket without an id"),
    ],
)
def test_unusable_tickets_are_set_aside(tickets: TicketSite, lake: Lake, entry: Any, reason: str) -> None:
    serve(tickets, {"tickets": [entry, ticket(1)]})
    manifest = collect(lake, config(tickets))
    assert reasons(lake, manifest) == [reason]
    assert manifest.counts.rows_out == 1


def test_odd_metadata_is_no_obstacle(tickets: TicketSite) -> None:
    odd = [ticket(1, metadata=None), ticket(2, metadata={"tags": "x", "updated_at": 5}), ticket(3, ticket_id=17)]
    serve(tickets, {"tickets": [*odd, ticket(4, question="half \ud83d?", metadata={"tags": [1, "a"]})]})
    assert len(rows_in(tickets.documents(api="simple")[1])) == 4


@pytest.mark.parametrize("body", ['{"items": []}', "17", '{"tickets": {}}', "<html>Log in</html>"])
def test_an_answer_without_tickets_is_one_clear_error(tickets: TicketSite, body: str) -> None:
    tickets.fail("^/", status=200, body=body, times=99)
    with pytest.raises(SourceError, match=r"no list of tickets|web page"):
        tickets.documents(api="simple")
