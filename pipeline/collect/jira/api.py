"""The contract of a ticket API and what every variant of Jira's own REST API shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from pipeline.collect.jira.http import Answer, JsonClient, RequestFailed
from pipeline.collect.jira.redaction import is_public, public_only
from pipeline.collect.jira.ticket import EARLIEST, Comment, Ticket, moment
from pipeline.collect.jira.wiki import wiki_text
from pipeline.collect.source import Landing
from pipeline.errors import SourceError
from pipeline.log import get_logger

log = get_logger(__name__)
FIELDS = (
    "summary",
    "description",
    "status",
    "resolution",
    "resolutiondate",
    "reporter",
    "created",
    "updated",
    "issuetype",
    "labels",
    "comment",
)
COMMENT_PAGE = 100
MAX_COMMENT_PAGES = 100
STALE_PAGES = 3
"""This many pages in a row without a ticket that was not seen before mean that the server goes round in circles."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An issue as the search gives it."""

    issue_id: str
    raw: dict[str, Any]

    @property
    def updated(self) -> str:
        """Return when it was last changed, in the server's words."""
        return str(fields_of(self.raw).get("updated") or "")


class Endless(Exception):
    """The server repeats itself instead of coming to an end; what it gave until then is sound, but not all."""


class RestApi(ABC):
    """Jira's REST API. Subclasses say how a version pages, and in which form it writes rich text."""

    version: ClassVar[str]
    comment_parameters: ClassVar[Mapping[str, str | int]] = {}

    def __init__(
        self, client: JsonClient, landing: Landing, *, service_desk: bool = False, unmarked_public: bool = False
    ) -> None:
        """Talk through a client and land what it gets."""
        self._client = client
        self._landing = landing
        self._service_desk = service_desk
        self._unmarked_public = unmarked_public
        self._desk_answers = True
        self._landed = 0

    @abstractmethod
    def pages(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Any]]]:
        """Yield the pages of a search; raises Endless when they do not end, RequestFailed, SourceError."""

    @staticmethod
    @abstractmethod
    def text(rich: object) -> str:
        """Return the text of a description or comment."""

    def search(self, jql: str) -> Iterator[Listed]:
        """Yield every issue that matches, with the fields of a ticket; the raw pages are landed."""
        for answer, issues in self._guarded(jql, FIELDS):
            self._land(f"search-{self._next():05d}.json", answer)
            yield from issues

    def ids(self, jql: str) -> Iterator[str]:
        """Yield the id of every issue that matches, at the lowest cost the API offers."""
        for _, issues in self._guarded(jql, ("id",)):
            yield from (issue.issue_id for issue in issues)

    def _guarded(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Listed]]]:
        seen: set[str] = set()
        stale = 0
        for answer, raw in self.pages(jql, fields):
            issues = [Listed(str(item["id"]), item) for item in raw if isinstance(item, dict) and item.get("id")]
            fresh = [issue for issue in issues if issue.issue_id not in seen]
            seen.update(issue.issue_id for issue in fresh)
            stale = 0 if fresh else stale + 1
            if stale >= STALE_PAGES:
                raise Endless(f"{stale} pages in a row held nothing new")
            yield answer, list({issue.issue_id: issue for issue in fresh}.values())

    def time_zone(self) -> str | None:
        """Return the time zone in which this user's JQL is read, or None when the site does not say."""
        try:
            answer = self._client.get(f"/rest/api/{self.version}/myself")
        except RequestFailed as failure:
            if failure.status == 401:
                raise
            return None
        return str(answer.data.get("timeZone") or "") or None if isinstance(answer.data, dict) else None

    def ticket(self, listed: Listed) -> Ticket:
        """Return an issue with all its public comments; raises RequestFailed when this issue refuses to be read."""
        raw, fields = listed.raw, fields_of(listed.raw)
        key = _name(raw.get("key")) or listed.issue_id
        status = fields.get("status")
        category = status.get("statusCategory") if isinstance(status, dict) else None
        kind = fields.get("issuetype")
        return Ticket(
            ticket_id=listed.issue_id,
            key=key,
            url=f"{self._client.base_url}/browse/{quote(key, safe='-')}",
            summary=_name(fields.get("summary")),
            description=self.text(fields.get("description")),
            status_category=_name(category, "key", "name"),
            resolution=_name(fields.get("resolution"), "name"),
            reporter=person(fields.get("reporter")),
            created=moment(fields.get("created")),
            updated=moment(fields.get("updated")),
            resolved=moment(fields.get("resolutiondate")),
            issue_type=_name(kind, "name"),
            labels=[label for label in fields.get("labels") or [] if isinstance(label, str)],
            comments=self._comments(listed, key, fields),
        )

    def _comments(self, listed: Listed, key: str, fields: Mapping[str, Any]) -> list[Comment]:
        if self._service_desk:
            return list(self._desk_comments(key))
        embedded = fields.get("comment")
        given = embedded.get("comments") if isinstance(embedded, dict) else None
        if isinstance(embedded, dict) and isinstance(given, list) and _count(embedded.get("total")) <= len(given):
            raw = given
        else:
            raw = list(self._paged_comments(listed.issue_id))
        comments = [self._comment(item) for item in raw if isinstance(item, dict)]
        if any(comment.public is None for comment in comments) and self._desk_answers:
            return self._asked_desk(key, comments)
        return comments

    def _paged_comments(self, issue_id: str) -> Iterator[Any]:
        path = f"/rest/api/{self.version}/issue/{quote(issue_id, safe='')}/comment"
        start = 0
        for _ in range(MAX_COMMENT_PAGES):
            parameters = {"startAt": start, "maxResults": COMMENT_PAGE, **self.comment_parameters}
            answer = self._client.get(path, parameters)
            self._land(f"comments/{issue_id}-{start}.json", answer)
            page = answer.data.get("comments") if isinstance(answer.data, dict) else None
            if not isinstance(page, list) or not page:
                return
            yield from page
            start += len(page)
            if start >= _count(answer.data.get("total")):
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
            public=is_public(raw, unmarked_public=self._unmarked_public),
            text=self.text(raw.get("body")),
        )

    def _asked_desk(self, key: str, comments: list[Comment]) -> list[Comment]:
        """Ask the service desk which of the comments of unknown visibility are public, if there is a service desk."""
        try:
            public = {comment.comment_id for comment in self._desk_comments(key)}
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

    def _desk_comments(self, key: str) -> Iterator[Comment]:
        path = f"/rest/servicedeskapi/request/{quote(key, safe='')}/comment"
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
            if not isinstance(page, list) or not page:
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

    def _next(self) -> int:
        self._landed += 1
        return self._landed

    def _land(self, name: str, answer: Answer) -> None:
        """Keep an answer as it came, but for internal comments: those do not leave the ticket system, not even raw."""
        body, removed = public_only(answer.data, answer.body, unmarked_public=self._unmarked_public)
        note = {"internal_comments_removed": removed} if removed else {}
        self._landing.land(name, body, {**answer.metadata, **note})


def fields_of(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an issue's fields, whatever is there instead of them."""
    fields = raw.get("fields")
    return fields if isinstance(fields, dict) else {}


def person(value: object) -> str:
    """Return what identifies a user: the account id of Cloud, the key or name of Server."""
    if not isinstance(value, dict):
        return ""
    return next((str(value[name]) for name in ("accountId", "key", "name", "emailAddress") if value.get(name)), "")


def _name(value: object, *names: str) -> str:
    if isinstance(value, dict):
        return next((str(value[name]) for name in names if isinstance(value.get(name), str) and value[name]), "")
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def explained(failure: RequestFailed, api: str) -> SourceError:
    """Turn a refusal into an error that says what to do about it."""
    remedies: dict[int, str] = {
        400: "Check the JQL; Jira Cloud also refuses unbounded queries: name a project or a time",
        401: "Check JIRA_EMAIL and JIRA_API_TOKEN (Cloud), JIRA_PAT (Server) or the Airflow connection",
        403: "This user may not search; Jira also answers so after failed logins, until somebody logs in by hand",
        404: "Check base_url; Jira Server needs api = server, Jira Cloud api = cloud",
        410: "Jira Cloud has removed this search; use api = cloud",
        429: "The site limits our rate; run again later or ask its administrator for a higher limit",
    }
    remedy = remedies.get(failure.status, "Check base_url and that the site is up, then run again")
    if 300 <= failure.status < 400:
        remedy = "Set base_url to the address it redirects to, if that is the same site; credentials are not sent on"
    what = (
        f"The ticket system refused ({failure})" if failure.status else f"The ticket system fails ({failure.message})"
    )
    return SourceError(what, where=failure.url, remedy=remedy)
