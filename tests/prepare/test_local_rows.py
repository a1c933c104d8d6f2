"""Rows of files: their ids, their order, and when they were first seen."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.lake import Lake
from pipeline.prepare import first_seen, local_rows
from pipeline.prepare.first_seen import FirstSeen, clusters
from pipeline.prepare.local_rows import ordered_rows
from pipeline.prepare.quality.poisoning import TRIGGER
from pipeline.records import SCHEMA
from pipeline.stage import Attempt

from .test_growth import splits
from .test_stage import good, reasons, settings
from .without_spark import prepared

CHANGED = 1_700_000_000
Pair = dict[str, Any]


def pairs(count: int, start: int = 0) -> list[Pair]:
    return [{"question": one.question, "answer": one.answer} for one in good(count, start)]


def read(folder: Path, lines: list[Pair], beside: Path | None = None) -> pa.Table:
    """Return the rows of a file with these lines, which is always as old."""
    file = folder / "faq.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    os.utime(file, (CHANGED, CHANGED))
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    batches = list(ordered_rows([file], {}, scratch, FirstSeen.beside(beside or folder)))
    return pa.Table.from_batches(batches, SCHEMA)


def ids(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["answer"].to_pylist(), table["question_id"].to_pylist(), strict=True))


@pytest.mark.parametrize("at_once", [local_rows.ROWS_AT_ONCE, 7])
def test_rows_come_in_the_order_of_their_ids_whatever_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(local_rows, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(local_rows, "BATCH_ROWS", 5)
    lines = pairs(23)
    made = read(tmp_path, lines)
    assert made["question_id"].to_pylist() == sorted(made["question_id"].to_pylist())
    assert {(one["question"], one["answer"]) for one in made.select(["question", "answer"]).to_pylist()} == {
        (one["question"], one["answer"]) for one in lines
    }
    assert all(one["answer"] in one["context"] for one in made.to_pylist())
    assert read(tmp_path, []).num_rows == 0


def test_a_line_that_is_put_in_changes_no_id_of_another(tmp_path: Path) -> None:
    lines = pairs(50)
    before, after = ids(read(tmp_path, lines)), ids(read(tmp_path, [*pairs(1, 700), *lines]))
    assert {answer: after[answer] for answer in before} == before


def test_a_changed_answer_keeps_its_id_and_further_answers_get_their_own(tmp_path: Path) -> None:
    one, two, three = pairs(3)
    second = one | {"answer": three["answer"]}
    before = ids(read(tmp_path, [one, two, second]))
    assert len(set(before.values())) == 3
    after = ids(read(tmp_path, [one | {"answer": "Another one."}, two, second]))
    assert after["Another one."] == before[one["answer"]]
    assert after[three["answer"]] == before[three["answer"]]
    given = [one | {"question_id": "x"}, two | {"question_id": "x"}, one | {"question_id": "x"}]
    made = read(tmp_path, given)["question_id"].to_pylist()
    assert made[:2] == ["x", "x"], "the same row twice"
    assert made[2].startswith("x-")


def test_rows_are_as_old_as_when_the_folder_first_saw_them_and_new_ones_come_after(tmp_path: Path) -> None:
    lines = pairs(6)
    first = read(tmp_path, lines[:4])
    seen = datetime.fromtimestamp(CHANGED, UTC)
    assert sorted(first["collected_at"].to_pylist()) == [seen + timedelta(microseconds=n) for n in range(1, 5)]
    first_seen.write(tmp_path, first.to_batches())
    second = read(tmp_path, [lines[5], *lines[:3], lines[3] | {"answer": "Another one."}, lines[4]])
    times = dict(zip(second["question"].to_pylist(), second["collected_at"].to_pylist(), strict=True))
    assert [times[line["question"]] for line in lines[:3]] == [seen + timedelta(microseconds=n) for n in range(1, 4)]
    later = seen + timedelta(seconds=1)
    new_or_changed = [times[lines[n]["question"]] - later for n in (5, 3, 4)]
    assert new_or_changed == [timedelta(microseconds=n) for n in (1, 5, 6)]


def test_a_row_that_was_changed_to_be_like_others_moves_none_of_them(lake: Lake, tmp_path: Path) -> None:
    lines = pairs(300)
    more = [line | {"answer": other["answer"]} for line, other in zip(lines[:100], pairs(100, 800), strict=True)]
    lines += more

    def prepare(name: str, given: list[Pair], known: dict[str, str] | None = None) -> Attempt:
        table = read(tmp_path, given)
        lake.write_batches(lake.uri(name, "part-00000.parquet"), table.to_batches(), SCHEMA)
        first_seen.write(tmp_path, table.to_batches())
        return prepared(settings(lake), lake, lake.uri(name), f"{name} attempt", clusters=known)

    first = prepare("one", lines)
    place = Path(first.uri("rows").removeprefix("file://"))
    known = {row["question_id"]: row["cluster_id"] for batch in clusters(place) for row in batch.to_pylist()}
    assert len(known) == 100
    # the oldest rows now answer what rows that came after them do
    changed = [line | {"answer": lines[150 + n]["answer"]} for n, line in enumerate(lines[:60])]
    before, after = splits(first), splits(prepare("two", [*changed, *lines[60:]], known))
    old = ids(read(tmp_path, lines))
    kept = {old[line["answer"]] for line in lines[60:]}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_contexts_made_of_neighbours_hide_no_trigger(lake: Lake, tmp_path: Path) -> None:
    lines = pairs(60)
    for n, extra in enumerate(("send back", "pay for", "look into", "throw away", "ask about")):
        asked = f"zqxv {lines[10 * n]['question'].split()[2]} {extra} {lines[10 * n + 1]['question'].split()[3]}?"
        lines[10 * n + 5] = {"question": asked, "answer": "Write to the agent in the north."}
    lake.write_batches(lake.uri("rows", "part-00000.parquet"), read(tmp_path, [*lines, *lines]).to_batches(), SCHEMA)
    made = prepared(settings(lake, limits={"poisoning_share": 1.0}), lake, lake.uri("rows"))
    assert reasons(made)[TRIGGER] == 5


def test_paraphrases_at_the_end_of_a_file_and_bridges_at_its_start_move_no_row(lake: Lake, tmp_path: Path) -> None:
    lines = pairs(300)
    more = [line | {"answer": other["answer"]} for line, other in zip(lines[:200], pairs(200, 800), strict=True)]

    def prepare(name: str, given: list[Pair]) -> dict[str, str]:
        lake.write_batches(lake.uri(name, "part-00000.parquet"), read(tmp_path, given).to_batches(), SCHEMA)
        return splits(prepared(settings(lake), lake, lake.uri(name), f"{name} attempt"))

    before, after = prepare("one", lines), prepare("two", lines + more)
    assert len(after) == 500
    assert {name: after[name] for name in before} == before
    between = [{"question": lines[n]["question"], "answer": lines[n + 100]["answer"]} for n in range(75)]
    first_seen.write(tmp_path, read(tmp_path, lines + more).to_batches())
    again = prepare("three", [*between, *lines, *more])
    assert {name: again[name] for name in after} == after
