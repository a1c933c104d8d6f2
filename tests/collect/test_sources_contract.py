"""What every kind of source promises, checked on a small live example of each.

A new kind of source needs an example here: something it can collect twice, of which one document can be changed and
one taken away.
"""

from __future__ import annotations

import re
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from collect_support import BEGIN, TicketSite, collect, comment, issue, rows_of, when

from pipeline.collect.registry import kinds, source_class
from pipeline.collect.source import Source
from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.local import web_server
from pipeline.local.http_service import LoopbackServer
from pipeline.records import content_hash
from pipeline.settings import JiraSourceSettings, TableSourceSettings, WebSourceSettings


class Example(ABC):
    """Three documents of a kind of source."""

    config: Any

    @abstractmethod
    def change(self) -> None:
        """Change the answer of one document to `Changed.`."""

    @abstractmethod
    def take_away(self) -> None:
        """Take another document away."""

    @abstractmethod
    def full_fetches(self) -> int:
        """Return how many documents were given out whole so far."""

    @abstractmethod
    def close(self) -> None:
        """End what was started."""


class TableExample(Example):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("a", "b", "c"):
            (folder / f"{name}.csv").write_text(f"question,answer\nWhat is {name}?,It is {name}.\n")
        self.config = TableSourceSettings(kind="table", name="example", licence="MIT", uri=str(folder))
        self.reads = 0

    def change(self) -> None:
        (self.folder / "a.csv").write_text("question,answer\nWhat is a?,Changed.\n")

    def take_away(self) -> None:
        (self.folder / "b.csv").unlink()

    def full_fetches(self) -> int:
        return sum(1 for path in self.landed() if not path.endswith(".meta.json"))

    def landed(self) -> list[str]:
        root = self.folder.parent / "lake" / "raw"
        return [path.as_posix() for path in root.rglob("*.csv*")]

    def close(self) -> None:
        self.config = None


class TicketExample(Example):
    def __init__(self, folder: Path) -> None:
        self.site = TicketSite()
        self.site.put(*(issue(number) for number in (1, 2, 3)))
        self.config = JiraSourceSettings(
            kind="jira", name="example", licence="MIT", base_url=self.site.url, jql="project = HELP", allow_private=True
        )

    def change(self) -> None:
        self.site.put(issue(1, comment(7, "Changed."), updated=when(BEGIN + timedelta(days=30))))

    def take_away(self) -> None:
        del self.site.store.issues["10002"]

    def full_fetches(self) -> int:
        return len([target for target in self.site.asked("fields=summary") if "updated+" not in target])

    def close(self) -> None:
        self.site.close()


class PageExample(Example):
    page = (
        "<html lang=en><title>FAQ {0}</title><h1>FAQ</h1>"
        "<h2>What is {0}?</h2><p>{1}</p><h2>Why is {0}?</h2><p>So.</p></html>"
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("a", "b", "c"):
            (folder / f"{name}.html").write_text(self.page.format(name, f"It is {name}."))
        self.server: LoopbackServer = web_server.make_server(0, folder)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.config = WebSourceSettings(
            kind="web", name="example", licence="MIT", sitemap=f"{base}/sitemap.xml", allow_private=True,
            requests_per_second=500,
        )  # fmt: skip

    def change(self) -> None:
        (self.folder / "a.html").write_text(self.page.format("a", "Changed."))

    def take_away(self) -> None:
        (self.folder / "b.html").unlink()

    def full_fetches(self) -> int:
        seen = self.server.RequestHandlerClass.seen
        return len([path for path, status in seen if path.endswith(".html") and status == 200])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


EXAMPLES: dict[str, type[Any]] = {"table": TableExample, "jira": TicketExample, "web": PageExample}


@pytest.fixture(params=sorted(kinds()))
def example(request: pytest.FixtureRequest, folder: Path) -> Iterator[Example]:
    made = EXAMPLES[request.param](folder)
    yield made
    made.close()


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(kinds())


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_is_declared_and_documented(kind: str) -> None:
    found = source_class(kind)
    assert issubclass(found, Source)
    assert found.kind == kind
    assert found.__doc__
    guide = Path(__file__).parents[2] / "docs" / "writing_a_source.md"
    assert f"`{kind}`" in guide.read_text()


def test_an_unknown_kind_names_those_that_exist() -> None:
    with pytest.raises(SettingsError, match="jira, table, web"):
        source_class("gopher")


def test_rows_are_complete(example: Example, lake: Lake) -> None:
    manifest = collect(lake, example.config)
    rows = rows_of(lake, manifest)
    assert manifest.facts["documents"] == {"changed": 3}
    assert {"It is a.", "It is b.", "It is c."} <= {row["answer"] for row in rows} or isinstance(example, TicketExample)
    assert len({row["question_id"] for row in rows}) == len(rows) >= 3
    for row in rows:
        assert re.fullmatch(r"[0-9a-f]{32}", row["question_id"])
        assert row["data_source"] == "example"
        assert row["source_kind"] == example.config.kind
        assert row["licence"] == "MIT"
        assert row["provenance"].startswith(("http://", "file://"))
        assert row["collected_at"] == rows[0]["collected_at"]
        assert row["content_hash"] == content_hash(row["question"], row["answer"], row["context"], row["licence"])
        assert (row["context"] is None) == (row["context_origin"] is None)
    assert any(info.uri.endswith(".meta.json") for info in lake.objects(lake.uri("raw/example/r1")))
    assert [row["document_id"] for row in rows] == sorted(row["document_id"] for row in rows)


def test_unchanged_documents_are_not_fetched_whole(example: Example, lake: Lake) -> None:
    first = collect(lake, example.config, "r1")
    fetched = example.full_fetches()
    second = collect(lake, example.config, "r2")
    assert example.full_fetches() == fetched
    assert second.digest == first.digest
    assert second.facts["documents"] == {"unchanged": 3}
    assert second.counts == first.counts


def test_changes_and_losses_are_seen_and_nothing_else_moves(example: Example, lake: Lake) -> None:
    first = {row["question_id"]: row for row in rows_of(lake, collect(lake, example.config, "r1"))}
    example.change()
    example.take_away()
    manifest = collect(lake, example.config, "r2")
    second = {row["question_id"]: row for row in rows_of(lake, manifest)}
    assert manifest.facts["documents"] == {"changed": 1, "gone": 1, "unchanged": 1}
    assert second.keys() < first.keys()
    changed = [row for name, row in second.items() if row != first[name]]
    assert [row["answer"] for row in changed if row["answer"] == "Changed."] == ["Changed."]
    assert all(row["collected_at"] == first[row["question_id"]]["collected_at"] for row in changed)
    assert all(row["content_hash"] != first[row["question_id"]]["content_hash"] for row in changed)
    assert manifest.facts["rows"]["retired"] == len(first) - len(second)


def test_a_killed_run_repeated_gives_the_same_bytes(example: Example, lake: Lake) -> None:
    once = collect(lake, example.config, "r1")
    outputs = {name: output.digest for name, output in once.outputs.items()}
    kept = [info.uri for info in lake.objects(lake.uri("raw"))]
    lake.delete(
        [once.uri, *(info.uri for info in lake.objects(lake.uri("refs"))), *(u for u in kept if "run.json" not in u)]
    )
    again = collect(lake, example.config, "r1")
    assert not again.cached
    assert {name: output.digest for name, output in again.outputs.items()} == outputs


def test_a_run_killed_between_manifest_and_state_goes_on_from_there(example: Example, lake: Lake) -> None:
    once = collect(lake, example.config, "r1")
    lake.delete([info.uri for info in lake.objects(lake.uri("refs"))])
    assert collect(lake, example.config, "r1").uri == once.uri
    assert collect(lake, example.config, "r2").facts["documents"] == {"unchanged": 3}


def test_a_fresh_start_gives_the_same_ids(example: Example, lake: Lake, tmp_path: Path) -> None:
    from pipeline.lake import open_lake
    from pipeline.settings import LakeSettings

    ids = [row["question_id"] for row in rows_of(lake, collect(lake, example.config, "r1"))]
    other = open_lake(LakeSettings(uri=str(tmp_path / "other-lake")))
    assert [row["question_id"] for row in rows_of(other, collect(other, example.config, "r7"))] == ids
    shutil.rmtree(tmp_path / "other-lake")
