"""Server's numbered pages, while the list that they number changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from collect_support import BEGIN, TicketSite, issue, when

from pipeline.collect.jira import server
from pipeline.collect.source import SourceState
from pipeline.local.jira_store import Fault, TicketStore

Change = Callable[[TicketStore], None]
LATER = BEGIN + timedelta(days=20)


def drop(*numbers: int) -> Change:
    def change(store: TicketStore) -> None:
        for number in numbers:
            store.issues.pop(str(10_000 + number), None)

    return change


def touch(number: int) -> Change:
    return lambda store: store.issues.update({str(10_000 + number): issue(number, updated=when(LATER))})


def add(number: int) -> Change:
    return lambda store: store.issues.update({str(10_000 + number): issue(number, updated=when(LATER))})


@pytest.fixture
def before_page(monkeypatch: pytest.MonkeyPatch) -> dict[int, Change]:
    """What happens on the site before its n-th page is read; the pages hold three issues."""
    monkeypatch.setattr(server, "PAGE", 3)
    monkeypatch.setattr(server, "ID_PAGE", 3)
    changes: dict[int, Change] = {}
    honest = TicketStore.fault_for

    def fault_for(store: TicketStore, target: str) -> Fault | None:
        found = honest(store, target)
        number = sum("/search" in asked for asked in store.requests)
        if "/search" in target and number in changes:
            changes[number](store)
        return found

    monkeypatch.setattr(TicketStore, "fault_for", fault_for)
    return changes


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ({2: touch(1)}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({2: drop(1)}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({2: drop(1, 2, 3)}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({4: drop(1, 2, 3, 4, 5, 6)}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({3: drop(2), 5: drop(8)}, [1, 2, 3, 4, 5, 6, 7]),
        ({2: add(0)}, [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
    ids=["changed", "gone", "a page gone", "the end moved before the next page", "gone twice", "one came in before"],
)
def test_no_ticket_is_skipped_while_others_change_or_go(
    tickets: TicketSite, before_page: dict[int, Change], changes: dict[int, Change], listed: list[int]
) -> None:
    tickets.put(*(issue(n) for n in range(1, 9)))
    before_page.update(changes)
    source, documents = tickets.documents(api="server")
    assert sorted(int(document.document_id) - 10_000 for document in documents) == listed
    assert (source.complete, source.warnings[1:]) == (True, [])


def test_a_list_that_moves_faster_than_it_is_read_retires_nothing(
    tickets: TicketSite, before_page: dict[int, Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_BACK", 1)
    tickets.put(*(issue(n) for n in range(1, 9)))
    before_page.update({2: drop(1), 4: drop(2)})
    state = SourceState(checkpoint={"updated": when(BEGIN)}, now=LATER)
    source, _ = tickets.documents(state, api="server")
    assert source.complete is False
    assert state.checkpoint == {"updated": when(BEGIN)}


def test_a_search_that_gives_less_than_it_counts_retires_nothing(tickets: TicketSite) -> None:
    tickets.put(*(issue(n) for n in range(1, 9)))
    page = {"issues": list(tickets.store.issues.values()), "total": 9}
    tickets.fail("/rest/api/2/search", status=200, body=json.dumps(page), times=9)
    source, documents = tickets.documents(api="server")
    assert (len(documents), source.complete) == (8, False)
    assert any("counts 9 tickets but gave 8" in warning for warning in source.warnings)
