"""A plain tickets API: `{"tickets": [{ticket_id, issue_type, question, response, metadata}]}`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline.collect.jira.adf import adf_text
from pipeline.collect.jira.farewells import is_empty_answer
from pipeline.collect.jira.http import Answer, JsonClient
from pipeline.collect.jira.refusal import RequestFailed
from pipeline.collect.jira.rows import clean, set_aside
from pipeline.collect.jira.ticket import DONE, moment
from pipeline.collect.source import Document, Landing, SourceState
from pipeline.records import Row, question_id, to_batches
from pipeline.settings import JiraSourceSettings

PATHS = ("", "/tickets", "/api/tickets")
TOKENS = ("nextPageToken", "next_page_token", "next_cursor", "cursor")
MAX_PAGES = 10_000


class SimpleApi:
    """Reads the tickets of such an API; it need not page nor support conditional requests, but may."""

    def __init__(self, client: JsonClient, landing: Landing, config: JiraSourceSettings) -> None:
        """Talk through a client and land what it gets."""
        self._client = client
        self._landing = landing
        self._config = config
        self.warnings: list[str] = []
        self.complete = True

    def documents(self, state: SourceState) -> Iterator[Document]:
        """Yield one document per ticket; a site that says 304 costs one request."""
        path = state.checkpoint.get("path")
        headers = {}
        if state.checkpoint.get("etag") and state.documents:
            headers["If-None-Match"] = str(state.checkpoint["etag"])
        first, path = self._first(str(path) if path is not None else None, headers)
        if first.metadata.get("status") == 304:
            yield from (Document(name, "unchanged", validators) for name, validators in state.documents.items())
            return
        seen: set[str] = set()
        pages = 0
        for answer, tickets in self._pages(first, path):
            pages += 1
            self._landing.land(f"tickets-{pages:05d}.json", answer.body, answer.metadata)
            for number, ticket in enumerate(tickets):
                document = self._document(ticket, f"page {pages}, item {number + 1}", state)
                if document.document_id not in seen:
                    seen.add(document.document_id)
                    yield document
        state.checkpoint["path"] = path
        state.checkpoint["etag"] = first.headers.get("etag") if pages == 1 else None

    def _first(self, known: str | None, headers: Mapping[str, str]) -> tuple[Answer, str]:
        last: RequestFailed | None = None
        for path in PATHS if known is None else (known,):
            try:
                answer = self._client.get(path, headers=headers)
            except RequestFailed as failure:
                if failure.status not in (200, 404, 405):
                    raise
                last = failure
                continue
            if answer.metadata.get("status") == 304 or _tickets(answer.data) is not None:
                return answer, path
        raise last or RequestFailed(200, "its answer holds no list of tickets", self._client.base_url)

    def _pages(self, first: Answer, path: str) -> Iterator[tuple[Answer, list[Any]]]:
        answer = first
        used: set[str] = set()
        for _ in range(MAX_PAGES):
            tickets = _tickets(answer.data)
            if tickets is None:
                raise RequestFailed(200, "a page holds no list of tickets", self._client.base_url + path)
            yield answer, tickets
            following = self._following(answer.data, path)
            if following is None:
                return
            mark = json.dumps(following, sort_keys=True)
            if mark in used or not tickets:
                break
            used.add(mark)
            answer = self._client.get(str(following[0]), following[1])
        self.complete = False
        self.warnings.append("The tickets API repeats its pages; what came until then was taken, nothing was retired")

    def _following(self, data: Any, path: str) -> tuple[str, dict[str, str | int]] | None:
        """Return where the next page is: a token, or a link on the same site."""
        if not isinstance(data, dict):
            return None
        for name in TOKENS:
            if isinstance(data.get(name), str | int) and data[name]:
                return path, {name: data[name]}
        link = data.get("next")
        if not isinstance(link, str) or not link:
            return None
        target = urljoin(self._client.base_url + path, link)
        if urlsplit(target)[:2] != urlsplit(self._client.base_url)[:2]:
            self.complete = False
            self.warnings.append("The tickets API links to a next page on another site, which was not followed")
            return None
        base = urlsplit(self._client.base_url)
        parts = urlsplit(target)
        relative = parts.path.removeprefix(base.path) + (f"?{parts.query}" if parts.query else "")
        return relative, {}

    def _document(self, ticket: Any, place: str, state: SourceState) -> Document:
        config = self._config
        text = json.dumps(ticket, sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        identity = ticket.get("ticket_id") if isinstance(ticket, dict) else None
        if not isinstance(identity, str | int) or isinstance(identity, bool) or not str(identity).strip():
            aside = set_aside(config, config.base_url, "a ticket without an id", f"{place}: {text[:300]}")
            return Document(f"unnamed-{digest[:16]}", "changed", {"sha256": digest}, set_aside=[aside])
        name = clean(str(identity).strip())
        if state.documents.get(name, {}).get("sha256") == digest:
            return Document(name, "unchanged", {"sha256": digest})
        return self._row(name, ticket, digest, state)

    def _row(self, name: str, ticket: dict[str, Any], digest: str, state: SourceState) -> Document:
        config = self._config
        validators = {"sha256": digest}
        provenance = f"{config.base_url.rstrip('/')}#{name}"
        question, answer = (clean(adf_text(ticket.get(field))) for field in ("question", "response"))
        reason = _unusable(ticket, question, answer)
        if reason:
            return Document(
                name, "changed", validators, set_aside=[set_aside(config, provenance, reason, None, question)]
            )
        raw = ticket.get("metadata")
        metadata = raw if isinstance(raw, dict) else {}
        tags = metadata.get("tags")
        updated = moment(metadata.get("updated_at")) or moment(metadata.get("created_at")) or state.now
        context = clean(adf_text(ticket.get("context"))) or None
        row = Row(
            question_id=question_id(config.name, provenance, question),
            question=question,
            answer=answer,
            context=context,
            context_origin="human" if context else None,
            data_source=config.name,
            source_kind=config.kind,
            document_id=name,
            provenance=provenance,
            section=clean(str(ticket.get("issue_type") or "")) or None,
            licence=config.licence,
            tags=[clean(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
            collected_at=state.now,
            updated_at=min(updated, state.now),
        )
        return Document(name, "changed", validators, to_batches([row]))


def _tickets(data: Any) -> list[Any] | None:
    tickets = data.get("tickets") if isinstance(data, dict) else data
    return tickets if isinstance(tickets, list) else None


def _unusable(ticket: dict[str, Any], question: str, answer: str) -> str | None:
    """Return the rule that a ticket fails: the same ones as for Jira, as far as this API states what they need."""
    status = ticket.get("status")
    if isinstance(status, str) and status.strip().lower() not in DONE:
        return "not resolved"
    if ticket.get("internal") is True or ticket.get("public") is False:
        return "no public comment"
    if not question:
        return "no question"
    if not answer:
        return "no answer"
    return "the answer says nothing" if is_empty_answer(answer) else None
