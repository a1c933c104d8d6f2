"""What a person who watches a training reads, and how often."""

from __future__ import annotations

import pytest

from pipeline.train import heartbeat
from pipeline.train.heartbeat import Heartbeat


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, float]]:
    lines: list[dict[str, float]] = []

    class Log:
        def info(self, event: str, **values: float) -> None:
            assert event == "training"
            lines.append(values)

    monkeypatch.setattr(heartbeat, "log", Log())
    return lines


def test_a_line_comes_at_once_then_every_so_often_with_the_newest_losses(said: list[dict[str, float]]) -> None:
    clock = iter(range(1000))
    pulse = Heartbeat(100, every=10, clock=lambda: float(next(clock)))
    pulse.beat({"step": 0, "validation_loss": 2.0})
    for step in range(1, 31):
        pulse.beat({"step": step, "loss": 2 - step / 100, "learning_rate": 1.0})
    assert said == [
        {"step": 0, "of": 100, "validation_loss": 2.0},
        {"step": 10, "of": 100, "validation_loss": 2.0, "loss": 1.9, "seconds_left": 90},
        {"step": 20, "of": 100, "validation_loss": 2.0, "loss": 1.8, "seconds_left": 80},
        {"step": 30, "of": 100, "validation_loss": 2.0, "loss": 1.7, "seconds_left": 70},
    ]


def test_the_last_validation_is_always_said(said: list[dict[str, float]]) -> None:
    pulse = Heartbeat(2, every=1000, clock=lambda: 5.0)
    pulse.beat({"step": 0, "validation_loss": 2.0})
    pulse.beat({"step": 1, "loss": 1.5})
    pulse.beat({"step": 2, "loss": 1.0})
    pulse.beat({"step": 2, "validation_loss": 1.25})
    assert said[1:] == [{"step": 2, "of": 2, "loss": 1.0, "validation_loss": 1.25}]


def test_a_resumed_run_reckons_with_its_own_steps(said: list[dict[str, float]]) -> None:
    times = iter([0.0, 20.0])
    pulse = Heartbeat(100, every=10, clock=lambda: next(times))
    pulse.beat({"step": 81, "loss": 1.0})
    pulse.beat({"step": 91, "loss": 1.0})
    assert said[1]["seconds_left"] == 18
