"""Runs and trials in trackio's own database, and on a server that allows one open run at a time, as MLflow's does."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tiny_stages import Stages
from tiny_training import hyper

from pipeline.errors import LakeError, TrainingError
from pipeline.settings import Settings
from pipeline.train import fitting
from pipeline.train.tracking import MlflowTracker, NoTracker
from pipeline.tune import runner_from_settings

pytestmark = pytest.mark.model
SEARCH = {"trials": 3, "seed": 1, "hopeless_after": 1.0, "hopeless_margin": 9.0}


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    (file,) = folder.glob("*.db")
    with sqlite3.connect(file) as base:
        base.row_factory = sqlite3.Row
        return [dict(row) for row in base.execute(f"SELECT * FROM {table}")]


def test_each_run_and_trial_is_kept_with_its_parameters_curves_and_versions(stages: Stages) -> None:
    manifest = stages.tune("causal", SEARCH, tracking="trackio")
    folder = stages.state / "trackio"
    configs = {row["run_name"]: json.loads(row["config"]) for row in rows(folder, "configs")}
    points: dict[str, list[dict[str, Any]]] = {name: [] for name in configs}
    for row in rows(folder, "metrics"):
        points[row["run_name"]].append(json.loads(row["metrics"]))
    assert sorted(name.split("-")[0] for name in configs) == ["train", "trial", "trial"]
    trained = stages.train("causal", tracking="trackio")
    for name, config in configs.items():
        assert config["base_digest"] == stages.base("causal").digest
        assert config["features_digest"] == stages.features("causal").digest
        assert config["torch"]
        assert config["code"]
        assert {"learning_rate", "seed"} <= config.keys()
        final = [point["final/validation_loss"] for point in points[name] if "final/validation_loss" in point]
        assert final == [min(point["validation_loss"] for point in points[name] if "validation_loss" in point)]
    assert trained.facts["steps"] == sum("loss" in p for n, ps in points.items() if n.startswith("train") for p in ps)
    assert manifest.facts["trials"] == 3


class OneRunAtATime(ModuleType):
    """What matters of MLflow's client here: a run that is open refuses the next one."""

    def __init__(self) -> None:
        super().__init__("mlflow")
        self.active = ""
        self.runs: dict[str, dict[str, Any]] = {}

    def set_experiment(self, name: str) -> None:
        self.experiment = name

    def search_runs(
        self, experiment_names: list[str], filter_string: str, max_results: int, output_format: str
    ) -> list[Any]:
        assert (experiment_names, output_format) == ([self.experiment], "list")
        found = re.fullmatch(r"attributes\.run_name = '([\w-]+)'", filter_string)
        assert found is not None
        return [SimpleNamespace(info=SimpleNamespace(run_id=name)) for name in self.runs if name == found[1]]

    def start_run(self, run_name: str = "", tags: dict[str, str] | None = None, run_id: str = "") -> None:
        if self.active:
            raise Exception(f"Run with UUID {self.active} is already active.")
        assert run_id in self.runs if run_id else run_name not in self.runs, "a second run of one name"
        self.active = run_id or run_name
        self.runs.setdefault(self.active, {})

    def log_params(self, values: dict[str, Any]) -> None:
        assert not self.runs[self.active], "parameters that were logged before must not change"
        self.runs[self.active] |= values

    def log_metrics(self, values: dict[str, float], step: int | None = None) -> None:
        self.runs[self.active] |= values

    def end_run(self) -> None:
        self.active = ""


def test_a_search_ends_each_trials_run_before_the_next(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    server = OneRunAtATime()
    monkeypatch.setitem(sys.modules, "mlflow", server)
    manifest = stages.tune("causal", {**SEARCH, "trials": 4, "lora_ranks": [4, 10**13]}, tracking="mlflow")
    assert 1 <= manifest.facts["failed"] < 3
    assert len(server.runs) == 4
    assert not server.active


def test_a_run_that_fails_is_ended_and_gone_on_with_by_the_next_attempt(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OneRunAtATime()
    monkeypatch.setitem(sys.modules, "mlflow", server)
    told = {"tracking": "mlflow", "eval_steps": 2}

    def away(*arguments: Any, **options: Any) -> Any:
        raise LakeError("The object store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "fine_tune", away)
        with pytest.raises(LakeError):
            stages.train("causal", **told)
    assert (len(server.runs), server.active) == (1, "")
    manifest = stages.train("causal", **told)
    assert (len(server.runs), server.active) == (1, "")
    assert next(iter(server.runs.values()))["validation_loss"] == manifest.facts["validation_loss"]


def test_equal_trials_of_two_searches_are_two_runs(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another margin is another search, whose trials may be judged otherwise; its first points are the same."""
    trials: list[str] = []

    def kept(settings: Settings, *, name: str, **_: Any) -> NoTracker:
        trials.append(name)
        return NoTracker()

    monkeypatch.setattr(runner_from_settings, "tracker_for", kept)
    for margin in (9.0, 8.0):
        stages.tune("causal", {**SEARCH, "hopeless_margin": margin})
    assert len(trials) == len(set(trials)) == 4
    assert len({name.rsplit("-", 1)[-1] for name in trials}) == 2


def test_without_mlflow_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrainingError, match=r"mlflow is not installed.*pip install --editable '\.\[mlflow\]'"):
        MlflowTracker("project", "name", "group", hyper().to_json())
