from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.evaluate.comparison import compare
from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.intervals import estimate, resampled, wilson_interval
from pipeline.evaluate.metrics.registry import all_metrics
from pipeline.evaluate.slices import sliced

from .builders import outcome

METRICS = all_metrics()
F1 = METRICS["token_f1"]


def answers(right: list[bool], **values: str) -> list[Outcome]:
    return [
        outcome("folder" if good else "wrong", "folder", question=f"q{place:03d}", **values)
        for place, good in enumerate(right)
    ]


def test_interval_is_that_of_the_binomial() -> None:
    found = estimate(F1, answers([place % 4 != 0 for place in range(200)]), 4000, 1)
    half = 1.96 * (0.75 * 0.25 / 200) ** 0.5
    assert found.value == pytest.approx(0.75)
    assert found.low == pytest.approx(0.75 - half, abs=0.01)
    assert found.high == pytest.approx(0.75 + half, abs=0.01)


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(0)
    found = [estimate(F1, answers(list(rng.random(60) < 0.7)), 400, seed) for seed in range(120)]
    covered = np.mean([e.low <= 0.7 <= e.high for e in found if e.low is not None and e.high is not None])
    assert 0.88 <= covered <= 0.99


def test_resampling_equals_drawing_rows_with_replacement() -> None:
    statistics = np.arange(12, dtype=float).reshape(6, 2)
    totals = resampled(statistics, 5000, 3)
    assert totals.mean(axis=0) == pytest.approx(statistics.sum(axis=0), rel=0.02)
    expected = 6 * statistics[:, 0].var()
    assert totals[:, 0].var() == pytest.approx(expected, rel=0.08)
    assert np.array_equal(totals, resampled(statistics, 5000, 3))


def test_all_wrong_is_not_certainly_nought() -> None:
    found = estimate(METRICS["exact_match"], answers([False] * 30), 500, 1)
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(wilson_interval(0, 30)[1]) == pytest.approx(0.1135, abs=1e-3)


def test_metrics_that_are_no_sums_get_no_interval() -> None:
    found = estimate(METRICS["distinct_1"], answers([True, False]), 500, 1)
    assert found.value is not None
    assert found.low is None


def test_nothing_to_measure_gives_no_value() -> None:
    assert estimate(METRICS["perplexity"], answers([True]), 500, 1).value is None


def test_a_few_slightly_better_answers_prove_nothing() -> None:
    """Four of 48 that are better, none worse: by chance all four point one way twice in sixteen times."""
    texts = [("folder", "folder")] * 44 + [("the open folder", "open folders here")] * 4
    first = [outcome(mine, "open folder", question=f"q{place:03d}") for place, (mine, _) in enumerate(texts)]
    second = [outcome(other, "open folder", question=f"q{place:03d}") for place, (_, other) in enumerate(texts)]
    found = compare(F1, first, second, 4000, 1)
    assert found is not None
    assert (found.wins, found.losses, found.ties) == (4, 0, 44)
    assert found.low > 0
    assert found.p_value == pytest.approx(2 / 16, abs=0.02)
    assert found.direction == "no clear difference"


@pytest.mark.parametrize("name", ["token_f1", "chrf"])
def test_p_values_of_equal_models_are_spread_evenly(name: str) -> None:
    rng = np.random.default_rng(4)
    found = [
        compare(METRICS[name], answers(list(rng.random(40) < 0.5)), answers(list(rng.random(40) < 0.5)), 300, seed)
        for seed in range(100)
    ]
    assert np.mean([one.p_value < 0.05 for one in found if one]) <= 0.1
    assert 0.35 <= np.mean([one.p_value for one in found if one]) <= 0.7


def test_a_clear_gain_is_clear_for_every_kind_of_metric() -> None:
    first, second = answers([place % 5 != 0 for place in range(48)]), answers([place % 5 == 1 for place in range(48)])
    for name in ("token_f1", "exact_match", "rouge_l", "chrf"):
        found = compare(METRICS[name], first, second, 1000, 1)
        assert found is not None
        assert found.direction == "better", name
        assert found.p_value < 0.01


def test_pairing_sees_a_small_steady_gain_that_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(1)
    easy = list(rng.random(100) < 0.5)
    better = [good or place < 12 for place, good in enumerate(easy)]
    first, second = answers(better), answers(easy)
    found = compare(F1, first, second, 2000, 1)
    assert found is not None
    assert found.direction == "better"
    assert found.p_value < 0.05
    assert found.losses == 0
    assert found.wins == sum(better) - sum(easy)
    apart = estimate(F1, first, 2000, 1), estimate(F1, second, 2000, 1)
    assert apart[0].low < apart[1].high  # type: ignore[operator]


def test_a_loss_is_worse_and_equals_are_no_difference() -> None:
    good, bad = answers([True] * 40), answers([True] * 20 + [False] * 20)
    assert compare(F1, bad, good, 500, 1).direction == "worse"  # type: ignore[union-attr]
    same = compare(F1, good, good, 500, 1)
    assert same is not None
    assert (same.direction, same.p_value, same.difference) == ("no clear difference", 1.0, 0.0)


def test_lower_is_better_turns_the_direction() -> None:
    def surprised(by: float) -> list[Outcome]:
        return [outcome("x", question=str(n), log_likelihood=-by - n % 3 / 10, tokens=1) for n in range(30)]

    found = compare(METRICS["perplexity"], surprised(1), surprised(2), 500, 1)
    assert found is not None
    assert found.difference < 0
    assert found.direction == "better"


def test_false_alarms_are_about_five_in_a_hundred() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for seed in range(150):
        first, second = answers(list(rng.random(50) < 0.6)), answers(list(rng.random(50) < 0.6))
        found = compare(F1, first, second, 300, seed)
        alarms += found is not None and found.direction != "no clear difference"
    assert alarms / 150 < 0.13


def test_other_questions_cannot_be_compared() -> None:
    with pytest.raises(PipelineError, match="same questions"):
        compare(F1, answers([True, True]), answers([True, True])[::-1], 200, 1)


def test_slices_add_up_and_name_the_weak_one() -> None:
    strong, weak = answers([True] * 40, source="docs"), answers([False] * 20, source="tickets")
    found = sliced([*strong, *weak], [F1], 500, 1)
    by_source = {part.name: part for part in found if part.kind == "source"}
    assert {name: part.count for name, part in by_source.items()} == {"docs": 40, "tickets": 20}
    assert by_source["tickets"].weak
    assert not by_source["docs"].weak
    assert all(sum(part.count for part in found if part.kind == kind) == 60 for kind in {part.kind for part in found})


def test_a_kind_with_one_slice_says_nothing_and_many_topics_are_folded() -> None:
    rows = [outcome("folder", "folder", question=str(n), topic=f"page {n % 20:02d}") for n in range(100)]
    found = sliced([*rows, outcome("folder", "folder", topic="rare")], [F1], 200, 1)
    assert {part.kind for part in found} == {"topic"}
    assert len(found) == 13
    assert (found[-1].name, found[-1].count) == ("9 smaller ones", 41)
    assert not any(part.small for part in found)
