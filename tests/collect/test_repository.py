from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collect_support import collect, reasons, rows_of

from pipeline.collect import repository
from pipeline.collect.parts import write_parts
from pipeline.errors import SourceError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, Row, question_id, to_batches
from pipeline.settings import Settings, TableSourceSettings
from pipeline.stage import run_stage


def table(folder: Path, name: str, count: int, licence: str = "CC0-1.0", suffix: str = "") -> TableSourceSettings:
    pairs = {
        "question": [f"Question {n}?" for n in range(count)],
        "answer": [f"{name} {n}{suffix}" for n in range(count)],
    }
    pq.write_table(pa.table(pairs), folder / f"{name}.parquet")
    return TableSourceSettings(kind="table", name=name, licence=licence, uri=str(folder / f"{name}.parquet"))


def unify(lake: Lake, *collected: Manifest, run: str = "r1") -> Manifest:
    return repository.run(Settings(), lake, run_id=run, collected=list(collected))


def test_the_same_question_of_two_sources_gives_two_rows_sorted_by_id(lake: Lake, folder: Path) -> None:
    one, two = (collect(lake, table(folder, name, 40)) for name in ("one", "two"))
    manifest = unify(lake, one, two)
    ids = [row["question_id"] for row in rows_of(lake, manifest)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 80
    assert manifest.facts["sources"]["one"]["rows"] == 40
    assert manifest.facts["sources"]["two"] == {
        "kind": "table", "licence": "CC0-1.0", "rows": 40, "retired": 0, "manifest": two.uri,
    }  # fmt: skip
    assert manifest.facts["licences"] == {"CC0-1.0": 80}


def test_the_order_of_sources_does_not_matter_and_unchanged_input_is_not_worked_on(lake: Lake, folder: Path) -> None:
    configs = [table(folder, name, 10) for name in ("one", "two")]
    collected = [collect(lake, config) for config in configs]
    first = unify(lake, *collected)
    again = unify(lake, *(collect(lake, config, "r2") for config in reversed(configs)), run="r2")
    assert again.uri == first.uri
    assert again.cached
    assert again.digest == first.digest


def test_rows_that_did_not_change_are_the_same_in_the_next_repository(lake: Lake, folder: Path) -> None:
    first = unify(lake, collect(lake, table(folder, "one", 10)), collect(lake, table(folder, "two", 10)))
    second = unify(
        lake, collect(lake, table(folder, "one", 10), "r2"), collect(lake, table(folder, "two", 9, suffix="!"), "r2")
    )
    kept = [row for row in rows_of(lake, first) if row["data_source"] == "one"]
    assert [row for row in rows_of(lake, second) if row["data_source"] == "one"] == kept
    assert second.facts["sources"]["two"]["retired"] == 1


def test_licences_that_nobody_stated_are_told(lake: Lake, folder: Path) -> None:
    manifest = unify(
        lake, collect(lake, table(folder, "one", 3, "NOASSERTION")), collect(lake, table(folder, "two", 2))
    )
    assert manifest.facts["licences"] == {"CC0-1.0": 2, "NOASSERTION": 3}
    assert manifest.warnings == ["3 rows of one have no stated licence (NOASSERTION)"]


def test_what_was_set_aside_comes_along(lake: Lake, folder: Path) -> None:
    (folder / "t.csv").write_text("question,answer\na?,1\n,2\nb?,\n")
    manifest = unify(lake, collect(lake, TableSourceSettings(kind="table", name="t", uri=str(folder / "t.csv"))))
    assert reasons(lake, manifest) == ["no answer", "no question"]
    assert (manifest.counts.rows_in, manifest.counts.rows_out, manifest.counts.set_aside) == (3, 1, 2)


def test_nothing_or_two_of_a_name_is_refused(lake: Lake, folder: Path) -> None:
    with pytest.raises(SourceError, match="no sources"):
        unify(lake)
    one = collect(lake, table(folder, "one", 1))
    with pytest.raises(SourceError, match="Two inputs of the repository come from the source one"):
        unify(lake, one, one)


def made_by_hand(lake: Lake, name: str, rows: list[Row]) -> Manifest:
    def work(attempt: object) -> None:
        attempt.rows["rows"] = write_parts(lake, attempt.uri("rows"), to_batches(rows), SCHEMA)
        write_parts(lake, attempt.uri("set_aside"), [], SET_ASIDE_SCHEMA)
        attempt.counts.rows_in = attempt.counts.rows_out = len(rows)
        attempt.facts |= {"source": name, "kind": "hand", "licence": "MIT"}

    return run_stage(lake, f"collect-{name}", work, run_id="r", packages=("collect",))


def row(source: str, question: str, answer: str) -> Row:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Row(
        question_id=question_id("shared", "place", question), question=question, answer=answer, data_source=source,
        source_kind="hand", document_id="d", provenance=f"{source}#{question}", collected_at=now, updated_at=now,
        licence="MIT",
    )  # fmt: skip


def test_an_id_names_one_row_even_when_sources_disagree(lake: Lake) -> None:
    manifests = [made_by_hand(lake, name, [row(name, "q?", name), row(name, f"{name}?", "x")]) for name in ("a", "b")]
    manifest = unify(lake, *manifests)
    assert sorted(entry["answer"] for entry in rows_of(lake, manifest)) == ["a", "x", "x"]
    assert reasons(lake, manifest) == [repository.REPEATED_ID]


def test_many_rows_go_through_many_buckets_in_one_order(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = table(folder, "one", 3000)
    whole = rows_of(lake, unify(lake, collect(lake, config)))
    monkeypatch.setattr(repository, "BUCKET_ROWS", 100)
    monkeypatch.setattr(repository, "run_stage", lambda *args, **rest: run_stage(*args, **{**rest, "fresh": True}))
    pieces = rows_of(lake, unify(lake, collect(lake, config), run="r9"))
    assert pieces == whole
