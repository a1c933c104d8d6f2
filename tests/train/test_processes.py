"""Training in several processes: what happens to them, and to the run, when the one that started them is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from safetensors.torch import load_file
from tiny_training import hyper, task

from pipeline.errors import LakeError, TrainingError
from pipeline.lake import open_lake
from pipeline.settings import LakeSettings
from pipeline.train import launching
from pipeline.train.examples import Examples
from pipeline.train.failures import cause, tell
from pipeline.train.fine_tuning import Fitted, Job
from pipeline.train.launching import launch

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


def test_why_a_process_failed_is_said_and_what_it_logged_is_logged(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process meets an example that no memory holds; the other one waits for it in vain."""
    told: list[tuple[str, dict[str, Any]]] = []

    class Log:
        def __getattr__(self, level: str) -> Callable[..., None]:
            return lambda event, **values: told.append((event, values))

    monkeypatch.setattr(launching, "log", Log())
    long = np.full(300_000, 12, np.int32)  # the attention's scores alone take more than a terabyte
    validation = task(3, "seq2seq", 2) + Examples(["long"], [long], [np.array([1], np.int32)])
    job = Job(models["seq2seq"], "seq2seq", hyper(batch_size=2), "cpu")
    with pytest.raises(TrainingError, match=r"^A single example does not fit into memory\. Lower features\.max_length"):
        launch(
            job, task(8, "seq2seq", 1), validation, tmp_path / "out", processes=2, lake=LakeSettings(uri=str(tmp_path))
        )
    assert any(event == "out of memory: a batch of validation examples is halved" for event, _ in told)
    assert any("single example does not fit" in event and values["source"] for event, values in told)


def workers() -> list[psutil.Process]:
    """The training processes below this one; others may begin and end while it looks."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = one.cmdline()
            if "pipeline.train.worker" in line and "torch.distributed.run" not in line:
                found.append(one)
    return found


def test_a_killed_process_is_told_as_such(models: dict[str, Path], tmp_path: Path) -> None:
    def kill() -> None:
        wait(lambda: started(tmp_path / "lake") and workers())
        workers()[-1].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(TrainingError, match=r"A training process failed: it was ended by SIGKILL \(out of memory\?\)"):
        train(models["causal"], tmp_path / "lake", tmp_path / "out", epochs=300.0)
    killer.join()


def started(lake: Path) -> bool:
    """Whether there is a checkpoint; older ones go while it looks."""
    with contextlib.suppress(FileNotFoundError):
        return any(lake.rglob("state.json"))
    return False


def test_the_error_for_people_comes_before_what_others_met_because_of_it(tmp_path: Path) -> None:
    lines = ["RuntimeError: shapes", "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ", "====="]
    assert "A training process failed: RuntimeError: shapes" in str(cause(tmp_path, lines[:2], 2))
    tell(tmp_path, 0, RuntimeError("Connection closed by peer"))
    tell(tmp_path, 2, RuntimeError("Connection reset"))
    assert "failed: RuntimeError: Connection closed by peer (3 processes)" in str(cause(tmp_path, lines, 3))
    tell(tmp_path, 1, LakeError("The disk is full", where="/lake", remedy="Make room"))
    (tmp_path / "failure-3.json").write_text('{"at": 1')
    found = cause(tmp_path, lines, 3)
    assert (type(found), str(found)) == (LakeError, "The disk is full (/lake). Make room.")


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
        wait(lambda: started(tmp_path / "lake") or process.poll() is not None)
        launched = psutil.Process(process.pid)
        agents = launched.children()
        workers = [one for one in launched.children(recursive=True) if one not in agents]
        process.send_signal(signal.SIGKILL)
    assert agents, "torch's launcher"
    assert len(workers) >= 2
    # sooner than the next line that they log, every 15 seconds, into a pipe that is gone
    _, left = psutil.wait_procs(workers, timeout=10)
    left += psutil.wait_procs(agents, timeout=60)[1]
    for one in left:
        one.kill()
    assert not left, "they went on without the one that started them"


def wait(done: Callable[[], object], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
