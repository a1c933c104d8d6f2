"""From tickets to documents with one row each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.collect.context import ticket_context
from pipeline.collect.jira.ticket import Ticket, Unanswered, answered
from pipeline.collect.source import Document
from pipeline.records import Row, SetAside, question_id, to_batches
from pipeline.settings import JiraSourceSettings

MAX_CHARS = 200_000


def ticket_document(
    ticket: Ticket, validators: Mapping[str, Any], config: JiraSourceSettings, now: datetime
) -> Document:
    """Return a ticket as a document: its row, or the rule that it failed."""
    try:
        found = answered(ticket)
    except Unanswered as problem:
        aside = set_aside(config, ticket.url, problem.reason, problem.detail, ticket.summary)
        return Document(ticket.ticket_id, "changed", validators, set_aside=[aside])
    context = ticket_context(ticket.description, found.earlier, found.answer, config.generated_context)
    question, answer = clean(found.question), clean(found.answer)
    if len(question) > MAX_CHARS or len(answer) > MAX_CHARS:
        aside = set_aside(config, ticket.url, "text is too long", f"over {MAX_CHARS} characters", ticket.summary[:500])
        return Document(ticket.ticket_id, "changed", validators, set_aside=[aside])
    updated = max(ticket.resolved or found.comment.created, found.comment.created)
    row = Row(
        question_id=question_id(config.name, f"{config.base_url.rstrip('/')}#{ticket.ticket_id}", question),
        question=question,
        answer=answer,
        context=clean(context) if context else None,
        context_origin="ticket" if context else None,
        data_source=config.name,
        source_kind=config.kind,
        document_id=ticket.ticket_id,
        provenance=f"{ticket.url}?focusedCommentId={found.comment.comment_id}",
        section=clean(ticket.issue_type) or None,
        licence=config.licence,
        tags=[clean(label) for label in ticket.labels],
        collected_at=now,
        updated_at=min(ticket.updated or updated, now),
    )
    return Document(ticket.ticket_id, "changed", validators, to_batches([row]))


def set_aside(
    config: JiraSourceSettings, provenance: str, reason: str, detail: str | None, question: str | None = None
) -> SetAside:
    """Return why a ticket gives no row."""
    return SetAside(
        stage="collect",
        reason=reason,
        detail=clean(detail) if detail else None,
        data_source=config.name,
        provenance=clean(provenance),
        question=clean(question) if question else None,
    )


def clean(text: str) -> str:
    """Replace lone surrogates, which JSON can spell but no encoding can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
