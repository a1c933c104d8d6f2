"""Jira Server and Data Center, REST API version 2: numbered paging and wiki markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pipeline.collect.jira.api import RestApi, Unfinished
from pipeline.collect.jira.http import Answer
from pipeline.collect.jira.refusal import RequestFailed
from pipeline.collect.jira.wiki import wiki_text

PAGE = 100
ID_PAGE = 1000
MAX_BACK = 20
"""A listing that had to go back more often than this is changing faster than it can be read."""


class ServerApi(RestApi):
    """`/rest/api/2/search` with `startAt`, `maxResults` and `total`."""

    version = "2"
    order = "key ASC"
    """Numbered pages in the order of change would skip an issue whenever one that was read changes again."""
    comment_parameters: ClassVar[Mapping[str, str | int]] = {"expand": "properties"}

    def pages(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Any]]]:
        """Count on by what a page really held, less one: each page begins with an issue that was seen before.

        Where it does not, issues before it have gone and later ones moved up, unread, into their places: such a page
        is not taken, and the listing goes back to where it meets what it knows.
        """
        size = ID_PAGE if fields == ("id",) else PAGE
        seen: set[str] = set()
        start = shared = back = 0
        least: int | None = None
        while True:
            answer, issues = self._page(jql, fields, start, size)
            ids = [str(issue["id"]) if isinstance(issue, dict) and issue.get("id") else "" for issue in issues]
            if start and shared and not (ids and (ids[0] in seen or not ids[0])):
                back += 1
                if back > MAX_BACK:
                    raise Unfinished("the list of tickets went on changing while it was read")
                start = max(0, start - size)
                continue
            fresh = set(ids) - seen
            seen |= fresh
            yield answer, issues
            total = answer.data.get("total")
            if isinstance(total, int):
                least = total if least is None else min(least, total)
            end = start + len(issues)
            if not issues or (end >= total if isinstance(total, int) else not fresh):
                break
            shared = int(len(issues) > 1)
            start = end - shared
        # A ticket that came in while the list was read stands before what was read: the next run asks for it.
        if least is not None and len(seen) < least:
            raise Unfinished(
                f"the search counts {least} tickets but gave {len(seen)} (if that happens at every run, its "
                "administrator should rebuild its search index)"
            )

    def _page(self, jql: str, fields: tuple[str, ...], start: int, size: int) -> tuple[Answer, list[Any]]:
        parameters: dict[str, str | int] = {
            "jql": jql,
            "fields": ",".join(fields),
            "maxResults": size,
            "startAt": start,
        }
        answer = self._client.get(f"/rest/api/{self.version}/search", parameters)
        issues = answer.data.get("issues") if isinstance(answer.data, dict) else None
        if not isinstance(issues, list):
            raise RequestFailed(200, "its answer holds no list of issues", answer.metadata["url"])
        return answer, issues

    @staticmethod
    def text(rich: object) -> str:
        """Return the text of wiki markup."""
        return wiki_text(rich)
