"""The search: Hyperopt's Tree-structured Parzen Estimator (Bergstra et al., 2011) over the space, trial 0 first.

A killed search is replayed: with the same seed TPE proposes the same points as long as the losses are the same, and
the trials that had ended answer at once. So there is no state of the search to keep besides its trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pipeline.settings import TuneSettings
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune.space import Axis, default_point, hyperopt_space, hyperparameters
from pipeline.tune.trials import Trial

RunTrial = Callable[[Hyperparameters], Trial]


def search(settings: TuneSettings, space: Sequence[Axis], default: Hyperparameters, run_trial: RunTrial) -> None:
    """Propose `settings.trials` configurations one after the other, the default first, and have each one run."""
    from hyperopt.fmin import generate_trials_to_calculate

    trials = generate_trials_to_calculate([default_point(space, default)])
    # the point to calculate comes on top of the evaluations that are asked for
    _minimise(settings, space, default, run_trial, trials, settings.trials - 1)


def search_on_spark(
    settings: TuneSettings, space: Sequence[Axis], default: Hyperparameters, run_trial: RunTrial, spark: Any
) -> None:
    """Propose as many configurations besides the default, `settings.parallelism` at a time on Spark's executors.

    `run_trial` travels to the executors, so it must pickle and leave its trials in the lake.
    """
    from hyperopt import SparkTrials

    if settings.trials > 1:
        trials = SparkTrials(parallelism=settings.parallelism, spark_session=spark)
        _minimise(settings, space, default, run_trial, trials, settings.trials - 1)


def _minimise(
    settings: TuneSettings,
    space: Sequence[Axis],
    default: Hyperparameters,
    run_trial: RunTrial,
    trials: Any,
    evaluations: int,
) -> None:
    from hyperopt import fmin, tpe

    fmin(
        fn=partial(_objective, run_trial, default, settings.max_steps_per_trial),
        space=hyperopt_space(space),
        algo=partial(tpe.suggest, n_startup_jobs=settings.startup_trials),
        max_evals=evaluations,
        trials=trials,
        rstate=np.random.default_rng(settings.seed),
        show_progressbar=False,
        verbose=False,
    )


def _objective(
    run_trial: RunTrial, default: Hyperparameters, step_budget: int, values: dict[str, Any]
) -> dict[str, Any]:
    """Run the trial of a point; hyperopt has already put the chosen values in place of their positions."""
    trial = run_trial(hyperparameters(values, default, step_budget))
    return {"loss": trial.loss, "status": "ok", "name": trial.name}
