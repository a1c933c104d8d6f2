"""Every long task of a run dies once with SIGKILL, Airflow tries it again, and the same model is published.

Two stacks one after the other: one undisturbed, one in which each task is killed soon after its start. Airflow waits a
minute before each retry, so this takes about 20 minutes: `make killed-tasks`.
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.end_to_end

VICTIMS = ("prepare", "develop.features", "develop.train", "assess.evaluate", "assess.comply", "publish.release")
RECORDS = {"README.md", "release.json", "evaluation.json", "compliance.json", "release.sig"}
"""What names the run and its approvals; everything else of a version must be the same to the byte."""


def test_the_same_model_is_published_though_every_long_task_was_killed(stacks) -> None:
    undisturbed = stacks("undisturbed")
    done = undisturbed.llmops("run", "--review", "approve")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    expected = _published(undisturbed)
    undisturbed.llmops("down")

    disturbed = stacks("disturbed")
    runner = subprocess.Popen(
        [disturbed.executable, "run", "--review", "approve"],
        env=disturbed.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    killed = _kill_each(disturbed, runner)
    output = runner.communicate(timeout=900)[0]
    assert runner.returncode == 0, output[-6000:]
    assert killed == set(VICTIMS)
    assert output.count("failed and will be tried again") >= len(VICTIMS)
    assert _published(disturbed) == expected
    assert disturbed.llmops("audit", "verify").returncode == 0


def _published(stack) -> dict[str, str]:
    shown: dict[str, Any] = stack.json("models", "show", "production")
    files = {name: digest for name, digest in shown["files"].items() if name not in RECORDS}
    assert "model.safetensors" in files
    return files


def _kill_each(stack, runner: subprocess.Popen[str]) -> set[str]:
    """Kill each victim's process once, a moment after its task began, until the run ends."""
    killed: set[str] = set()
    while runner.poll() is None:
        for task in set(stack.tasks_at_work("llm_pipeline")) & (set(VICTIMS) - killed):
            time.sleep(0.5)
            for process in psutil.process_iter(["cmdline"]):
                if _works(process) and stack.owns(process):
                    process.kill()
                    killed.add(task)
        time.sleep(0.2)
    return killed


def _works(process: psutil.Process) -> bool:
    command = (process.info["cmdline"] or [""])[0]
    return command.startswith("airflow worker -- ") and "LocalExecutor" not in command
