"""The service desk's view of a ticket: its public comments, and which projects have a service desk at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.collect.jira.http import Answer, JsonClient
from pipeline.collect.jira.paths import in_path
from pipeline.collect.jira.refusal import RequestFailed

COMMENT_PAGE = 100
MAX_COMMENT_PAGES = 100
MAX_REFUSALS = 3
"""A project whose first tickets are refused so often has no service desk, or none for this user."""

OPT_IN = {"X-ExperimentalApi": "opt-in"}
"""Older servers tell who takes part only to those who know that this may change."""


class ServiceDesk:
    """Reads public comments; what it gets is given to `land` before it is read."""

    def __init__(self, client: JsonClient, land: Callable[[str, Answer], None]) -> None:
        """Assume that every project has a service desk until it says otherwise."""
        self._client = client
        self._land = land
        self._refusals: Counter[str] = Counter()
        self._answering: set[str] = set()

    def public_ids(self, key: str) -> set[str]:
        """Return the ids of a ticket's public comments; none where there is no service desk, or not for this user.

        A refusal speaks for its ticket, not for the site: a ticket that came in by another way than the portal is
        unknown to its own service desk.
        """
        project = key.rpartition("-")[0]
        if self._refusals[project] >= MAX_REFUSALS and project not in self._answering:
            return set()
        try:
            found = {str(raw.get("id") or "") for raw in self.public(key)}
        except RequestFailed as failure:
            if failure.status not in (401, 403, 404):
                raise
            self._refusals[project] += 1
            return set()
        self._answering.add(project)
        return found

    def public(self, key: str) -> Iterator[dict[str, Any]]:
        """Yield a ticket's public comments as they come; raises RequestFailed when they refuse to be read."""
        for start, answer, page in self._pages(key, "comment", {"public": "true", "internal": "false"}):
            self._land(f"comments/{key}-{start}.json", answer)
            yield from (raw for raw in page if isinstance(raw, dict) and raw.get("public") is True)

    def participants(self, key: str) -> list[Any]:
        """Return the customers who take part in a request besides its reporter; none where that is not told.

        They are read to tell whose comments are answers, and not landed.
        """
        try:
            return [person for _, _, page in self._pages(key, "participant", {}) for person in page]
        except RequestFailed as failure:
            if failure.status not in (401, 403, 404):
                raise
            return []

    def _pages(self, key: str, what: str, more: Mapping[str, str | int]) -> Iterator[tuple[int, Answer, list[Any]]]:
        """Yield where each page begins, its answer and what it holds, as long as there is something."""
        path = f"/rest/servicedeskapi/request/{in_path(key)}/{what}"
        start = 0
        for _ in range(MAX_COMMENT_PAGES):
            parameters: dict[str, str | int] = {**more, "start": start, "limit": COMMENT_PAGE}
            answer = self._client.get(path, parameters, OPT_IN)
            page = answer.data.get("values") if isinstance(answer.data, dict) else None
            if not isinstance(page, list):
                raise RequestFailed(200, f"its answer holds no list of {what}s", answer.metadata["url"])
            if not page:
                return
            yield start, answer, page
            start += len(page)
            if answer.data.get("isLastPage") is not False:
                return
