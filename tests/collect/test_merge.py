from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.collect import parts, state
from pipeline.collect.duplicates import REASON
from pipeline.collect.landing import NoLanding
from pipeline.collect.parts import recut, write_parts
from pipeline.collect.source import Document, Landing, Source, SourceState, Unreadable
from pipeline.collect.stage import Collection
from pipeline.errors import LakeError, PipelineError, SourceError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.records import Row, SetAside, question_id, to_batches
from pipeline.settings import LakeSettings, SourceSettings
from pipeline.stage import run_stage

Pages = dict[str, Any]
START = datetime(2026, 5, 1, tzinfo=UTC)


class Book(Source[SourceSettings]):
    """A source whose documents are a dictionary: lists of (question, answer), or a status, or an exception."""

    kind = "book"

    def __init__(self, pages: Pages) -> None:
        super().__init__(SourceSettings(name="book"))
        self.pages = pages

    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        for name, content in self.pages.items():
            version = json.dumps(content, default=str)
            if isinstance(content, str):
                aside = [aside_of(name, "server said no")] if content == "failed" else []
                yield Document(name, content, state.documents.get(name, {}), set_aside=aside)
            elif state.documents.get(name, {}).get("version") == version:
                yield Document(name, "unchanged", {"version": version})
            else:
                yield Document(name, "changed", {"version": version}, self.batches(name, content, state.now))

    def batches(self, name: str, content: Any, now: datetime) -> Iterator[pa.RecordBatch]:
        for entry in content:
            if isinstance(entry, Exception):
                raise entry
            if isinstance(entry, SetAside):
                yield from to_batches([entry])
            else:
                yield from to_batches([row_of(name, *entry, now)])


def row_of(name: str, question: str, answer: str, now: datetime) -> Row:
    return Row(
        question_id=question_id("book", "same place", question),
        question=question,
        answer=answer,
        data_source="book",
        source_kind="book",
        document_id=name,
        provenance=f"{name}#{question}",
        collected_at=now,
        updated_at=now,
    )


def aside_of(name: str, reason: str) -> SetAside:
    return SetAside(stage="collect", reason=reason, data_source="book", provenance=name)


class Shelf:
    """Collects books into a lake run by run, a day apart."""

    def __init__(self, lake: Lake, clock: Callable[[int], datetime] = lambda day: START + timedelta(days=day)) -> None:
        self.lake = lake
        self.day = 0
        self.clock = clock

    def collect(self, pages: Pages, *, complete: bool = True, save: bool = True, config: str = "c") -> Manifest:
        self.day += 1
        source = Book(pages)
        source.complete = complete
        previous = state.load(self.lake, "book", config)

        def work(attempt: Any) -> None:
            Collection(source, self.lake, NoLanding(), previous, self.clock(self.day)).into(attempt)
            attempt.facts["fingerprint"] = config

        manifest = run_stage(self.lake, "collect-book", work, run_id=f"r{self.day}", fresh=True, packages=("collect",))
        if save:
            state.save(self.lake, "book", manifest)
        return manifest

    def rows(self, manifest: Manifest) -> list[dict[str, Any]]:
        return self.lake.read_table(manifest.output("rows").uri).to_pylist()

    def answers(self, manifest: Manifest) -> list[str]:
        return [row["answer"] for row in self.rows(manifest)]

    def reasons(self, manifest: Manifest) -> list[str]:
        return [entry["reason"] for entry in self.lake.read_table(manifest.output("set_aside").uri).to_pylist()]


@pytest.fixture
def shelf(lake: Lake) -> Shelf:
    return Shelf(lake)


def test_rows_come_in_the_order_of_documents_whatever_the_source_does(shelf: Shelf) -> None:
    pages = {"b": [("q2", "2")], "a": [("q1", "1"), ("q0", "0")], "c": [("q3", "3")]}
    first = shelf.collect(pages, save=False)
    second = shelf.collect(dict(reversed(pages.items())), save=False)
    assert shelf.answers(first) == ["1", "0", "2", "3"]
    assert shelf.answers(second) == shelf.answers(first)


def test_unchanged_documents_keep_their_rows_bytes_and_times(shelf: Shelf) -> None:
    first = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    second = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    assert second.digest == first.digest
    assert second.outputs == first.outputs
    third = shelf.collect({"a": [("q1", "1")], "b": [("q2", "two"), ("q4", "4")]})
    times = {row["answer"]: (row["collected_at"].day, row["updated_at"].day) for row in shelf.rows(third)}
    assert times == {"1": (2, 2), "two": (2, 4), "4": (4, 4)}, "first seen, and last changed"
    assert third.facts["rows"] == {"new": 2, "unchanged": 1, "retired": 0}


def test_a_row_whose_content_came_back_keeps_its_times(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1"), ("q2", "2")]})
    second = shelf.collect({"a": [("q2", "2"), ("q1", "new")]})
    assert {row["question"]: row["updated_at"].day for row in shelf.rows(second)} == {"q2": 2, "q1": 3}


def test_going_back_gives_equal_digests(shelf: Shelf) -> None:
    first = shelf.collect({"a": [("q1", "1")]})
    shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    third = shelf.collect({"a": [("q1", "1")]})
    assert third.output("rows").digest == first.output("rows").digest


def test_documents_that_are_gone_retire_their_rows(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")], "c": [("q3", "3")]})
    second = shelf.collect({"a": "gone", "c": [("q3", "3")]})
    assert shelf.answers(second) == ["3"]
    assert second.facts["rows"]["retired"] == 2
    assert second.facts["documents"] == {"gone": 2, "unchanged": 1}
    assert any("2 of the 3 earlier rows" in warning for warning in second.warnings)


def test_an_incomplete_listing_retires_nothing(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    second = shelf.collect({"a": [("q1", "1")]}, complete=False)
    assert shelf.answers(second) == ["1", "2"]
    third = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    assert third.facts["documents"] == {"unchanged": 2}


def test_a_failed_document_keeps_its_rows_and_is_read_again(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1")], "b": [("q2", "2"), aside_of("b", "too short")]})
    second = shelf.collect({"a": [("q1", "1")], "b": "failed"})
    assert shelf.answers(second) == ["1", "2"]
    assert shelf.reasons(second) == ["too short", "server said no"]
    third = shelf.collect({"a": [("q1", "1")], "b": "failed"})
    assert shelf.reasons(third) == ["too short", "server said no"]
    fourth = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2"), aside_of("b", "too short")]})
    assert shelf.reasons(fourth) == ["too short"]
    assert fourth.facts["documents"] == {"changed": 1, "unchanged": 1}
    assert fourth.facts["rows"] == {"new": 0, "unchanged": 2, "retired": 0}


def test_a_half_read_document_is_not_published(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "old")], "b": [("q2", "2")]})
    second = shelf.collect({"a": [("q1", "new"), Unreadable("it broke", "at byte 7")], "b": [("q2", "2")]})
    assert shelf.answers(second) == ["old", "2"]
    assert shelf.reasons(second) == ["it broke"]


def test_nothing_readable_is_an_error_that_names_the_first_cause(shelf: Shelf) -> None:
    with pytest.raises(SourceError, match=r"None of the 2 documents of book .* it broke \(at byte 7\)"):
        shelf.collect({"a": [Unreadable("it broke", "at byte 7")], "b": "failed"})
    assert shelf.lake.objects(shelf.lake.root) == []


def test_other_exceptions_leave_nothing(shelf: Shelf) -> None:
    with pytest.raises(RuntimeError):
        shelf.collect({"a": [("q1", "1"), RuntimeError("defect")]})
    assert shelf.lake.objects(shelf.lake.root) == []


def test_one_question_with_two_answers_gives_two_rows_in_any_order(shelf: Shelf) -> None:
    first = shelf.collect({"a": [("q", "1"), ("q", "2"), ("other", "3")]}, save=False)
    second = shelf.collect({"a": [("other", "3"), ("q", "2"), ("q", "1")]}, save=False)
    ids = {row["answer"]: row["question_id"] for row in shelf.rows(first)}
    assert len(set(ids.values())) == 3
    assert ids == {row["answer"]: row["question_id"] for row in shelf.rows(second)}
    assert ids["3"] == question_id("book", "same place", "other")


def test_a_repeated_pair_is_set_aside_once_for_each_repetition(shelf: Shelf) -> None:
    manifest = shelf.collect({"a": [("q", "1"), ("q", "1")], "b": [("q", "1")]})
    assert shelf.answers(manifest) == ["1"]
    assert shelf.reasons(manifest) == [REASON, REASON]
    assert manifest.counts.rows_in == 3


def test_a_new_row_does_not_take_the_id_of_one_that_stays(shelf: Shelf) -> None:
    first = shelf.collect({"b": [("q", "1")]})
    second = shelf.collect({"a": [("q", "2")], "b": [("q", "1")]})
    ids = {row["answer"]: row["question_id"] for row in shelf.rows(second)}
    assert ids["1"] == shelf.rows(first)[0]["question_id"]
    assert ids["2"] != ids["1"]
    third = shelf.collect({"a": [("q", "2"), ("new", "n")], "b": [("q", "1")]})
    assert ids.items() <= {row["answer"]: row["question_id"] for row in shelf.rows(third)}.items()


def test_other_settings_read_everything_again(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    second = shelf.collect({"a": [("q1", "1")], "b": "failed"}, config="other")
    assert second.facts["documents"] == {"changed": 1, "failed": 1}
    assert shelf.rows(second)[0]["collected_at"].day == 2
    third = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]}, config="other")
    assert third.facts["documents"] == {"changed": 1, "unchanged": 1}


def test_the_same_run_again_after_a_kill_gives_the_same_bytes(shelf: Shelf) -> None:
    shelf.collect({"a": [("q1", "1")]})
    once = shelf.collect({"a": [("q1", "x"), ("q", "1"), ("q", "2")], "b": [("q5", "5")]}, save=False)
    shelf.day -= 1
    shelf.lake.delete([once.uri])
    again = shelf.collect({"b": [("q5", "5")], "a": [("q1", "x"), ("q", "1"), ("q", "2")]})
    assert {name: output.digest for name, output in again.outputs.items()} == {
        name: output.digest for name, output in once.outputs.items()
    }


@pytest.mark.parametrize("damage", ["reference", "manifest", "documents"])
def test_a_damaged_state_means_collecting_again(shelf: Shelf, damage: str) -> None:
    first = shelf.collect({"a": [("q1", "1")]})
    places = {
        "reference": state.reference(shelf.lake, "book"),
        "manifest": first.uri,
        "documents": first.output("documents").uri + "/part-00000.parquet",
    }
    shelf.lake.write(places[damage], b"not what it was")
    second = shelf.collect({"a": [("q1", "1")]})
    assert second.facts["documents"] == {"changed": 1}
    assert shelf.answers(second) == ["1"]


def test_validators_that_somebody_put_there_do_not_keep_a_corrected_document_out(shelf: Shelf) -> None:
    first = shelf.collect({"a": [("q1", "wrong")]})
    corrected = shelf.collect({"a": [("q1", "right")]})
    noted, forged = (f"{made.output('documents').uri}/part-00000.parquet" for made in (first, corrected))
    shelf.lake.write(noted, shelf.lake.read(forged))
    state.save(shelf.lake, "book", first)
    third = shelf.collect({"a": [("q1", "right")]})
    assert third.facts["documents"] == {"changed": 1}
    assert shelf.answers(third) == ["right"]


def test_rows_missing_from_the_previous_outputs_are_noticed(shelf: Shelf) -> None:
    first = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})
    write_parts(shelf.lake, first.output("rows").uri, [], pa.schema([]))
    with pytest.raises((PipelineError, OSError, pa.ArrowException)):
        shelf.collect({"a": [("q1", "1")], "b": [("q2", "new")]})


def test_a_source_with_ids_that_are_no_digests_is_told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "question_id", lambda *parts: "row-1")
    with pytest.raises(PipelineError, match="no digests"):
        shelf.collect({"a": [("q1", "1")]})


def test_equal_records_give_equal_bytes_however_they_arrive(lake: Lake) -> None:
    schema = pa.schema([("n", pa.int64())])
    every = list(range(100_000))
    whole = [pa.RecordBatch.from_pydict({"n": every})]
    pieces = [pa.RecordBatch.from_pydict({"n": every[at : at + 777]}) for at in range(0, len(every), 777)]
    for name, batches in (("whole", whole), ("pieces", pieces)):
        assert write_parts(lake, lake.uri(name), batches, schema) == len(every)
    parts = [[lake.digest(info.uri) for info in lake.objects(lake.uri(name))] for name in ("whole", "pieces")]
    assert parts[0] == parts[1]
    assert [batch.num_rows for batch in recut(pieces, schema, 40_000)] == [40_000, 40_000, 20_000]
    assert write_parts(lake, lake.uri("none"), [], schema) == 0
    assert len(lake.objects(lake.uri("none"))) == 1


def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make parts so small that a handful of rows fills several."""
    for name, size in {"BATCH_ROWS": 2, "PART_ROWS": 6, "SEGMENT_ROWS": 4}.items():
        monkeypatch.setattr(parts, name, size)


def alone(name: str, rows: int) -> bool:
    """Tell whether a document begins a part though the one before it is small."""
    return len(list(parts.segments([("", 0), (name, rows)]))) == 2


def files_of(manifest: Manifest) -> dict[str, str]:
    return {file.path: file.sha256 for file in manifest.output("rows").files}


@pytest.mark.parametrize("seed", range(30))
def test_whatever_changed_the_dataset_is_that_of_a_first_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    small_parts(monkeypatch)
    chance = random.Random(seed)
    shelf = Shelf(open_lake(LakeSettings(uri=str(tmp_path / "long"))), clock=lambda day: START)
    pages: Pages = {}
    for step in range(6):
        for name in chance.sample([f"page-{n:02d}" for n in range(20)], k=chance.choice([1, 2, 12])):
            content = [(f"{name} {n}", f"{step}") for n in range(chance.choice([0, 1, 2, 3, 9, 17]))]
            pages[name] = content
            if chance.random() < 0.2:
                del pages[name]
        manifest = shelf.collect(dict(pages))
        scratch = Shelf(open_lake(LakeSettings(uri=str(tmp_path / f"scratch-{step}"))), clock=lambda day: START)
        whole = scratch.collect(dict(pages))
        assert files_of(manifest) == files_of(whole)
        assert shelf.rows(manifest) == scratch.rows(whole)
        assert manifest.counts.rows_out == sum(map(len, pages.values()))
        verified = {info.uri: shelf.lake.digest(info.uri) for info in shelf.lake.objects(manifest.output("rows").uri)}
        assert sorted(verified.values()) == sorted(files_of(manifest).values())


def test_parts_of_unchanged_documents_are_carried_over_unread(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    pages = {f"page-{n}": [(f"q{n}.{row}", "old") for row in range(9)] for n in range(8)}
    first = shelf.collect(pages)
    written: list[str] = []
    write_batches = shelf.lake.write_batches

    def watched(uri: str, *arguments: Any) -> int:
        written.append(uri)
        return write_batches(uri, *arguments)

    monkeypatch.setattr(shelf.lake, "write_batches", watched)
    second = shelf.collect({**pages, "page-3": [("q3.0", "new")]})
    assert sum("/rows/" in uri for uri in written) == 1
    assert len(set(files_of(first).values()) - set(files_of(second).values())) == 2
    assert second.facts["rows"] == {"new": 1, "unchanged": 63, "retired": 8}
    third = shelf.collect({**pages, "page-3": "gone"})
    assert len(files_of(third)) == len(files_of(first)) - 2
    assert [row["document_id"] for row in shelf.rows(third)].count("page-4") == 9


def test_parts_of_a_document_that_went_are_not_taken_for_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch)
    # Six rows and four, in small documents that share parts once the large one between them has gone.
    names = [name for name in (f"{n:03d}" for n in range(500)) if not alone(name, 2)][:6]
    first, large, second = names[:3], names[3], names[4:]
    pages: Pages = {name: [(f"{name}.{row}", "small") for row in range(2)] for name in (*first, *second)}
    shelf = Shelf(open_lake(LakeSettings(uri=str(tmp_path / "a"))), clock=lambda day: START)
    before = shelf.collect({**pages, large: [(f"{large}.{row}", "large") for row in range(4)]})
    assert len(files_of(before)) == 3
    scratch = Shelf(open_lake(LakeSettings(uri=str(tmp_path / "b"))), clock=lambda day: START)
    after, whole = shelf.collect(pages), scratch.collect(pages)
    assert (len(files_of(after)), files_of(after)) == (2, files_of(whole))
    assert set(shelf.answers(after)) == {"small"}


def test_parts_that_were_cut_otherwise_are_not_carried_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    monkeypatch.setattr(parts, "PART_ROWS", 4)
    pages: Pages = {"a": [(f"a{row}", "1") for row in range(12)], "b": [("b", "1")]}
    shelf = Shelf(open_lake(LakeSettings(uri=str(tmp_path / "a"))), clock=lambda day: START)
    shelf.collect(pages)
    monkeypatch.setattr(parts, "PART_ROWS", 6)
    pages["b"] = [("b", "2")]
    scratch = Shelf(open_lake(LakeSettings(uri=str(tmp_path / "b"))), clock=lambda day: START)
    assert files_of(shelf.collect(pages)) == files_of(scratch.collect(pages))


def test_a_damaged_part_is_not_carried_over_as_if_it_were_whole(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch)
    pages = {f"page-{n}": [(f"q{n}.{row}", "old") for row in range(6)] for n in range(3)}
    first = shelf.collect(pages)
    place = f"{first.output('rows').uri}/{first.output('rows').files[2].path}"
    table = shelf.lake.read_table(place)
    shelf.lake.write_batches(place, table.to_batches(), table.schema.remove_metadata().with_metadata({"k": "v" * 99}))
    with pytest.raises(LakeError, match=r"carried over .* bytes instead of|is not the one that was written"):
        shelf.collect({**pages, "page-0": [("q0.0", "new")]})


def test_many_rows_go_into_several_parts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 2 * parts.BATCH_ROWS)
    schema = pa.schema([("n", pa.int64())])
    batch = pa.RecordBatch.from_pydict({"n": list(range(parts.BATCH_ROWS * 5))})
    write_parts(lake, lake.uri("t"), [batch], schema)
    assert len(lake.objects(lake.uri("t"))) == 3
    assert lake.read_table(lake.uri("t")).column("n").to_pylist() == list(range(batch.num_rows))


def test_moved_validators_alone_keep_the_rows(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shelf.collect({"a": [("q1", "1")], "b": [("q2", "2")]})

    def documents(self: Book, state: SourceState, landing: Landing) -> Iterator[Document]:
        yield Document("a", "unchanged", {"version": "another tag"})
        yield Document("b", "unchanged", state.documents["b"])

    monkeypatch.setattr(Book, "documents", documents)
    second = shelf.collect({})
    assert second.output("rows") == first.output("rows")
    assert second.output("documents") != first.output("documents")
    assert second.counts == first.counts
    known = state.load(shelf.lake, "book", "c").documents
    assert known["a"].validators == {"version": "another tag"}
    assert known["a"].rows == 1
