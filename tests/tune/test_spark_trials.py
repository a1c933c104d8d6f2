"""Trials on Spark's executors: real Python workers that read real features through Feast and meet in the lake."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_training import train_settings

from pipeline.errors import TrainingError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings, ModelSettings, Settings, SparkSettings, TuneSettings
from pipeline.train import base_model
from pipeline.train import stage as train_stage
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.tune import stage as tune_stage
from pipeline.tune.first_trial import first_trial
from pipeline.tune.search import search_on_spark
from pipeline.tune.space import axes
from pipeline.tune.spark_trials import ExecutorTrial
from pipeline.tune.trials import Trial, TrialStore

from .feast_features import features

pytestmark = [pytest.mark.model, pytest.mark.spark]
IMPOSSIBLE_RANK = 10**13
SEARCH = {"trials": 5, "seed": 4, "startup_trials": 3, "epochs": [1.0], "batch_sizes": [8], "lora_ranks": [4, 8]}


class Place:
    """A lake in a folder with the stages up to train, and the settings of a search on it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self.model = folder, model
        self.lake: Lake = open_lake(LakeSettings(uri=str(folder / "lake")))
        plain = self.settings()
        self.base = base_model.run(plain, self.lake, run_id="test")
        self.features = features(self.lake)
        self.trained = train_stage.run(plain, self.lake, run_id="test", base=self.base, features=self.features)

    def settings(self, **tune: Any) -> Settings:
        return Settings(
            state_dir=self.folder / "state",
            lake=LakeSettings(uri=str(self.folder / "lake")),
            model=ModelSettings(base=str(self.model)),
            train=train_settings(lora_layers=1),
            tune=TuneSettings(**{**SEARCH, **tune}),
            spark=SparkSettings(master="local[2]", driver_memory="1g", shuffle_partitions=2),
        )

    def tune(self, **tune: Any) -> Manifest:
        stages = {"base": self.base, "features": self.features, "trained": self.trained}
        return tune_stage.run(self.settings(**tune), self.lake, run_id="test", **stages)

    def trials(self, manifest: Manifest) -> list[str]:
        return self.lake.read(f"{manifest.output('trials').uri}/trials.jsonl").decode().splitlines()

    def forget(self) -> None:
        for stage in ("tune", "checkpoints"):
            self.lake.delete([info.uri for info in self.lake.objects(self.lake.uri(stage))])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Path]) -> Place:
    return Place(tmp_path_factory.mktemp("spark-trials"), models["causal"])


@pytest.fixture
def fresh(place: Place) -> Iterator[Place]:
    place.forget()
    yield place
    place.forget()


def generations(place: Place, spark: Any, prefix: str, **tune: Any) -> list[Trial]:
    """Search on Spark as the stage does, below a prefix of the test's own."""
    settings = place.settings(**tune)
    default = Hyperparameters.of(settings.train)
    first = first_trial(place.lake, place.trained, default)
    store = TrialStore(place.lake, place.lake.uri("checkpoints", prefix))

    def run_after(ended: Sequence[Trial]) -> ExecutorTrial:
        return ExecutorTrial(settings, place.base, place.features, first, store.prefix, 1, tuple(ended))

    return search_on_spark(settings.tune, axes(settings.tune, default), default, first, run_after, store.find, spark)


def test_one_at_a_time_on_spark_is_the_serial_search(fresh: Place, spark: Any) -> None:
    """The same points, losses, early ends and failures, to the last digit."""
    tune = {"lora_ranks": [4, IMPOSSIBLE_RANK]}
    serial = fresh.trials(fresh.tune(**tune))
    trials = generations(fresh, spark, "alone", parallelism=1, **tune)
    assert [json.loads(line) for line in serial] == [
        json.loads(json.dumps({"trial": number, **trial.steady()})) for number, trial in enumerate(trials)
    ]
    assert 1 <= sum(1 for trial in trials if trial.failed) < len(trials) - 1
    assert len({trial.name for trial in trials}) == len(trials) == 5


def test_a_search_on_spark_is_the_same_every_time_and_keeps_what_failed(fresh: Place, spark: Any) -> None:
    tune = {"parallelism": 2, "lora_ranks": [4, IMPOSSIBLE_RANK]}
    first = fresh.tune(**tune)
    tried = fresh.trials(first)
    report = fresh.lake.read(f"{first.output('report').uri}/report.html").decode()
    fresh.forget()
    second = fresh.tune(**tune)
    assert fresh.trials(second) == tried
    assert second.digest == first.digest
    assert first.facts["trials"] == 5
    assert 1 <= first.facts["failed"] < 4
    assert "trials failed, the first with: The adapters do not fit into memory" in first.warnings[-1]
    assert report.count("do not fit into memory") == first.facts["failed"]
    assert not fresh.lake.objects(fresh.lake.uri("checkpoints", "tune"))


SCRIPT = """
import sys
from pathlib import Path
from tune.test_spark_trials import Place

Place(Path(sys.argv[1]), Path(sys.argv[2])).tune(parallelism=2)
"""


def test_a_killed_search_on_spark_goes_on_with_its_trials(fresh: Place, spark: Any) -> None:
    undisturbed = fresh.tune(parallelism=2)
    tried = fresh.trials(undisturbed)
    fresh.forget()
    tests = Path(__file__).parent.parent
    root = tests.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(root)]), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(fresh.folder), str(fresh.model)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _wait(lambda: len(_records(fresh)) >= 2 or process.poll() is not None)
        finally:
            _kill(process.pid)
        assert process.wait() == -signal.SIGKILL, process.stderr.read() if process.stderr else ""
    ended = _records(fresh)
    assert 2 <= len(ended) < 4
    resumed = fresh.tune(parallelism=2)
    assert not resumed.cached
    assert resumed.digest == undisturbed.digest
    assert fresh.trials(resumed) == tried


def _records(place: Place) -> dict[str, str]:
    found = place.lake.objects(place.lake.uri("checkpoints", "tune"))
    return {info.uri: info.etag for info in found if info.uri.endswith("trial.json")}


def _wait(done: Callable[[], bool], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            pytest.fail("nothing happened")
        time.sleep(0.05)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def test_trouble_with_the_lake_is_not_taken_for_a_bad_configuration(fresh: Place, spark: Any) -> None:
    """An executor that cannot read the features ends the search with the cause; nothing is recorded as failed."""
    broken = fresh.features.model_copy(
        update={"outputs": {name: output for name, output in fresh.features.outputs.items() if name != "registry"}}
    )
    whole, fresh.features = fresh.features, broken
    try:
        with pytest.raises(TrainingError, match=r"A trial was lost on a Spark executor: .*"):
            generations(fresh, spark, "broken", parallelism=2, trials=3)
    finally:
        fresh.features = whole
    assert not TrialStore(fresh.lake, fresh.lake.uri("checkpoints", "broken")).finished()
