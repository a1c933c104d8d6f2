"""The contract of a ticket API and what every variant of Jira's own REST API shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.collect.jira.comments import Comments, Reading, person
from pipeline.collect.jira.http import Answer, JsonClient
from pipeline.collect.jira.paths import in_path
from pipeline.collect.jira.redaction import public_only
from pipeline.collect.jira.refusal import RequestFailed
from pipeline.collect.jira.ticket import Ticket, moment
from pipeline.collect.source import Landing
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
        return str(fields_of(self.raw).get("updated") or "").encode("utf-8", "replace").decode()


class Unfinished(Exception):
    """A listing that came to no sound end, with why, as a clause; what it gave until then is sound, but not all."""


class RestApi(ABC):
    """Jira's REST API. Subclasses say how a version pages, and in which form it writes rich text."""

    version: ClassVar[str]
    order: ClassVar[str] = "updated ASC"
    """In which order issues are listed: one in which a change while the pages are read hides no other issue."""
    comment_parameters: ClassVar[Mapping[str, str | int]] = {}

    def __init__(
        self, client: JsonClient, landing: Landing, *, service_desk: bool = False, unmarked_public: bool = False
    ) -> None:
        """Talk through a client and land what it gets."""
        self._client = client
        self._landing = landing
        self._unmarked_public = unmarked_public
        # Where marks are to be asked for, as on Server, the search gives none: an unmarked comment may be internal.
        self._search_is_believed = unmarked_public and not self.comment_parameters
        self._landed = 0
        reading = Reading(self.version, self.text, self.comment_parameters, service_desk, unmarked_public)
        self._comments = Comments(client, self._land, reading)

    @abstractmethod
    def pages(self, jql: str, fields: tuple[str, ...]) -> Iterator[tuple[Answer, list[Any]]]:
        """Yield the pages of a search; raises Unfinished, RequestFailed, SourceError."""

    @staticmethod
    @abstractmethod
    def text(rich: object) -> str:
        """Return the text of a description or comment."""

    def search(self, jql: str) -> Iterator[Listed]:
        """Yield every issue that matches, with the fields of a ticket; the raw pages are landed."""
        for answer, issues in self._guarded(jql, FIELDS):
            self._land_as(f"search-{self._next():05d}.json", answer, unmarked_public=self._search_is_believed)
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
                raise Unfinished(f"the ticket system repeats itself: {stale} pages in a row held nothing new")
            yield answer, list({issue.issue_id: issue for issue in fresh}.values())

    def time_zone(self) -> str | None:
        """Return the time zone in which this user's JQL is read, or None when the site does not say.

        This is also how wrong credentials are found out: Cloud's search answers them with no issues and no error.
        Raises RequestFailed 401 for them; who sends none is a stranger, to whom an open site shows its issues.
        """
        try:
            answer = self._client.get(f"/rest/api/{self.version}/myself")
        except RequestFailed as failure:
            if failure.status == 401 and self._client.named:
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
            url=f"{self._client.base_url}/browse/{in_path(key)}",
            summary=_name(fields.get("summary")),
            description=self.text(fields.get("description")),
            status_category=_name(category, "key", "name"),
            resolution=_name(fields.get("resolution"), "name"),
            reporter=person(fields.get("reporter")),
            created=moment(fields.get("created")),
            updated=moment(fields.get("updated")),
            resolved=moment(fields.get("resolutiondate")),
            issue_type=_name(kind, "name"),
            labels=[label for label in _listed(fields.get("labels")) if isinstance(label, str)],
            comments=self._comments.of(listed.issue_id, key, fields.get("comment")),
        )

    def _next(self) -> int:
        self._landed += 1
        return self._landed

    def _land(self, name: str, answer: Answer) -> None:
        self._land_as(name, answer, unmarked_public=self._unmarked_public)

    def _land_as(self, name: str, answer: Answer, *, unmarked_public: bool) -> None:
        """Keep an answer as it came, but for internal comments: those do not leave the ticket system, not even raw."""
        try:
            body, removed = public_only(answer.data, answer.body, unmarked_public=unmarked_public)
        except RecursionError:
            raise RequestFailed(200, "its JSON is nested without end", answer.metadata["url"]) from None
        note = {"internal_comments_removed": removed} if removed else {}
        self._landing.land(name, body, {**answer.metadata, **note})


def fields_of(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an issue's fields, whatever is there instead of them."""
    fields = raw.get("fields")
    return fields if isinstance(fields, dict) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: object, *names: str) -> str:
    if isinstance(value, dict):
        return next((str(value[name]) for name in names if isinstance(value.get(name), str) and value[name]), "")
    return value if isinstance(value, str) else ""
