"""Jira Server and Data Center, REST API version 2: numbered paging and wiki markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pipeline.collect.jira.api import RestApi
from pipeline.collect.jira.http import Answer, RequestFailed
from pipeline.collect.jira.wiki import wiki_text

PAGE = 100
ID_PAGE = 1000


class ServerApi(RestApi):
    """`/rest/api/2/search` with `startAt`, `maxResults` and `total`."""

    version = "2"
    comment_parameters: ClassVar[Mapping[str, str | int]] = {"expand": "properties"}

    def pages(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Any]]]:
        """Count on by what a page really held: servers return fewer issues than asked for."""
        start = 0
        while True:
            parameters: dict[str, str | int] = {
                "jql": jql,
                "fields": ",".join(fields),
                "maxResults": ID_PAGE if fields == ("id",) else PAGE,
                "startAt": start,
            }
            answer = self._client.get(f"/rest/api/{self.version}/search", parameters)
            issues = answer.data.get("issues") if isinstance(answer.data, dict) else None
            if not isinstance(issues, list):
                raise RequestFailed(200, "its answer holds no list of issues", answer.metadata["url"])
            yield answer, issues
            start += len(issues)
            total = answer.data.get("total")
            if not issues or (isinstance(total, int) and start >= total):
                return

    @staticmethod
    def text(rich: object) -> str:
        """Return the text of wiki markup."""
        return wiki_text(rich)
