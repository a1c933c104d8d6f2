"""An issue's comments: out of the search's answer where it holds them all, else page by page or by the service desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from pipeline.collect.jira.desk import COMMENT_PAGE, MAX_COMMENT_PAGES, ServiceDesk
from pipeline.collect.jira.http import Answer, JsonClient
from pipeline.collect.jira.paths import in_path
from pipeline.collect.jira.redaction import is_public
from pipeline.collect.jira.refusal import RequestFailed
from pipeline.collect.jira.ticket import EARLIEST, Comment, moment
from pipeline.collect.jira.wiki import wiki_text


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
        """Read nothing yet."""
        self._client = client
        self._land = land
        self._reading = reading
        self._desk = ServiceDesk(client, land)

    def of(self, issue_id: str, key: str, embedded: object) -> list[Comment]:
        """Return an issue's comments; `embedded` is what the search gave of them, which may be a part or nothing.

        Raises RequestFailed when they refuse to be read.
        """
        if self._reading.service_desk:
            return self._of_desk(issue_id, key, embedded)
        given = embedded.get("comments") if isinstance(embedded, dict) else None
        if isinstance(embedded, dict) and isinstance(given, list) and self._is_enough(embedded, given):
            raw = given
        else:
            raw = list(self._paged(issue_id))
        comments = [self._comment(item) for item in raw if isinstance(item, dict)]
        if any(comment.public is None for comment in comments):
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
        return Comment(
            comment_id=_id(raw),
            author=person(author),
            is_agent=_is_agent(author),
            created=moment(raw.get("created")) or EARLIEST,
            public=is_public(raw, unmarked_public=self._reading.unmarked_public),
            text=self._reading.text(raw.get("body")),
        )

    def _asked_desk(self, key: str, comments: list[Comment]) -> list[Comment]:
        """Ask the service desk which of the comments of unknown visibility are public, if there is a service desk."""
        public = self._desk.public_ids(key)
        return [replace(c, public=True) if c.public is None and c.comment_id in public else c for c in comments]

    def _of_desk(self, issue_id: str, key: str, embedded: object) -> list[Comment]:
        """Return the comments that the service desk gives, by the authors that the issue gives.

        The service desk does not say what kind of account an author has: a customer who takes part in a request would
        pass for one of us. An author whom the issue does not name is therefore no agent. Server's issues do not say it
        either: there the service desk is asked who takes part.
        """
        raw = list(self._desk.public(key))
        given = embedded.get("comments") if isinstance(embedded, dict) else None
        authors = _authors(given if isinstance(given, list) else [])
        if any(_id(item) not in authors for item in raw):
            try:
                authors |= _authors(list(self._paged(issue_id)))
            except RequestFailed as failure:
                if failure.status not in (403, 404):
                    raise
        told = any(isinstance(author, dict) and author.get("accountType") for author in authors.values())
        customers = set() if told else {person(customer) for customer in self._desk.participants(key)}
        return [self._desk_comment(item, authors.get(_id(item)), customers) for item in raw]

    def _desk_comment(self, raw: dict[str, Any], author: object, customers: set[str]) -> Comment:
        created = raw.get("created")
        return Comment(
            comment_id=_id(raw),
            author=person(author) or person(raw.get("author")),
            is_agent=_is_agent(author) and person(author) not in customers,
            created=moment(created.get("iso8601") if isinstance(created, dict) else created) or EARLIEST,
            public=True,
            text=wiki_text(raw.get("body")),
        )


def person(value: object) -> str:
    """Return what identifies a user: the account id of Cloud, the key or name of Server."""
    if not isinstance(value, dict):
        return ""
    return next((str(value[name]) for name in ("accountId", "key", "name", "emailAddress") if value.get(name)), "")


def _is_agent(author: object) -> bool:
    """Tell whether somebody may be one of us: a person, and no customer, as far as the site tells them apart."""
    kind = author.get("accountType") if isinstance(author, dict) else None
    return bool(person(author)) and kind not in ("app", "customer")


def _id(comment: dict[str, Any]) -> str:
    return str(comment.get("id") or "")


def _authors(comments: list[Any]) -> dict[str, object]:
    return {_id(comment): comment.get("author") for comment in comments if isinstance(comment, dict)}


def _was_seen(item: object, seen: set[str]) -> bool:
    return isinstance(item, dict) and bool(item.get("id")) and str(item["id"]) in seen


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
