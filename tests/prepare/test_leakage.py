from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.lake import Lake, open_lake
from pipeline.prepare import facts, leakage
from pipeline.prepare.decisions import Decisions
from pipeline.prepare.deduplicate import across
from pipeline.prepare.deduplicate.prefixes import COUNTER_BITS, PREFIXES, prefixes_of
from pipeline.prepare.deduplicate.sketches import Sketches
from pipeline.prepare.deduplicate.words import Ragged
from pipeline.prepare.splits import split_of
from pipeline.settings import LakeSettings, PrepareSettings, Settings

from .cleaned_rows import write_cleaned

SHARES = (0.8, 0.1, 0.1)
BEYOND = 24_000


def texts(count: int) -> dict[str, tuple[str, str]]:
    """Rows of which every third answers in the same words as many others, and none is similar to another."""
    chance = random.Random(5)
    common = " ".join(f"common{n}" for n in range(4))
    return {
        f"q{number:06d}": (
            f"What is thing {chance.getrandbits(40):x} here?",
            f"{common if number % 3 else ''} it {chance.getrandbits(40):x} was {chance.getrandbits(40):x} seen",
        )
        for number in range(count)
    }


def named(rows: dict[str, Any], split: str, at_least: int = 0) -> str:
    """Return the first row of a split from a place on."""
    return next(name for name in sorted(rows)[at_least:] if split_of(name, SHARES) == split)


def taken_out(lake: Lake, uri: str, **chosen: Any) -> tuple[list[int], dict[str, Any]]:
    """Return the rows that are taken out when no cluster was found, and what was measured."""
    known = facts.read(lake, uri)
    made = Decisions(code=np.zeros(len(known), np.int16), refusal=np.zeros(len(known), bool))
    prepare = PrepareSettings(split=SHARES, near_duplicate_threshold=chosen.pop("threshold", 0.8))
    settings = chosen.pop("settings", Settings()).model_copy(
        update={"lake": LakeSettings(uri=lake.root), "prepare": prepare}
    )
    spark = chosen.pop("spark", None)
    how = {"spread": False, **chosen}
    prefixes = leakage.write_prefixes(spark, settings, lake, uri, len(known), lake.uri("scratch"), **how)
    leakage.take_out(settings, lake, uri, known, made, prefixes)
    assert not lake.objects(lake.uri("scratch"))
    return np.flatnonzero(made.code).tolist(), made.measured["leakage"]


@pytest.mark.parametrize("at_once", [across.ENTRIES_AT_ONCE, 20_000])
def test_the_only_leaking_pair_of_many_rows_is_found(lake: Lake, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(across, "ENTRIES_AT_ONCE", at_once)
    monkeypatch.setattr(across, "PAIRS_AT_ONCE", 1000)
    rows = texts(BEYOND)
    train, held_out = named(rows, "train", 50), named(rows, "test", BEYOND - 100)
    long = " ".join(f"word{n}" for n in range(40))
    rows[train], rows[held_out] = ("How is it done?", long), ("How is it done?", f"{long} indeed")
    found, measured = taken_out(lake, write_cleaned(lake, rows))
    assert found == [sorted(rows).index(held_out)]
    assert measured["removed"] == 1
    assert measured["checked"] == sum(split_of(name, SHARES) != "train" for name in rows)
    assert measured["against"] == BEYOND - measured["checked"]


def test_a_test_row_must_not_be_like_a_row_of_validation(lake: Lake) -> None:
    rows = texts(300)
    validation, test = named(rows, "validation"), named(rows, "test")
    rows[validation] = rows[test] = ("How is it done?", " ".join(f"word{n}" for n in range(40)))
    found, _ = taken_out(lake, write_cleaned(lake, rows))
    assert found == [sorted(rows).index(test)]


@pytest.mark.parametrize(("threshold", "left"), [(0.75, None), (0.78, 0.7692), (0.9, 0.0)])
def test_below_the_threshold_a_row_stays_and_near_it_its_similarity_is_told(
    lake: Lake, threshold: float, left: float | None
) -> None:
    rows = texts(300)
    common = " ".join(f"word{n}" for n in range(40))  # with the question 40 shingles, and six more for each
    rows[named(rows, "train")] = ("It is", f"{common} {' '.join(f'x{n}' for n in range(6))}")
    rows[named(rows, "test")] = ("It is", f"{common} {' '.join(f'y{n}' for n in range(6))}")
    found, measured = taken_out(lake, write_cleaned(lake, rows), threshold=threshold)
    assert bool(found) == (left is None)
    assert measured["highest_similarity"] == (left or 0.0)


@pytest.mark.spark
def test_spark_finds_the_same(spark: Any, spark_settings: Settings, tmp_path: Path) -> None:
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    rows = texts(900)
    train, held_out = named(rows, "train"), named(rows, "validation", 500)
    rows[train] = rows[held_out] = ("How is it done?", "Exactly so, and in no other way.")
    uri = write_cleaned(lake, rows)
    assert taken_out(lake, uri, spark=spark, settings=spark_settings, spread=True) == taken_out(lake, uri)
    assert len(taken_out(lake, uri)[0]) == 1


MEMBERS = st.sets(st.integers(0, 25), max_size=24)


@examples(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(MEMBERS, st.integers(-1, 2)), min_size=2, max_size=14),
    st.sampled_from([0.5, 0.75, 0.8, 0.95, 1.0]),
    st.integers(0, 3),
    st.sampled_from([3, 10**6]),
)
def test_no_similar_pair_of_different_splits_is_missed(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[set[int], int]],
    threshold: float,
    seed: int,
    at_once: int,
) -> None:
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 2**64 - 1, 26, np.uint64)
    sets = [np.sort(hashes[sorted(members)]) for members, _ in rows]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    counted = chance.integers(0, 3, 1 << COUNTER_BITS).astype(np.uint16)
    ragged = Ragged(np.concatenate(sets), starts)
    batch, known = prefixes_of(ragged, counted, threshold), Sketches.of(ragged, 4)
    lake = open_lake(LakeSettings(uri=str(tmp_path_factory.mktemp("lake"))))
    lake.write_batches(lake.uri("prefixes", "part-00000.parquet"), [batch], PREFIXES)
    splits = np.array([split for _, split in rows], np.int8)
    entries = len(batch["entries"].values)
    left, right = across.candidates(lake, lake.uri("prefixes"), entries, splits, known, threshold, at_once=at_once)
    similar = {
        (one, other)
        for one, (first, early) in enumerate(rows)
        for other, (second, late) in enumerate(rows)
        if 0 <= early < late and first | second and len(first & second) / len(first | second) >= threshold
    }
    found = list(zip(left.tolist(), right.tolist(), strict=True))
    assert similar <= set(found)
    assert len(found) == len(set(found))
    assert all(0 <= rows[one][1] < rows[other][1] for one, other in found)
