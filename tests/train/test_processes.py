"""Training in several processes: what happens to them, and to the run, when the one that started them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load_file
from tiny_training import hyper, task

from pipeline.lake import open_lake
from pipeline.settings import LakeSettings
from pipeline.train.fine_tuning import Fitted, Job, launch

pytestmark = pytest.mark.model
TESTS = Path(__file__).parent.parent


def train(model: Path, lake: Path, out: Path, epochs: float = 6.0) -> Fitted:
    """Train in two processes, six steps an epoch, with a checkpoint after every tenth."""
    settings = hyper(batch_size=2, lora_dropout=0.1, epochs=epochs, eval_steps=20, early_stopping_patience=0)
    place = LakeSettings(uri=str(lake))
    prefix = open_lake(place).uri("checkpoints", "two")
    job = Job(model, "causal", settings, "cpu", checkpoint_prefix=prefix, checkpoint_steps=10)
    return launch(job, task(24, "causal", 1), task(9, "causal", 2), out, processes=2, lake=place)


def test_a_run_in_two_processes_resumes_to_the_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    """From the checkpoint before the newest one, which is damaged."""
    whole = train(models["causal"], tmp_path / "lake", tmp_path / "whole")
    newest = max((tmp_path / "lake").rglob("tensors.safetensors"))
    assert newest.parent.name == "step-00000030"
    newest.write_bytes(newest.read_bytes()[:-7])
    resumed = train(models["causal"], tmp_path / "lake", tmp_path / "resumed")
    assert resumed.progress.curves == whole.progress.curves
    first, second = (load_file(one.folder / "adapter_model.safetensors") for one in (whole, resumed))
    assert all((first[name] == second[name]).all() for name in first)


SCRIPT = """
import sys
from pathlib import Path
from train.test_processes import train

train(*(Path(name) for name in sys.argv[1:]), epochs=5000.0)
"""


def test_a_killed_launcher_takes_its_processes_along(models: dict[str, Path], tmp_path: Path) -> None:
    """Else they would train on beside the next attempt, in its memory and over its checkpoints."""
    command = [sys.executable, "-c", SCRIPT, str(models["causal"]), str(tmp_path / "lake"), str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait(lambda: list((tmp_path / "lake").rglob("state.json")) or process.poll() is not None)
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert len(started) >= 3, "torch's launcher and two workers"
    _, left = psutil.wait_procs(started, timeout=10)  # sooner than the next line that they log into a pipe that is gone
    for one in left:
        one.kill()
    assert not left, "they went on without the one that started them"


def wait(done: Callable[[], object], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
