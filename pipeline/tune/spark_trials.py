"""Trials on Spark's executors: each Python worker opens one session and keeps it for the trials that reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune.trials import Trial

_runners: dict[str, Any] = {}


@dataclass(frozen=True)
class ExecutorTrial:
    """Runs a configuration wherever it is unpickled; trials meet in the lake, and only there.

    `ended` are the trials that every trial of the generation is judged against, wherever it runs.
    """

    settings: Settings
    base: Manifest
    features: Manifest
    first: Trial
    prefix: str
    processes: int
    ended: tuple[Trial, ...]
    forbidden: tuple[str, ...] = ()

    def __call__(self, hyper: Hyperparameters) -> Trial:
        """Run the trial, or return it when some worker has finished it before."""
        if self.prefix not in _runners:
            from pipeline.lake import open_lake
            from pipeline.tune.runner_from_settings import runner_for

            lake = open_lake(self.settings.lake)
            _runners[self.prefix] = runner_for(
                self.settings,
                lake,
                self.base,
                self.features,
                self.first,
                self.prefix,
                self.processes,
                self.forbidden,
            )
        trial: Trial = _runners[self.prefix].run(hyper, self.ended)
        return trial
