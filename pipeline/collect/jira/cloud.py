"""Jira Cloud, REST API version 3: token paging and Atlassian Document Format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.collect.jira.adf import adf_text
from pipeline.collect.jira.api import RestApi, Unfinished
from pipeline.collect.jira.http import Answer
from pipeline.collect.jira.refusal import RequestFailed

PAGE = 100
ID_PAGE = 5000
"""Cloud returns up to this many issues a page when only ids are asked for."""


class CloudApi(RestApi):
    """`/rest/api/3/search/jql`; the search that it replaced answers 410."""

    version = "3"

    def pages(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Any]]]:
        """Follow `nextPageToken` until it is absent or null or `isLast` says so; a token that comes again is a loop."""
        token: str | None = None
        used: set[str] = set()
        while True:
            parameters: dict[str, str | int] = {
                "jql": jql,
                "fields": ",".join(fields),
                "maxResults": ID_PAGE if fields == ("id",) else PAGE,
            }
            if token:
                parameters["nextPageToken"] = token
            answer = self._client.get(f"/rest/api/{self.version}/search/jql", parameters)
            issues = answer.data.get("issues") if isinstance(answer.data, dict) else None
            if not isinstance(issues, list):
                raise RequestFailed(200, "its answer holds no list of issues", answer.metadata["url"])
            yield answer, issues
            following = answer.data.get("nextPageToken")
            if not following or answer.data.get("isLast") is True:
                return
            token = str(following)
            if token in used:
                raise Unfinished("the ticket system repeats itself: a page token came a second time")
            used.add(token)

    @staticmethod
    def text(rich: object) -> str:
        """Return the text of Atlassian Document Format."""
        return adf_text(rich)
