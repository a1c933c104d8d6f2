from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.lake import Lake, open_lake
from pipeline.prepare.deduplicate import find as finding
from pipeline.prepare.deduplicate import meet
from pipeline.prepare.deduplicate.candidates import Ranks
from pipeline.prepare.deduplicate.find import find
from pipeline.prepare.deduplicate.keys import Kind, Sets, forms
from pipeline.prepare.deduplicate.meet import Bucket, buckets, candidates
from pipeline.prepare.deduplicate.sketches import WHOLE, Sketches
from pipeline.prepare.deduplicate.verify import of_pairs
from pipeline.prepare.deduplicate.words import Ragged
from pipeline.prepare.facts import read
from pipeline.settings import LakeSettings, Settings

from .cleaned_rows import write_cleaned

MEMBERS = st.sets(st.integers(0, 40), max_size=40)


@examples(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(MEMBERS, min_size=2, max_size=10), st.sampled_from([0.5, 0.75, 0.8, 0.95, 1.0]), st.integers(0, 3))
def test_sketches_rule_out_no_similar_pair(sets: list[set[int]], threshold: float, seed: int) -> None:
    hashes = np.random.default_rng(seed).integers(0, 2**64 - 1, 41, np.uint64)
    values = [np.sort(hashes[sorted(members)]) for members in sets]
    ragged = Ragged(np.concatenate(values), np.concatenate([[0], np.cumsum([len(one) for one in values])]))
    left, right = np.triu_indices(len(sets), 1)
    similar = of_pairs(ragged, left, right) >= threshold
    for words in (1, 4):
        assert Sketches.of(ragged, words).may_be_similar(left, right, threshold)[similar].all()


def test_sketches_rule_out_most_rows_that_share_a_third_of_their_words() -> None:
    chance = np.random.default_rng(1)
    common = chance.integers(0, 2**64 - 1, (200, 30), np.uint64)
    own = chance.integers(0, 2**64 - 1, (400, 30), np.uint64)
    values = np.sort(np.concatenate([np.repeat(common, 2, axis=0), own], axis=1), axis=1)
    ragged = Ragged(values.ravel(), np.arange(401) * 60)
    left = np.arange(200) * 2
    assert Sketches.of(ragged, 4).may_be_similar(left, left + 1, 0.8).sum() <= 2


def crowd(number: int) -> dict[str, tuple[str, str]]:
    """Rows that all ask in much the same words, every tenth a copy of the one before with a word changed."""
    chance = random.Random(3)
    words = ["".join(letters) for letters in product("bdfgk", "aeiou", "lmnrst", "aeiou", "bdfgk")]
    rows: dict[str, tuple[str, str]] = {}
    answer: list[str] = []
    for n in range(number):
        answer = [*answer[:-1], "changed"] if n % 10 == 1 else chance.sample(words, 40)
        rows[f"q{n:06d}"] = (f"How do I set up thing number {n - n % 10 if n % 10 == 1 else n} here?", " ".join(answer))
    return rows


def order(rows: int) -> Ranks:
    """The rows in the order in which they stand."""
    return np.arange(rows, dtype=np.int32)


def found(lake: Lake, uri: str, **chosen: Any) -> set[tuple[int, int]]:
    spark, settings = chosen.pop("spark", None), chosen.pop("settings", Settings())
    settings = settings.model_copy(update={"lake": LakeSettings(uri=lake.root)})
    known, scratch = read(lake, uri), lake.uri("scratch")
    made = find(spark, settings, lake, uri, known.same_key, known.ranks, scratch, **{"spread": False, **chosen})
    assert not lake.objects(lake.uri("scratch"))
    return set(zip(made.duplicates[0].tolist(), made.duplicates[1].tolist(), strict=True))


def test_buckets_together_hold_what_one_would(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = write_cleaned(lake, crowd(600))
    keep = np.ones(600, bool)
    whole = set(zip(*map(np.ndarray.tolist, candidates(lake, uri, keep, order(600), 0.8, Bucket(0, 1))), strict=True))
    monkeypatch.setattr(meet, "KEYS_A_SLICE", 500)
    parts = [
        set(zip(*map(np.ndarray.tolist, candidates(lake, uri, keep, order(600), 0.8, Bucket(number, 5))), strict=True))
        for number in range(5)
    ]
    assert set().union(*parts) == whole
    assert all(part < whole for part in parts)
    keep[1] = False
    left = {pair for pair in whole if 1 not in pair}
    assert (
        set(zip(*map(np.ndarray.tolist, candidates(lake, uri, keep, order(600), 0.8, Bucket(0, 1))), strict=True))
        == left
    )


def test_rows_that_only_ask_in_common_words_are_no_candidates(lake: Lake) -> None:
    left, _ = candidates(lake, write_cleaned(lake, crowd(2000)), np.ones(2000, bool), order(2000), 0.8, Bucket(0, 1))
    # the 200 copies, and some rows whose questions differ in one of eight words
    assert 200 <= len(left) < 2000


def test_rows_with_half_of_their_words_in_common_are_no_candidates(lake: Lake) -> None:
    common = " ".join(f"common{n}" for n in range(24))
    rows = {
        f"q{n:03d}": (f"{n} {n + 500}?", f"{common} {' '.join(f'own{n * 20 + m}' for m in range(20))}")
        for n in range(300)
    }
    left, _ = candidates(lake, write_cleaned(lake, rows), np.ones(300, bool), order(300), 0.8, Bucket(0, 1))
    assert len(left) == 0


def test_sketches_are_read_in_the_order_of_the_rows(lake: Lake) -> None:
    rows = crowd(30)
    sets = Sets.of(forms(*(pa.array(side) for side in zip(*rows.values(), strict=True))))
    read_back = Sketches.read(lake, write_cleaned(lake, rows), WHOLE)
    assert read_back.sizes.tolist() == sets.whole.lengths().tolist()
    assert [word.tolist() for word in read_back.words] == [word.tolist() for word in Sketches.of(sets.whole, 4).words]


def test_many_rows_are_cut_into_buckets() -> None:
    assert buckets(0, 0.8) == [Bucket(0, 1)]
    assert buckets(250_000, 0.8) == [Bucket(0, 1)]
    assert buckets(10_000_000, 0.8)[-1] == Bucket(39, 40)
    assert len(buckets(10_000_000, 0.5)) > 60
    keys = np.random.default_rng(2).integers(-(2**63), 2**63 - 1, 4000) | Kind.ANSWER
    shares = [Bucket(number, 4).holds(keys).sum() for number in range(4)]
    assert sum(shares) == 4000
    assert min(shares) > 800


def test_every_copy_among_many_rows_is_found_whoever_looks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = write_cleaned(lake, crowd(3000))
    wanted = {(n, n + 1) for n in range(0, 3000, 10)}
    assert found(lake, uri) == wanted
    monkeypatch.setattr(meet, "KEYS_AT_ONCE", 30_000)
    monkeypatch.setattr(finding, "PAIRS_AT_ONCE", 100)
    monkeypatch.setattr(finding, "PAIRS_JUDGED", 30)
    assert found(lake, uri) == wanted


@pytest.mark.spark
def test_spark_finds_the_same(spark: Any, spark_settings: Settings, tmp_path: Path) -> None:
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    rows = crowd(900)
    uri = write_cleaned(lake, rows | {"q000000copy": rows["q000000"]})
    made = found(lake, uri, spark=spark, settings=spark_settings, spread=True)
    assert made == found(lake, uri)
    assert (0, 1) in made
    assert len(made) == 91
