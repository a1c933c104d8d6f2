"""Splits stay what they were when data grows, changes or comes in another order."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.lake import Lake
from pipeline.prepare.clusters import BETWEEN, named
from pipeline.prepare.first_seen import clusters
from pipeline.records import Row
from pipeline.stage import Attempt

from .test_stage import good, read, reasons, settings, word
from .without_spark import SEEN, prepared, repository, row

LATER = SEEN + timedelta(days=3)


def splits(made: Attempt) -> dict[str, str]:
    found = read(made, "rows")
    return dict(zip(found["question_id"].to_pylist(), found["split"].to_pylist(), strict=True))


def paraphrase(one: Row, number: int, **other: object) -> Row:
    """The same question with another answer, under an id that may come before that of the question."""
    said = "So " + " ".join(word(random.Random(7000 + number * 20 + n)) for n in range(14)) + "."
    return row(one.question, said, **{"question_id": f"p{number:05d}", **other})


@pytest.mark.parametrize("seen", [SEEN + timedelta(seconds=1), LATER])
def test_paraphrases_that_come_later_follow_the_rows_that_were_there(lake: Lake, seen: object) -> None:
    old = good(160)
    new = [paraphrase(old[n], n, collected_at=seen) for n in range(0, 160, 3)]
    before = splits(prepared(settings(lake), lake, repository(lake, old, "one"), "first"))
    after = splits(prepared(settings(lake), lake, repository(lake, old + new, "two"), "second"))
    assert {name: after[name] for name in before} == before
    assert all(after[one.question_id] == before[f"q{3 * n:05d}"] for n, one in enumerate(new))


def test_rows_between_two_splits_move_nothing_and_are_set_aside(lake: Lake) -> None:
    old = good(160)
    before = splits(prepared(settings(lake), lake, repository(lake, old, "one"), "first"))
    train, test = ([one for one in old if before[one.question_id] == split] for split in ("train", "test"))
    bridges = [
        row(one.question, other.answer, question_id=f"a{n:05d}", collected_at=LATER)
        for n, (one, other) in enumerate(zip(train, test, strict=False))
    ]
    made = prepared(settings(lake), lake, repository(lake, old + bridges, "two"), "second")
    assert splits(made) == before
    assert reasons(made) == {BETWEEN: len(test)}
    assert made.facts["leakage"]["removed"] == 0
    # rows of one split may be brought together
    near = row(train[0].question, train[1].answer, question_id="b", collected_at=LATER)
    made = prepared(settings(lake), lake, repository(lake, [*old, near], "three"), "third")
    assert splits(made) == before | {"b": "train"}


@pytest.mark.parametrize("related", [True, False])
def test_rows_keep_the_name_of_their_cluster_when_its_first_row_is_gone(lake: Lake, related: bool) -> None:
    old = good(160)
    new = [paraphrase(one, n, question_id=f"r{n:05d}") for n, one in enumerate(old[:100])]
    new += [paraphrase(one, n + 100, question_id=f"s{n:05d}") for n, one in enumerate(old[:100] if related else [])]
    first = prepared(settings(lake), lake, repository(lake, old + new, "one"), "first")
    place = Path(first.uri("rows").removeprefix("file://"))
    known = {name: cluster for batch in clusters(place) for name, cluster in zip(*map(list_of, batch), strict=True)}
    assert set(known) == {one.question_id for one in new}
    left = repository(lake, old[100:] + new, "two")
    again = splits(prepared(settings(lake), lake, left, "second", clusters=known))
    assert again == {name: split for name, split in splits(first).items() if name in again}
    assert len(again) == 60 + len(new)


def test_a_cluster_that_filled_an_empty_split_stays_in_it_when_data_grows(lake: Lake) -> None:
    rows = good(400)
    for start in range(0, 200, 10):  # any few rows that leave a split empty
        few, name = rows[start : start + 20], f"few {start}"
        first = prepared(settings(lake), lake, repository(lake, few, name), f"{name} made")
        before = splits(first)
        assert set(before.values()) == {"train", "validation", "test"}
        place = Path(first.uri("rows").removeprefix("file://"))
        known = {row["question_id"]: row["cluster_id"] for batch in clusters(place) for row in batch.to_pylist()}
        if known:
            break
    assert known, "no split was empty"
    after = splits(prepared(settings(lake), lake, repository(lake, few + rows[220:], "many"), "made", clusters=known))
    assert len(after) == 200
    assert {name: after[name] for name in before} == before


def list_of(column: pa.Array) -> list[str]:
    return list(column.to_pylist())


def test_rows_that_come_at_once_share_one_split_however_they_are_related(lake: Lake) -> None:
    rows = good(160)
    rows += [row(one.question, other.answer, number=200 + n) for n, (one, other) in enumerate(pairwise(rows[:9]))]
    made = prepared(settings(lake), lake, repository(lake, rows))
    assert reasons(made) == {}
    found = splits(made)
    assert len({found[f"q{n:05d}"] for n in range(9)}) == 1


@examples(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] != p[1]), max_size=25),
)
def test_no_later_row_changes_the_cluster_of_an_earlier_one(batches: list[int], edges: list[tuple[int, int]]) -> None:
    times, ranks = np.array(batches), np.empty(12, np.int32)
    ranks[np.argsort(times, kind="stable")] = np.arange(12)

    def anchors(until: int) -> dict[int, int]:
        known = [edge for edge in edges if max(times[list(edge)]) <= until]
        left, right = (np.array([edge[side] for edge in known], np.int64) for side in (0, 1))
        found = named(left, right, times, ranks)
        own = {row: row for row in range(12) if times[row] <= until}
        return own | dict(zip(found.members.tolist(), found.anchors.tolist(), strict=True))

    last = anchors(3)
    for until in range(3):
        early = anchors(until)
        assert {row: last[row] for row in early} == early
    for one, other in edges:
        if times[one] == times[other]:
            assert last[one] == last[other]
