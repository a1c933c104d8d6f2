"""An issue's comments: out of the search's answer where it holds them all, else page by page or by the service desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import quote

from pipeline.collect.jira.http import Answer, JsonClient, RequestFailed
from pipeline.collect.jira.redaction import is_public
from pipeline.collect.jira.ticket import EARLIEST, Comment, moment
from pipeline.collect.jira.wiki import wiki_text

COMMENT_PAGE = 100
MAX_COMMENT_PAGES = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """How comments are read: the API's version, its rich text, what to ask for, and whom to believe."""

    version: str
    text: Callable[[object], str]
    parameters: Mapping[str, str | int]
    service_desk: bool
    unmarked_public: bool


class Comments:
    """Reads comments; what it gets is given to `land` before it is read."""

    def __init__(self, client: JsonClient, land: Callable[[str, Answer], None], reading: Reading) -> None:
        """Assume that there is a service desk until it says otherwise."""
        self._client = client
        self._land = land
        self._reading = reading
        self._desk_answers = True

    def of(self, issue_id: str, key: str, embedded: object) -> list[Comment]:
        """Return an issue's comments; `embedded` is what the search gave of them, which may be a part or nothing.

        Raises RequestFailed when they refuse to be read.
        """
        if self._reading.service_desk:
            return list(self._from_desk(key))
        given = embedded.get("comments") if isinstance(embedded, dict) else None
        if isinstance(embedded, dict) and isinstance(given, list) and self._is_enough(embedded, given):
            raw = given
        else:
            raw = list(self._paged(issue_id))
        comments = [self._comment(item) for item in raw if isinstance(item, dict)]
        if any(comment.public is None for comment in comments) and self._desk_answers:
            return self._asked_desk(key, comments)
        return comments

    def _is_enough(self, embedded: Mapping[str, Any], given: list[Any]) -> bool:
        """Tell whether the search gave every comment, each with its mark of visibility as far as this API has one.

        Server's search leaves the marks out; its pages of comments hold them.
        """
        marked = not self._reading.parameters or all(is_public(c) is not None for c in given if isinstance(c, dict))
        total = embedded.get("total")
        return (not _is_count(total) or total <= len(given)) and marked

    def _paged(self, issue_id: str) -> Iterator[Any]:
        """Read page after page until the total is reached, or, where none is given, until one holds nothing new."""
        path = f"/rest/api/{self._reading.version}/issue/{in_path(issue_id)}/comment"
        start = 0
        seen: set[str] = set()
        for _ in range(MAX_COMMENT_PAGES):
            parameters = {"startAt": start, "maxResults": COMMENT_PAGE, **self._reading.parameters}
            answer = self._client.get(path, parameters)
            self._land(f"comments/{issue_id}-{start}.json", answer)
            page = answer.data.get("comments") if isinstance(answer.data, dict) else None
            if not isinstance(page, list):
                raise RequestFailed(200, "its answer holds no list of comments", answer.metadata["url"])
            fresh = [item for item in page if not _was_seen(item, seen)]
            seen.update(str(item["id"]) for item in fresh if isinstance(item, dict) and item.get("id"))
            yield from fresh
            start += len(page)
            total = answer.data.get("total")
            if not fresh or (_is_count(total) and start >= total):
                return

    def _comment(self, raw: dict[str, Any]) -> Comment:
        author = raw.get("author")
        kind = author.get("accountType") if isinstance(author, dict) else None
        name = person(author)
        return Comment(
            comment_id=str(raw.get("id") or ""),
            author=name,
            is_agent=bool(name) and kind not in ("app", "customer"),
            created=moment(raw.get("created")) or EARLIEST,
            public=is_public(raw, unmarked_public=self._reading.unmarked_public),
            text=self._reading.text(raw.get("body")),
        )

    def _asked_desk(self, key: str, comments: list[Comment]) -> list[Comment]:
        """Ask the service desk which of the comments of unknown visibility are public, if there is a service desk."""
        try:
            public = {comment.comment_id for comment in self._from_desk(key)}
        except RequestFailed as failure:
            if failure.status in (401, 403, 404):
                self._desk_answers = False
                return comments
            raise
        return [
            Comment(c.comment_id, c.author, c.is_agent, c.created, True, c.text)
            if c.public is None and c.comment_id in public
            else c
            for c in comments
        ]

    def _from_desk(self, key: str) -> Iterator[Comment]:
        path = f"/rest/servicedeskapi/request/{in_path(key)}/comment"
        start = 0
        for _ in range(MAX_COMMENT_PAGES):
            parameters: dict[str, str | int] = {
                "public": "true",
                "internal": "false",
                "start": start,
                "limit": COMMENT_PAGE,
            }
            answer = self._client.get(path, parameters)
            page = answer.data.get("values") if isinstance(answer.data, dict) else None
            if not isinstance(page, list):
                raise RequestFailed(200, "its answer holds no list of comments", answer.metadata["url"])
            if not page:
                return
            self._land(f"comments/{key}-{start}.json", answer)
            for raw in page:
                if isinstance(raw, dict) and raw.get("public") is True:
                    yield self._desk_comment(raw)
            start += len(page)
            if answer.data.get("isLastPage") is not False:
                return

    def _desk_comment(self, raw: dict[str, Any]) -> Comment:
        author, created = raw.get("author"), raw.get("created")
        kind = author.get("accountType") if isinstance(author, dict) else None
        name = person(author)
        written = created.get("iso8601") if isinstance(created, dict) else created
        return Comment(
            comment_id=str(raw.get("id") or ""),
            author=name,
            is_agent=bool(name) and kind not in ("app", "customer"),
            created=moment(written) or EARLIEST,
            public=True,
            text=wiki_text(raw.get("body")),
        )


def person(value: object) -> str:
    """Return what identifies a user: the account id of Cloud, the key or name of Server."""
    if not isinstance(value, dict):
        return ""
    return next((str(value[name]) for name in ("accountId", "key", "name", "emailAddress") if value.get(name)), "")


def in_path(name: str) -> str:
    """Return an id or key as a part of a path, even with lone surrogates, which JSON can spell but no address."""
    return quote(name, safe="-", errors="replace")


def _was_seen(item: object, seen: set[str]) -> bool:
    return isinstance(item, dict) and bool(item.get("id")) and str(item["id"]) in seen


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
