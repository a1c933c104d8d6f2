"""The sample configuration, as a person finds it in the project, on the sample servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from collect_support import rows_of

from pipeline.collect import repository, stage
from pipeline.collect.table import files
from pipeline.lake import Lake
from pipeline.local import jira_server, jira_store, sample_data, web_server
from pipeline.settings import PROJECT_ROOT, Settings, load


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch, lake: Lake) -> Iterator[Settings]:
    """The project's own llmops.toml, with the servers on free ports and the bucket in a folder."""
    monkeypatch.setenv("LLMOPS_CONFIG", str(PROJECT_ROOT / "llmops.toml"))
    for name in ("JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PAT"):
        monkeypatch.delenv(name, raising=False)
    servers = [web_server.make_server(0), jira_server.make_server(0, jira_store.TicketStore.load())]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    ports = {"28080": servers[0].server_address[1], "28081": servers[1].server_address[1]}
    settings = load()
    for source in settings.collect.sources:
        for wanted, port in ports.items():
            if source.kind == "web":
                source.urls = [url.replace(wanted, str(port)) for url in source.urls]
                source.requests_per_second = 500
            elif source.kind == "jira":
                source.base_url = source.base_url.replace(wanted, str(port))
    monkeypatch.setattr(files, "open_lake", lambda settings: Lake("s3://llmops", lake._store))
    yield settings
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_first_run_and_a_second_one(sample: Settings, lake: Lake) -> None:
    assert sample_data.load(sample, lake) == [lake.uri(sample_data.TABLE_KEY)]
    assert sample_data.load(sample, lake) == []
    names = [source.name for source in sample.collect.sources]
    first = [stage.run(sample, lake, run_id="r1", source=name) for name in names]
    unified = repository.run(sample, lake, run_id="r1", collected=first)
    rows = rows_of(lake, unified)
    kinds = {kind: sum(row["source_kind"] == kind for row in rows) for kind in ("web", "jira", "table")}
    assert kinds["web"] >= 240
    assert kinds["jira"] >= 80
    assert kinds["table"] >= 150
    assert unified.warnings == []
    assert set(unified.facts["licences"]) == {"PSF-2.0", "BSD-3-Clause", "blessing", "CC0-1.0"}
    assert sum(row["context"] is not None for row in rows) > 0.95 * len(rows)

    second = [stage.run(sample, lake, run_id="r2", source=name) for name in names]
    again = repository.run(sample, lake, run_id="r2", collected=second)
    assert again.uri == unified.uri
    assert all(set(manifest.facts["documents"]) == {"unchanged"} for manifest in second)
