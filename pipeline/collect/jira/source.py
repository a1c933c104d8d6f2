"""The ticket source: what changed since the last run, and an id-only listing to see what is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from pipeline.collect.jira.api import Listed, RestApi, Unfinished
from pipeline.collect.jira.cloud import CloudApi
from pipeline.collect.jira.credentials import find_credentials
from pipeline.collect.jira.http import JsonClient, Patience
from pipeline.collect.jira.jql import having_ids, since
from pipeline.collect.jira.refusal import RequestFailed, explained
from pipeline.collect.jira.rows import set_aside, ticket_document
from pipeline.collect.jira.server import ServerApi
from pipeline.collect.jira.simple import SimpleApi
from pipeline.collect.jira.ticket import moment
from pipeline.collect.source import Document, Landing, Source, SourceState
from pipeline.errors import SourceError
from pipeline.settings import JiraSourceSettings

APIS: dict[str, type[RestApi]] = {"cloud": CloudApi, "server": ServerApi}
MAX_TROUBLE = 3
"""After this many issues in a row that the site fails on (not: refuses), the site is what is broken."""
ID_CHUNK = 100


class JiraSource(Source[JiraSourceSettings]):
    """Resolved, publicly answered tickets."""

    kind = "jira"

    def __init__(
        self,
        config: JiraSourceSettings,
        *,
        user_agent: str = "llmops-pipeline",
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the configuration; `patience` and `sleep` say how failures are waited out."""
        super().__init__(config, user_agent=user_agent)
        self._patience = patience
        self._sleep = sleep
        self._trouble = 0
        self._whole = True

    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        """Yield one document per ticket: changed ones with their row, the others by their id alone."""
        config = self.config
        client = JsonClient(
            config.base_url,
            find_credentials(config.connection, config.api, config.base_url),
            user_agent=self.user_agent,
            allow_private=config.allow_private,
            patience=self._patience,
            sleep=self._sleep,
        )
        try:
            if config.api == "simple":
                yield from self._simple(SimpleApi(client, landing, config), state)
            else:
                api = APIS[config.api](
                    client,
                    landing,
                    service_desk=config.service_desk,
                    unmarked_public=config.unmarked_comments == "public",
                )
                yield from self._incremental(api, state)
        except RequestFailed as failure:
            raise explained(failure, config.api) from None
        finally:
            client.close()

    def _simple(self, api: SimpleApi, state: SourceState) -> Iterator[Document]:
        yield from api.documents(state)
        self.warnings += api.warnings
        self.complete = api.complete

    def _incremental(self, api: RestApi, state: SourceState) -> Iterator[Document]:
        config = self.config
        zone = api.time_zone()
        self._whole = _is_due(state, timedelta(days=config.reread_days))
        before = None if self._whole else moment(state.checkpoint.get("updated"))
        progress = _Progress(before, state.now)
        query = since(config.jql, before, zone, timedelta(minutes=config.overlap_minutes), api.order)
        seen: set[str] = set()
        unmarked = 0
        try:
            for listed in api.search(query):
                if listed.issue_id not in seen:
                    seen.add(listed.issue_id)
                    document = self._document(api, listed, state)
                    unmarked += any(aside.reason == "no public comment" for aside in document.set_aside)
                    progress.note(listed, document)
                    yield document
            if before:
                yield from self._rest(api, state, seen)
        except Unfinished as problem:
            self.complete = False
            self.warnings.append(f"Not every ticket was listed: {problem}; nothing was retired in this run")
        else:
            state.checkpoint["updated"] = progress.checkpoint()
            if self._whole:
                state.checkpoint["whole"] = state.now.isoformat()
        if seen and unmarked == len(seen):
            self.warnings.append(
                "No ticket has a comment that is known to be public. If this site has no service desk, its comments "
                'carry no mark: set unmarked_comments = "public" once you have made sure that they may be used'
            )

    def _rest(self, api: RestApi, state: SourceState, seen: set[str]) -> Iterator[Document]:
        """Yield the tickets that did not change; those that match for another reason than a change are fetched."""
        missing: list[str] = []
        for issue_id in api.ids(since(self.config.jql, None, None, timedelta(), api.order)):
            if issue_id in seen:
                continue
            seen.add(issue_id)
            validators = state.documents.get(issue_id)
            if validators:
                yield Document(issue_id, "unchanged", validators)
            else:
                missing.append(issue_id)
        for start in range(0, len(missing), ID_CHUNK):
            for listed in api.search(having_ids(self.config.jql, missing[start : start + ID_CHUNK], api.order)):
                yield self._document(api, listed, state)

    def _document(self, api: RestApi, listed: Listed, state: SourceState) -> Document:
        config = self.config
        validators = {"updated": listed.updated}
        if not self._whole and listed.updated and dict(state.documents.get(listed.issue_id, {})) == validators:
            return Document(listed.issue_id, "unchanged", validators)
        try:
            ticket = api.ticket(listed)
        except RequestFailed as failure:
            self._trouble = self._trouble + 1 if failure.status in (0, 429) or failure.status >= 500 else 0
            if failure.status == 401 or self._trouble >= MAX_TROUBLE:
                raise
            key = str(listed.raw.get("key") or listed.issue_id)
            aside = set_aside(
                config, f"{config.base_url.rstrip('/')}/browse/{key}", "the ticket cannot be read", str(failure)
            )
            return Document(listed.issue_id, "failed", set_aside=[aside])
        except RecursionError:
            raise SourceError("A ticket's text is nested without end", where=listed.issue_id) from None
        self._trouble = 0
        return ticket_document(ticket, validators, config, state.now)


def _is_due(state: SourceState, interval: timedelta) -> bool:
    """Tell whether every ticket is to be read again, changed or not.

    Not every change moves a ticket's time of change: a comment's visibility is an entity property, and permissions
    lie outside the ticket. What is no longer public is found by reading it again.
    """
    last = moment(state.checkpoint.get("whole"))
    return last is None or not timedelta(0) <= state.now - last < interval


class _Progress:
    """How far the changes have been read: the newest change seen, but not past a ticket that failed, nor past now.

    A single ticket "changed" in the year 9999 would otherwise hide every later change for ever.
    """

    def __init__(self, before: datetime | None, now: datetime) -> None:
        self._newest = before
        self._now = now
        self._failed: datetime | None = None

    def note(self, listed: Listed, document: Document) -> None:
        updated = moment(listed.updated)
        if updated is None:
            return
        updated = min(updated, self._now)
        if document.status == "failed":
            self._failed = min(self._failed or updated, updated)
        self._newest = max(self._newest or updated, updated)

    def checkpoint(self) -> str | None:
        if self._newest is None:
            return None
        return min(self._newest, self._failed or self._newest).isoformat()
