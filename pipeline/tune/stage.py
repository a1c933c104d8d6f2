"""Stage `tune`: a Hyperopt search that starts from the trained default; the best trial becomes the candidate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage
from pipeline.train.checkpoints import checkpoint_prefix
from pipeline.train.environment import library_versions, require_machine
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.replay import code_of, forbidden_licences
from pipeline.train.training_data import (
    data_parameters,
    earlier_inputs,
    earlier_parameters,
    require_features_of,
)
from pipeline.tune.first_trial import first_trial, require_same_examples, require_trained_on
from pipeline.tune.promotion import promote
from pipeline.tune.report import importance, tuning_report
from pipeline.tune.runner_from_settings import runner_for
from pipeline.tune.search import search, search_on_spark
from pipeline.tune.space import Axis, axes
from pipeline.tune.trials import Trial, TrialStore

STAGE = "tune"


def run(
    settings: Settings, lake: Lake, *, run_id: str, base: Manifest, features: Manifest, trained: Manifest
) -> Manifest:
    """Search and return the manifest whose output `model` is the candidate: what is judged and published from here on.

    Trial 0 is the model of the train stage as it is, and the search goes on from the values that it was trained with. A
    killed search continues with the trials that had ended. Raises TrainingError when a trial cannot run on this machine
    or when the model was trained from something else.
    """
    default = Hyperparameters.from_json(trained.facts["hyperparameters"])
    space = axes(settings.tune, default)
    earlier = earlier_inputs(settings, lake)
    parameters = {
        "default": default.to_json(),
        "processes": trained.facts["processes"],
        **settings.tune.model_dump(),
        **data_parameters(settings),
        **earlier_parameters(settings, lake),
        **library_versions(),
    }

    def work(attempt: Attempt) -> None:
        require_machine(settings.train.method, settings.train.device)
        require_features_of(base, features)
        require_trained_on(base, features, trained, settings.train.method)
        require_same_examples(trained, parameters, earlier)
        require_unaltered(lake, features)
        prefix = checkpoint_prefix(lake, STAGE, attempt.key)
        first = first_trial(lake, trained, default)
        trials = _search(settings, lake, base, features, trained, first, prefix, space)
        store = TrialStore(lake, prefix, settings.audit.signing_key)
        _account(attempt, store, trials)
        best = min(range(len(trials)), key=lambda number: (trials[number].loss, number))
        with tempfile.TemporaryDirectory(prefix="candidate-") as scratch:
            model = promote(settings, lake, base, trained, store, trials, best, Path(scratch))
            lake.upload_folder(model, attempt.uri("model"))
            attempt.facts.update(_facts(base, trained, trials, best, space, model))
        _publish(attempt, trials, space)

    manifest = run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"base-model": base, "features": features, "train": trained, **earlier},
        parameters=parameters,
        packages=("train", "tune", "precision", *code_of(settings)),
    )
    if not manifest.cached:
        TrialStore(lake, checkpoint_prefix(lake, STAGE, manifest.key)).clear()
    return manifest


def _search(
    settings: Settings,
    lake: Lake,
    base: Manifest,
    features: Manifest,
    trained: Manifest,
    first: Trial,
    prefix: str,
    space: Sequence[Axis],
) -> list[Trial]:
    """Return the trials in the order of their numbers, the first one first."""
    default = Hyperparameters.from_json(first.hyperparameters)
    processes = trained.facts["processes"]
    chosen = settings.tune
    if not chosen.enabled or chosen.trials == 1:
        return [first]
    forbidden = tuple(forbidden_licences(settings, lake))  # here, as no executor has the policy
    if chosen.parallelism == 1:
        runner = runner_for(settings, lake, base, features, first, prefix, processes, forbidden)
        search(chosen, space, default, runner.run)
        return _different(runner.tried)
    from pipeline.spark.session import spark_session
    from pipeline.tune.spark_trials import ExecutorTrial

    def run_after(ended: Sequence[Trial]) -> ExecutorTrial:
        return ExecutorTrial(settings, base, features, first, prefix, processes, tuple(ended), forbidden)

    store = TrialStore(lake, prefix, settings.audit.signing_key)
    with spark_session(settings) as spark:
        return _different(search_on_spark(chosen, space, default, first, run_after, store.find, spark))


def _different(trials: Sequence[Trial]) -> list[Trial]:
    """Return each trial once, at its first place: the search may propose a point twice."""
    return list({trial.name: trial for trial in trials}.values())


def _account(attempt: Attempt, store: TrialStore, trials: Sequence[Trial]) -> None:
    """Say which trials failed. Raises TrainingError when all did: then the cause is none of their values."""
    failed = [trial for trial in trials if trial.failed]
    if not failed:
        return
    if len(failed) == len(trials) - 1:
        store.forget_failures()
        raise TrainingError(
            f"None of {len(failed)} trials could be trained: {failed[0].failed}",
            where="tune",
            remedy="Correct the cause and start the stage again, or set tune.enabled = false to go on with the model "
            "of the train stage",
        )
    attempt.warn(f"{len(failed)} of {len(trials)} trials failed, the first with: {failed[0].failed}")


def _facts(
    base: Manifest, trained: Manifest, trials: Sequence[Trial], best: int, space: Sequence[Axis], model: Path
) -> dict[str, Any]:
    chosen = trials[best]
    return {
        "base_model": base.facts["name"],
        "base_digest": base.output("model").digest,
        "train_digest": trained.digest,
        "architecture": base.facts["architecture"],
        "licence": base.facts["licence"],
        "dtype": "bfloat16",
        "bytes": sum(file.stat().st_size for file in model.glob("*.safetensors")),
        "trials": len(trials),
        "failed": sum(1 for trial in trials if trial.failed),
        "stopped_early": sum(1 for trial in trials if trial.stopped),
        "best_trial": best,
        "goes_on": "the model of the train stage" if best == 0 else f"the weights of trial {best}, as trained",
        "retrained": False,
        "hyperparameters": chosen.hyperparameters,
        "validation_loss": chosen.loss,
        "default_validation_loss": trials[0].loss,
        "initial_validation_loss": chosen.initial_loss,
        "forgetting": chosen.forgetting,
        "importance": importance(trials, space),
        "trial_seconds": [trial.seconds for trial in trials],
        "libraries": library_versions(),
    }


def _publish(attempt: Attempt, trials: Sequence[Trial], space: Sequence[Axis]) -> None:
    lines = "".join(
        json.dumps({"trial": number, **trial.steady()}, sort_keys=True) + "\n" for number, trial in enumerate(trials)
    )
    attempt.lake.write(attempt.uri("trials", "trials.jsonl"), lines.encode())
    report = tuning_report(attempt.facts, trials, space)
    attempt.lake.write(attempt.uri("report", "report.html"), report.html().encode())
    steady = {name: value for name, value in attempt.facts.items() if name != "trial_seconds"}
    attempt.lake.write(attempt.uri("report", "report.json"), json.dumps(steady, sort_keys=True, indent=2).encode())
