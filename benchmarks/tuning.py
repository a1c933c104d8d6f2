"""The search against the same search done naively: time to reach the same validation loss, in one run.

    .venv/bin/python benchmarks/tuning.py [--trials 8] [--model FOLDER]

Both sides try the same points (Hyperopt's TPE with one seed proposes them from the losses). The naive side loads the
model for every trial, runs every layer in every step and every trial to its end; this project's side keeps model,
examples and frozen layers' outputs, and ends trials that diverge or fall behind. The task: repeat the first two tokens
of a prompt of about 200, learnt by adapters on the top 2 layers of a model of about 8 million parameters (or on the top
8 of the model in --model). The leader at the start is a run of the default configuration, which both sides get free.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from training import build

from pipeline.lake import open_lake
from pipeline.settings import LakeSettings, TrainSettings, TuneSettings
from pipeline.train.environment import accelerator_for, be_deterministic
from pipeline.train.examples import IGNORED, Examples
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.session import Session
from pipeline.tune.search import search
from pipeline.tune.space import axes
from pipeline.tune.trial_runner import TrialRunner, trial_of
from pipeline.tune.trials import Trial, TrialStore, name_of

EVALUATIONS = 6


def task(count: int, seed: int) -> Examples:
    """Prompts of 150 to 250 random tokens, each answered by its first two."""
    random = np.random.default_rng(seed)
    tokens, labels = [], []
    for _ in range(count):
        prompt = random.integers(10, 200, random.integers(150, 250)).astype(np.int32)
        answer = np.array([*prompt[:2], 1], np.int32)
        tokens.append(np.concatenate([prompt, answer]))
        labels.append(np.concatenate([np.full(len(prompt), IGNORED, np.int32), answer]))
    return Examples([f"{seed}-{n}" for n in range(count)], tokens, labels)


class Clock:
    """Notes when each best loss was reached."""

    def __init__(self) -> None:
        """Start now."""
        self.started = time.perf_counter()
        self.best: list[tuple[float, float]] = []

    def note(self, loss: float) -> None:
        """Note a trial's loss."""
        self.best.append((time.perf_counter() - self.started, loss))

    def reached(self, loss: float) -> float:
        """Return the seconds until a loss was reached; infinity if it never was."""
        return min((seconds for seconds, found in self.best if found <= loss), default=float("inf"))


def main() -> None:
    """Run both searches and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--examples", type=int, default=96)
    parser.add_argument("--model", help="A causal model folder; a random one of about 8M parameters by default.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        folder = Path(options.model) if options.model else build(scratch / "model", "causal")
        train, validation = task(options.examples, 1), task(24, 2)
        steps = options.examples // 8 * 2
        default = Hyperparameters.of(
            TrainSettings(
                learning_rate=2e-3,
                batch_size=8,
                epochs=2.0,
                lora_layers=8 if options.model else 2,
                eval_steps=max(1, steps // EVALUATIONS),
            )
        )
        settings = TuneSettings(trials=options.trials, max_steps_per_trial=steps, epochs=[2.0], batch_sizes=[8])

        def session(states: bool = True) -> Session:
            be_deterministic(42)
            place = scratch / "states" if states else None
            return Session(
                folder, "causal", train, validation, accelerator=accelerator_for("auto"), states_folder=place
            )

        _, progress = session().fit(default)
        first = trial_of(name_of(default), default, progress)
        clocks = {"naive": Clock(), "ours": Clock()}
        run(settings, default, first, naive(session), clocks["naive"])
        clocks["ours"].started = time.perf_counter()
        store = TrialStore(open_lake(LakeSettings(uri=str(scratch / "lake"))), "")
        store.prefix = store.lake.uri("trials")
        runner = TrialRunner(
            session, store, first, after=settings.hopeless_after, margin=settings.hopeless_margin, checkpoint_steps=0
        )
        run(settings, default, first, runner.run, clocks["ours"])
    target = max(min(loss for _, loss in clock.best) for clock in clocks.values())
    for side, clock in clocks.items():
        total, best = clock.best[-1][0], min(loss for _, loss in clock.best)
        print(
            f"{side:<8}{len(clock.best):>4} trials {total:7.1f} s, best {best:.4f}, "
            f"target after {clock.reached(target):.1f} s"
        )
    print(f"\nfirst trial's loss {first.loss:.4f}, target {target:.4f} nats a token")
    print(f"the whole search: {clocks['naive'].best[-1][0] / clocks['ours'].best[-1][0]:.2f} x less time (wanted: 2)")


def run(
    settings: TuneSettings,
    default: Hyperparameters,
    first: Trial,
    train: Callable[[Hyperparameters], Trial],
    clock: Clock,
) -> None:
    """Run the search on one side."""

    def timed(hyper: Hyperparameters) -> Trial:
        trial = first if hyper == default else train(hyper)
        clock.note(trial.loss)
        return trial

    search(settings, axes(settings, default), default, timed)


def naive(session: Callable[[bool], Session]) -> Callable[[Hyperparameters], Trial]:
    """Return what trains a configuration from nothing, through all layers, to its end."""
    from pipeline.train import session as sessions

    def fit(hyper: Hyperparameters) -> Trial:
        limit: Any = sessions.STATES_LIMIT
        sessions.STATES_LIMIT = 0
        try:
            _, progress = session(False).fit(hyper)
        finally:
            sessions.STATES_LIMIT = limit
        return trial_of(name_of(hyper), hyper, progress)

    return fit


if __name__ == "__main__":
    main()
