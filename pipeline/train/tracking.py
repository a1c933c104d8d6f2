"""Experiment tracking: every run and trial with its parameters, curves, data and code versions, kept for comparison.

trackio is the default: it writes one SQLite file per project on this machine, needs neither a server nor a network
while training, adds 20 ms to a run, and `trackio show` opens its dashboard. MLflow is an optional extra for teams that
have a server. The self-contained report of each run (`report.py`) needs neither.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import TrainingError
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import code_version
from pipeline.train.environment import library_versions
from pipeline.train.hyperparameters import Hyperparameters


class Tracker(ABC):
    """Where the points of a run's curves go."""

    @abstractmethod
    def log(self, point: Mapping[str, Any]) -> None:
        """Take a point: its `step` and the values measured there."""

    @abstractmethod
    def finish(self, summary: Mapping[str, Any]) -> None:
        """End the run with its final figures."""


class NoTracker(Tracker):
    """Keeps nothing."""

    def log(self, point: Mapping[str, Any]) -> None:
        """Drop the point."""

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Drop the figures."""


class TrackioTracker(Tracker):
    """A run in trackio's local database below the state folder."""

    def __init__(self, folder: Path, project: str, name: str, group: str, config: Mapping[str, Any]) -> None:
        """Open the run, or go on with it when a killed stage is tried again."""
        os.environ["TRACKIO_DIR"] = str(folder)
        with _quiet():
            import trackio

            self._run = trackio.init(
                project=project,
                name=name,
                group=group,
                config=dict(config),
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def log(self, point: Mapping[str, Any]) -> None:
        """Write the point."""
        values = {name: value for name, value in point.items() if name != "step"}
        self._run.log(values, step=int(point["step"]))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the figures and close."""
        with _quiet():
            self._run.log({f"final/{k}": v for k, v in summary.items() if isinstance(v, int | float)})
            self._run.finish()


class MlflowTracker(Tracker):
    """A run on the MLflow server of MLFLOW_TRACKING_URI."""

    def __init__(self, project: str, name: str, group: str, config: Mapping[str, Any]) -> None:
        """Start the run, or go on with it when a killed stage is tried again: a run's name says which work it is.

        Raises TrainingError when mlflow is not installed.
        """
        try:
            mlflow: Any = importlib.import_module("mlflow")
        except ImportError:
            raise TrainingError(
                "mlflow is not installed",
                where="train.tracking = mlflow",
                remedy="pip install --editable '.[mlflow]' in the project's folder, or use trackio",
            ) from None
        self._mlflow = mlflow
        mlflow.set_experiment(project)
        known = mlflow.search_runs(
            experiment_names=[project],
            filter_string=f"attributes.run_name = '{name}'",
            max_results=1,
            output_format="list",
        )
        if known:
            mlflow.start_run(run_id=known[0].info.run_id)
            return
        mlflow.start_run(run_name=name, tags={"group": group})
        mlflow.log_params({key: value for key, value in config.items() if value is not None})

    def log(self, point: Mapping[str, Any]) -> None:
        """Send the point."""
        values = {key: float(value) for key, value in point.items() if key != "step"}
        self._mlflow.log_metrics(values, step=int(point["step"]))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Send the figures and end the run."""
        self._mlflow.log_metrics({k: float(v) for k, v in summary.items() if isinstance(v, int | float)})
        self._mlflow.end_run()


def config_of(hyper: Hyperparameters, base: Manifest, data: Manifest) -> dict[str, Any]:
    """Return what a run is recorded with: its parameters, and the versions of data, code and libraries.

    `data` is the manifest that its examples were made from.
    """
    return {
        **hyper.to_json(),
        "base_model": base.facts["name"],
        "base_digest": base.digest,
        f"{data.stage}_digest": data.digest,
        "code": code_version("train"),
        **library_versions(),
    }


def tracker_for(settings: Settings, *, name: str, group: str, config: Mapping[str, Any]) -> Tracker:
    """Return the tracker that the settings ask for, with a run open in it."""
    kind = settings.train.tracking
    if kind == "trackio":
        return TrackioTracker(settings.state_dir / "trackio", settings.features.project, name, group, config)
    if kind == "mlflow":
        return MlflowTracker(settings.features.project, name, group, config)
    return NoTracker()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep a library's chatter out of standard output, which machines read."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
