"""The search's report: every trial, loss by trial, parallel coordinates, and which hyperparameters mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.train.plots import Series, chart, parallel
from pipeline.train.report import Report, Section, Table, forgetting_is_known, rise
from pipeline.tune.space import Axis
from pipeline.tune.trials import Trial

ENOUGH = 8
"""Trials below which no statement about importance is made: a forest over fewer points says nothing."""


def values_of(trial: Trial, space: Sequence[Axis]) -> list[float]:
    """Return a trial's place on each axis; logarithms where the search is logarithmic."""
    made = {
        **trial.hyperparameters,
        "alpha_over_rank": trial.hyperparameters["lora_alpha"] / trial.hyperparameters["lora_rank"],
    }
    return [math.log10(made[axis.name]) if axis.log else float(made[axis.name]) for axis in space]


def importance(trials: Sequence[Trial], space: Sequence[Axis]) -> dict[str, float]:
    """Return each axis' share in explaining the losses, by a random forest's impurity decrease (0 to 1, sum 1).

    The measure of Hutter et al., 2014 (fANOVA) in its simplest form; empty when there are too few trials.
    """
    trials = [trial for trial in trials if not trial.failed]
    if len(trials) < ENOUGH:
        return {}
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=200, random_state=0)
    forest.fit([values_of(trial, space) for trial in trials], [trial.loss for trial in trials])
    return {axis.name: round(float(v), 4) for axis, v in zip(space, forest.feature_importances_, strict=True)}


def tuning_report(facts: Mapping[str, Any], trials: Sequence[Trial], space: Sequence[Axis]) -> Report:
    """Return the report of a search; `trials` in the order in which they are numbered."""
    best = facts["best_trial"]
    losses = [trial.loss for trial in trials]
    running = [min(losses[: number + 1]) for number in range(len(losses))]
    trained = [trial for trial in trials if not trial.failed]
    lead = (
        f"{len(trials)} trials; number {best} goes on as the candidate with a validation loss of {losses[best]:.3f} "
        f"nats a token ({'the configured default' if best == 0 else f'the default had {losses[0]:.3f}'}). "
        "Its weights are promoted as they are, not trained again."
    )
    names = [f"{axis.name} (log10)" if axis.log else axis.name for axis in space]
    points = [(float(number), trial.loss) for number, trial in enumerate(trials) if not trial.failed]
    best_so_far = [(float(number), loss) for number, loss in enumerate(running)]
    weights: Mapping[str, float] = facts["importance"]
    return Report(
        "Hyperparameter search",
        lead,
        [
            Section(
                "Loss by trial",
                "Validation loss of each trial; test questions are never seen here.",
                [
                    chart(
                        "Loss by trial",
                        "trial",
                        "nats a token",
                        [Series("trial", points, line=False), Series("best so far", best_so_far)],
                    )
                ],
            ),
            Section(
                "Validation loss during the trials",
                plots=[
                    chart(
                        "Validation loss during the trials",
                        "examples seen",
                        "nats a token",
                        [
                            Series(f"trial {number}", [(float(examples), loss) for examples, loss in trial.curve])
                            for number, trial in enumerate(trials)
                            if not trial.failed
                        ],
                    )
                ],
            ),
            Section(
                "All trials at a glance",
                "One line for each trial; the darker, the lower its loss.",
                [
                    parallel(
                        "Parallel coordinates",
                        names,
                        [values_of(trial, space) for trial in trained],
                        [trial.loss for trial in trained],
                    )
                ],
            ),
            Section("Trials", table=_table(trials, space, best)),
            Section(
                "What mattered",
                "Share of the losses' variation that each hyperparameter explains."
                if weights
                else f"With fewer than {ENOUGH} trials nothing can be said about which hyperparameter mattered.",
                table=Table(("hyperparameter", "importance"), sorted(weights.items(), key=lambda item: -item[1]))
                if weights
                else None,
            ),
        ],
    )


def _table(trials: Sequence[Trial], space: Sequence[Axis], best: int) -> Table:
    measured = any(trial.forgetting for trial in trials)
    known = any(forgetting_is_known(trial.forgetting) for trial in trials)
    rows = []
    for number, trial in enumerate(trials):
        shown = {**trial.hyperparameters, "alpha_over_rank": trial.hyperparameters["lora_alpha"]}
        cells = [f"{shown[axis.name]:.3g}" for axis in space]
        loss = "failed" if trial.failed else round(trial.loss, 4)
        ended = trial.failed or trial.stopped or ""
        forgotten = [rise(trial.forgetting)] if measured else []
        rows.append((number, loss, f"{trial.steps}/{trial.planned_steps}", *cells, *forgotten, ended))
    columns = (
        "trial",
        "loss",
        "steps",
        *(a.name.replace("alpha_over_rank", "lora_alpha") for a in space),
        *(["forgetting" if known else "earlier questions against the untrained base"] if measured else []),
        "ended early",
    )
    return Table([name.replace("_", " ") for name in columns], rows, best=best)
