"""What makes a ticket a question with an answer.

The rules, from looking at real help desks: the ticket is resolved and was not closed as a duplicate or unanswered;
its answer is the last public comment, up to the resolution, by somebody other than the reporter or an app. A comment
that only takes leave or asks back is passed over. A comment whose visibility nobody states is internal. A ticket that
fails a rule is set aside with the rule it failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.collect.jira.farewells import is_empty_answer

DONE = frozenset(("done", "complete", "completed", "closed", "resolved"))
NO_ANSWER = frozenset(
    (
        *("duplicate", "won't do", "won't fix", "wont fix", "wontfix", "wont do", "declined", "incomplete"),
        *("cannot reproduce", "rejected", "invalid", "spam", "abandoned", "withdrawn", "cancelled", "canceled"),
        *("not a bug", "no response", "known error"),
    )
)
"""Resolutions under which the last comment explains why there is no answer. Names are compared in lower case."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
GRACE_SECONDS = 60.0
"""A comment written in the form that resolves the ticket is stored a moment after the resolution."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. `is_agent`: its author may be one of us; `public`: None when nobody says."""

    comment_id: str
    author: str
    is_agent: bool
    created: datetime
    public: bool | None
    text: str


@dataclass(slots=True)
class Ticket:
    """A ticket in the terms of the rules, whichever API it came from. Empty text stands for what is missing."""

    ticket_id: str
    key: str
    url: str
    summary: str
    description: str
    status_category: str
    resolution: str
    reporter: str
    created: datetime | None
    updated: datetime | None
    resolved: datetime | None
    issue_type: str = ""
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answered:
    """A ticket's question, its answer, the comment that holds it and the public comments before it."""

    question: str
    answer: str
    comment: Comment
    earlier: list[str]


class Unanswered(Exception):
    """A ticket that is no question with an answer, with the rule that it failed."""

    def __init__(self, reason: str, detail: str | None = None) -> None:
        """Keep the reason apart from its detail."""
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def answered(ticket: Ticket) -> Answered:
    """Apply the rules; raises Unanswered with the first one that the ticket fails."""
    if ticket.status_category.strip().lower() not in DONE:
        raise Unanswered("not resolved", ticket.status_category or "no status category")
    if ticket.resolution.strip().lower().replace("’", "'") in NO_ANSWER:
        raise Unanswered("closed without an answer", ticket.resolution)
    question = _question(ticket)
    if not question:
        raise Unanswered("no question", "neither summary nor description")
    comment = _answer(ticket)
    public = [other for other in ticket.comments if other.public and other.created < comment.created]
    earlier = [other.text for other in public if other.is_agent or other.author == ticket.reporter]
    return Answered(question, comment.text.strip(), comment, earlier)


def _question(ticket: Ticket) -> str:
    summary, description = ticket.summary.strip(), ticket.description.strip()
    if description.casefold().startswith(summary.casefold()):
        return description
    return f"{summary}\n\n{description}".strip()


def _answer(ticket: Ticket) -> Comment:
    public = [comment for comment in ticket.comments if comment.public]
    if not public:
        unknown = sum(comment.public is None for comment in ticket.comments)
        detail = f"{len(ticket.comments)} comments, {unknown} of unknown visibility"
        raise Unanswered("no public comment", detail)
    by_agents = [comment for comment in public if comment.is_agent and comment.author != ticket.reporter]
    if not by_agents:
        raise Unanswered("no public comment by an agent", f"{len(public)} public comments by the reporter or an app")
    in_time = [comment for comment in by_agents if not _too_late(comment, ticket.resolved)]
    if not in_time:
        raise Unanswered("no public comment before the resolution")
    telling = [comment for comment in in_time if not is_empty_answer(comment.text)]
    if not telling:
        raise Unanswered("the answer says nothing", in_time[-1].text[:200])
    return max(telling, key=lambda comment: comment.created)


def _too_late(comment: Comment, resolved: datetime | None) -> bool:
    return resolved is not None and (comment.created - resolved).total_seconds() > GRACE_SECONDS


def moment(value: Any) -> datetime | None:
    """Return a time as Jira writes it (`2026-01-31T09:30:00.000+0100`) or in another ISO 8601 form, else None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None
