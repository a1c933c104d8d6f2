"""What the collection's tests share: collecting into a lake, and tickets on a real server on the loopback."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.collect import stage
from pipeline.collect.jira.http import Patience
from pipeline.collect.jira.source import JiraSource
from pipeline.collect.landing import NoLanding
from pipeline.collect.source import Document, Landing, SourceState
from pipeline.lake import Lake
from pipeline.local.jira_server import make_server
from pipeline.local.jira_store import Fault, TicketStore
from pipeline.manifest import Manifest
from pipeline.records import Row, to_rows
from pipeline.settings import CollectSettings, JiraSourceSettings, Settings

QUICK = Patience(
    attempts=3, first_wait=0.001, longest_wait=0.01, total_wait=0.05, timeout=5, deadline=2, longest_call=4
)
DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def settings_with(*sources: Any) -> Settings:
    return Settings(collect=CollectSettings(sources=list(sources)))


def collect(lake: Lake, config: Any, run: str = "r1") -> Manifest:
    return stage.run(settings_with(config), lake, run_id=run, source=config.name)


def rows_of(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    return lake.read_table(manifest.output("rows").uri).to_pylist()


def set_aside_of(lake: Lake, manifest: Manifest) -> list[dict[str, Any]]:
    return lake.read_table(manifest.output("set_aside").uri).to_pylist()


def reasons(lake: Lake, manifest: Manifest) -> list[str]:
    return sorted(entry["reason"] for entry in set_aside_of(lake, manifest))


def rows_in(documents: list[Document]) -> list[Row]:
    batches = [batch for document in documents for batch in document.batches if "question_id" in batch.schema.names]
    return [row for row in to_rows(batch for batch in batches if "document_id" in batch.schema.names)]


def adf(*paragraphs: str) -> dict[str, Any]:
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in paragraphs]
    return {"type": "doc", "version": 1, "content": content}


def when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000%z")


def person(name: str, kind: str = "atlassian") -> dict[str, Any]:
    return {"accountId": name, "accountType": kind, "displayName": name}


def comment(
    number: int, text: Any, *, by: str = "agent-1", kind: str = "atlassian", after: float = 1, **marks: Any
) -> dict[str, Any]:
    marks = marks or {"jsdPublic": True}
    body = adf(text) if isinstance(text, str) else text
    return {
        "id": str(number),
        "author": person(by, kind),
        "body": body,
        "created": when(BEGIN + timedelta(hours=after)),
        **marks,
    }


def issue(number: int, *comments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An answered, resolved ticket unless the fields say otherwise."""
    given = {
        "summary": f"How do I do task {number}?",
        "description": adf(f"I tried to do task {number}."),
        "project": {"id": "1", "key": "HELP", "name": "Help"},
        "issuetype": {"id": "1", "name": "Question"},
        "status": {"name": "Resolved", "statusCategory": {"id": 3, "key": "done", "name": "Done"}},
        "resolution": {"name": "Done"},
        "resolutiondate": when(BEGIN + timedelta(hours=30)),
        "reporter": person("customer-1", "customer"),
        "labels": ["tasks"],
        "created": when(BEGIN),
        "updated": when(BEGIN + number * timedelta(hours=1) + timedelta(hours=30)),
        "comment": {
            "comments": list(comments) or [comment(number * 100, f"You do task {number} with button {number}.")]
        },
        **fields,
    }
    return {"id": str(10_000 + number), "key": f"HELP-{number}", "fields": given}


class TicketSite:
    """A ticket server on a free port whose issues, faults and requests a test reaches."""

    def __init__(self, credentials: tuple[str, str] | None = None) -> None:
        self.store = TicketStore({})
        self._server = make_server(0, self.store, credentials)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def put(self, *issues: dict[str, Any]) -> None:
        self.store.issues.update({entry["id"]: entry for entry in issues})

    def fail(self, pattern: str, **fault: Any) -> None:
        self.store.faults.append(Fault(pattern, **fault))

    def config(self, **changes: Any) -> JiraSourceSettings:
        given = {"base_url": self.url, "jql": "project = HELP", "allow_private": True, "licence": "CC0-1.0"}
        return JiraSourceSettings(kind="jira", name="desk", **{**given, **changes})

    def asked(self, part: str) -> list[str]:
        return [target for target in self.store.requests if part in target]

    def documents(
        self, state: SourceState | None = None, landing: Landing | None = None, **changes: Any
    ) -> tuple[JiraSource, list[Document]]:
        """Read the source once, with little patience; the waits are recorded in `waits`."""
        self.waits: list[float] = []
        source = JiraSource(self.config(**changes), patience=QUICK, sleep=self.waits.append)
        return source, list(source.documents(state or SourceState(), landing or NoLanding()))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
