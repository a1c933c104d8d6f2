"""The search: Hyperopt's Tree-structured Parzen Estimator (Bergstra et al., 2011) over the space, trial 0 first.

A killed search is replayed: with the same seed TPE proposes the same points as long as the losses are the same, and
the trials that had ended answer at once. So there is no state of the search to keep besides its trials.

On Spark the search goes by generations. All points of a generation are proposed from the losses of the generations
before it, so what is tried does not depend on which executor is quicker; with generations of one it is the serial
search. The price: a generation takes as long as its longest trial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pipeline.errors import TrainingError
from pipeline.settings import TuneSettings
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune.space import Axis, default_point, hyperopt_space, hyperparameters
from pipeline.tune.trials import Trial

RunTrial = Callable[[Hyperparameters], Trial]


def search(settings: TuneSettings, space: Sequence[Axis], default: Hyperparameters, run_trial: RunTrial) -> None:
    """Propose `settings.trials` configurations one after the other, the default first, and have each one run."""
    from hyperopt import tpe
    from hyperopt.fmin import generate_trials_to_calculate

    trials = generate_trials_to_calculate([default_point(space, default)])
    algorithm = partial(tpe.suggest, n_startup_jobs=settings.startup_trials)
    # the point to calculate comes on top of the evaluations that are asked for
    _minimise(settings, space, default, run_trial, trials, settings.trials - 1, algorithm, _source(settings))


def search_on_spark(
    settings: TuneSettings,
    space: Sequence[Axis],
    default: Hyperparameters,
    first: Trial,
    run_after: Callable[[Sequence[Trial]], RunTrial],
    find: Callable[[str], Trial | None],
    spark: Any,
) -> list[Trial]:
    """Return `first`, the trial of the default, and the trials that Spark's executors ran, as they were proposed.

    `run_after` returns what runs a trial when some have ended before; it travels to the executors, so it must pickle,
    and it leaves its trials where `find` finds them by name. Raises TrainingError when an executor lost a trial.
    """
    from hyperopt import SparkTrials

    trials = SparkTrials(parallelism=settings.parallelism, spark_session=spark)
    trials.insert_trial_docs([_ended(space, default, first)])
    trials.refresh()
    source = _source(settings)
    ended = [first]
    for start in range(1, settings.trials, settings.parallelism):
        stop = min(start + settings.parallelism, settings.trials)
        algorithm = partial(_generation, settings.startup_trials)
        _minimise(settings, space, default, run_after(tuple(ended)), trials, stop, algorithm, source, stop - start)
        ended += [_found(doc, find) for doc in trials._dynamic_trials[start:stop]]
    return ended


def _generation(startup: int, new_ids: Sequence[int], domain: Any, trials: Any, seed: int) -> list[Any]:
    """Propose all points of a generation from the same trials; each has random numbers of its own."""
    from hyperopt import tpe

    made: list[Any] = []
    for place, new_id in enumerate(new_ids):
        mixed = seed if place == 0 else int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
        made += tpe.suggest([new_id], domain, trials, mixed, n_startup_jobs=startup, verbose=False)
    return made


def _ended(space: Sequence[Axis], default: Hyperparameters, first: Trial) -> Any:
    """Return hyperopt's record of the trial that was there before the search."""
    from hyperopt.base import JOB_STATE_DONE
    from hyperopt.fmin import generate_trials_to_calculate

    doc = generate_trials_to_calculate([default_point(space, default)])._dynamic_trials[0]
    doc.update(state=JOB_STATE_DONE, result=_result(first))
    return doc


def _found(doc: Any, find: Callable[[str], Trial | None]) -> Trial:
    trial = find(doc["result"].get("name", ""))
    if trial is None:
        error = doc["misc"].get("error", ("", "no result"))[1]
        raise TrainingError(
            f"A trial was lost on a Spark executor: {(str(error).strip().splitlines() or ['no message'])[-1]}",
            where="tune.parallelism",
            remedy="Trials that ended are kept: start the stage again, or set tune.parallelism = 1",
        )
    return trial


def _source(settings: TuneSettings) -> np.random.Generator:
    return np.random.default_rng(settings.seed)


def _minimise(
    settings: TuneSettings,
    space: Sequence[Axis],
    default: Hyperparameters,
    run_trial: RunTrial,
    trials: Any,
    evaluations: int,
    algorithm: Any,
    source: np.random.Generator,
    at_once: int = 1,
) -> None:
    from hyperopt import fmin

    fmin(
        fn=partial(_objective, run_trial, default, settings.max_steps_per_trial),
        space=hyperopt_space(space),
        algo=algorithm,
        max_evals=evaluations,
        trials=trials,
        rstate=source,
        max_queue_len=at_once,
        return_argmin=False,
        show_progressbar=False,
        verbose=False,
    )


def _objective(
    run_trial: RunTrial, default: Hyperparameters, step_budget: int, values: dict[str, Any]
) -> dict[str, Any]:
    """Run the trial of a point; hyperopt has already put the chosen values in place of their positions."""
    return _result(run_trial(hyperparameters(values, default, step_budget)))


def _result(trial: Trial) -> dict[str, Any]:
    if trial.failed:
        return {"status": "fail", "name": trial.name}
    return {"loss": trial.loss, "status": "ok", "name": trial.name}
