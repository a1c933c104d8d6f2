from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_training import hyper, task

from pipeline.train import adapters
from pipeline.train.batching import Loader
from pipeline.train.environment import accelerator_for
from pipeline.train.forgetting import Consolidated, Earlier, score, with_replay
from pipeline.train.objective import objective_for
from pipeline.train.session import Session

pytestmark = pytest.mark.model


def test_replay_adds_the_share_that_was_asked_for_and_no_question_twice() -> None:
    new, old = task(30, "causal", 1), task(50, "causal", 2)
    mixed = with_replay(new, Earlier(old, old), 0.25, seed=1)
    assert len(mixed) == 40
    assert mixed.ids[:30] == new.ids
    assert with_replay(new, Earlier(new, old), 0.25, seed=1).ids == new.ids
    assert with_replay(new, Earlier(old, old), 0.0, seed=1) is new


def test_the_score_is_the_relative_rise() -> None:
    assert score(2.0, 2.5) == pytest.approx(0.25)
    assert score(2.0, 1.0) == pytest.approx(-0.5)


def test_what_is_forgotten_is_measured(models: dict[str, Path]) -> None:
    old = Earlier(task(20, "causal", 7), task(12, "causal", 8))
    session = Session(
        models["causal"],
        "causal",
        task(24, "causal", 1),
        task(8, "causal", 2),
        accelerator=accelerator_for("cpu"),
        earlier=old,
    )
    model, progress = session.fit(hyper(method="full", epochs=4))
    assert progress.earlier_loss is not None
    before, after = progress.earlier_loss
    # the earlier questions are of the same kind, so learning on the new ones helps them too
    assert after < before
    assert all(torch.isfinite(p).all() for p in adapters.trainable(model).values())


def test_consolidation_holds_the_weights_that_earlier_answers_depend_on(models: dict[str, Path]) -> None:
    old = Earlier(task(20, "causal", 7), task(12, "causal", 8))

    def moved(strength: float) -> float:
        session = Session(
            models["causal"],
            "causal",
            task(24, "causal", 1),
            task(8, "causal", 2),
            accelerator=accelerator_for("cpu"),
            earlier=old,
            ewc_strength=strength,
        )
        settings = hyper(method="full", epochs=4, early_stopping_patience=0)
        start = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu")).state_dict()
        model, _ = session.fit(settings)
        probe = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu"))
        fisher = Consolidated(objective_for(probe, "causal"), Loader(old.train, "causal", 0), 1.0).fisher
        now = model.state_dict()
        return sum(float((value * (now[name] - start[name]) ** 2).sum()) for name, value in fisher.items())

    assert moved(1e5) < 0.5 * moved(0.0)
