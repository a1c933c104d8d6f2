"""Who is asking: Jira Cloud answers a search by a stranger with no issues, and with no error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from collect_support import BEGIN, TicketSite, collect, issue, rows_in, rows_of

from pipeline.collect.source import SourceState
from pipeline.errors import SourceError
from pipeline.lake import Lake

USER = ("bot@example.com", "right")


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[TicketSite]:
    """A site that shows its tickets to one user only, who is asking."""
    monkeypatch.setenv("JIRA_EMAIL", USER[0])
    monkeypatch.setenv("JIRA_API_TOKEN", USER[1])
    site = TicketSite(credentials=USER)
    site.put(*(issue(n) for n in range(1, 4)))
    yield site
    site.close()


def test_an_expired_token_retires_nothing(closed: TicketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    state = SourceState(now=BEGIN + timedelta(days=30))
    assert len(rows_in(closed.documents(state)[1])) == 3
    state.now += timedelta(days=8)  # every ticket is due to be read again
    monkeypatch.setenv("JIRA_API_TOKEN", "expired")
    with pytest.raises(SourceError, match="401") as problem:
        closed.documents(state)
    assert "JIRA_API_TOKEN" in str(problem.value)


@pytest.mark.parametrize("api", ["cloud", "server"])
def test_a_token_that_expires_during_the_run_ends_it(closed: TicketSite, api: str) -> None:
    expired = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    closed.fail("/search", status=200, body=json.dumps({"issues": []}), headers=expired, times=9)
    with pytest.raises(SourceError, match="does not accept the credentials"):
        closed.documents(api=api)


def test_a_site_that_is_open_to_everybody_is_asked_again_and_again(tickets: TicketSite, lake: Lake) -> None:
    tickets.put(issue(1), issue(2))
    first = collect(lake, tickets.config(), "r1")
    assert len(rows_of(lake, first)) == 2
    tickets.put(issue(3))
    assert len(rows_of(lake, collect(lake, tickets.config(), "r2"))) == 3
