"""Runs and trials in trackio's own database, and on a server that allows one open run at a time, as MLflow's does."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tiny_stages import Stages
from tiny_training import hyper

from pipeline.errors import TrainingError
from pipeline.train.tracking import MlflowTracker

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

    def start_run(self, run_name: str, tags: dict[str, str]) -> None:
        if self.active:
            raise Exception(f"Run with UUID {self.active} is already active.")
        self.active = run_name
        self.runs[run_name] = {}

    def log_params(self, values: dict[str, Any]) -> None:
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


def test_without_mlflow_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrainingError, match=r"mlflow is not installed.*pip install 'llmops-pipeline\[mlflow\]'"):
        MlflowTracker("project", "name", "group", hyper().to_json())
