"""The scheduler, the object store and the model store die with SIGKILL in the middle of a run; each is started again.

A run of its own stack (`make killed-services`, about ten minutes): `llmops up` brings back what died, Airflow tries the
tasks again that failed meanwhile, and the run ends with one published version and a trail that holds.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.end_to_end

VICTIMS = {
    "prepare": "airflow-scheduler",
    "develop.train": "object-store",
    "assess.evaluate": "model-store",
    "publish.release": "model-store",
}
"""Which service dies while which task works."""
SECONDS = 1500


def test_a_run_survives_the_death_of_each_service(stack) -> None:
    runner = subprocess.Popen(
        [stack.executable, "run", "--review", "approve"],
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    killed: dict[str, str] = {}
    deadline = time.monotonic() + SECONDS
    while runner.poll() is None and time.monotonic() < deadline:
        for task in stack.tasks_at_work("llm_pipeline"):
            if task in VICTIMS and task not in killed:
                time.sleep(1)
                killed[task] = VICTIMS[task]
                _kill(stack, VICTIMS[task])
                up = stack.llmops("up")
                assert up.returncode == 0, up.stdout + up.stderr
        time.sleep(0.3)
    output = runner.communicate(timeout=60)[0]
    assert runner.returncode == 0, output[-6000:]
    assert killed == VICTIMS, output[-3000:]
    (version,) = stack.json("models", "list")
    assert version["version"] == "v1"
    assert version["production"]
    assert stack.llmops("models", "verify").returncode == 0
    assert stack.llmops("audit", "verify").returncode == 0
    assert stack.llmops("lake", "verify").returncode == 0
    records = stack.json("audit", "show")
    assert len([record for record in records if record["event"] == "published"]) == 1


def _kill(stack, name: str) -> None:
    """Kill a service with its children, as a machine that stops does."""
    record = json.loads((Path(stack.environment["LLMOPS_STATE_DIR"]) / "run" / f"{name}.json").read_text())
    process = psutil.Process(record["pid"])
    for one in [process, *process.children(recursive=True)]:
        one.kill()
    deadline = time.monotonic() + 20
    # Who started it may not have asked for its end yet, and leaves a zombie.
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
