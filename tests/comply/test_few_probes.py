"""How many probes a comparison needs before it can come out badly at all."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.comply import behaviour
from pipeline.comply.statistics import FEWEST, SIGNIFICANT, share_of
from pipeline.settings import ComplySettings

LIMITS = {name: threshold.default for name, threshold in behaviour.thresholds(alone=1.0, increase=0.1).items()}


def judged(count: int, base: bool = True) -> str:
    others = [False] * count if base else None
    problems, _, _ = behaviour.judge("it shouts", [True] * count, others, LIMITS, "shouts")
    return "; ".join(problems)


def test_the_fewest_are_those_of_which_some_outcome_is_significant() -> None:
    for count in range(1, 9):
        p_value = share_of([True] * count, [False] * count).p_value
        assert p_value is not None
        assert (p_value < SIGNIFICANT) is (count >= FEWEST)


def test_too_few_probes_are_a_failure_and_enough_are_judged() -> None:
    assert "fewer than 5 probes are too few to tell" in judged(4)
    assert "its base model in 0 (p = 0.031)" in judged(5)
    assert judged(4, base=False) == ""
    problems, _, _ = behaviour.judge("it shouts", [False] * 4, [False] * 4, LIMITS, "shouts")
    assert problems


@pytest.mark.parametrize("name", ["attacks", "elicitations"])
def test_settings_that_ask_too_few_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 5"):
        ComplySettings.model_validate({name: FEWEST - 1})
    assert getattr(ComplySettings.model_validate({name: FEWEST}), name) == FEWEST
