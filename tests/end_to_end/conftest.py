"""The whole stack for tests: real Airflow, S3, Spark, Feast and model store, on ports and in folders of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.errors import PipelineError
from pipeline.local.credentials import OPERATOR, Credentials
from pipeline.orchestration.api import AirflowApi
from pipeline.settings import PROJECT_ROOT

HERE = Path(__file__).resolve().parent
LLMOPS = Path(sys.executable).parent / "llmops"
TIMEOUT = 900
PORTS = os.environ.get("TEST_STACK_PORTS", "24")
"""The first two digits of the stack's ports."""
AIRFLOW = f"http://127.0.0.1:{PORTS}088"


@dataclass
class Stack:
    """A running stack and its command line."""

    environment: dict[str, str]
    executable: str = str(LLMOPS)

    def llmops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would."""
        return subprocess.run(
            [self.executable, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            cwd=HERE,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command and return it while it works."""
        return subprocess.Popen(
            [self.executable, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=HERE,
        )

    def json(self, *arguments: str) -> Any:
        """Run a command for machines and return what it says."""
        done = self.llmops("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tasks_at_work(self, dag_id: str) -> list[str]:
        """Return the running tasks of a DAG's newest run; none while Airflow is not up yet."""
        try:
            api = self._api()
            active = api.active_runs(dag_id)
        except (FileNotFoundError, PipelineError):
            return []
        return [task.task_id for task in api.tasks(dag_id, active[0]) if task.state == "running"] if active else []

    def owns(self, process: psutil.Process) -> bool:
        """Tell whether a process was started by this stack's scheduler; a task's title overwrites its environment."""
        scheduler = json.loads((self._state / "run" / "airflow-scheduler.json").read_text())
        return scheduler["pid"] in [parent.pid for parent in process.parents()]

    def secrets(self) -> dict[str, str]:
        """Return what nobody may read in a log, by name; a key's own name and a user's name are no secrets."""
        made = json.loads((self._state / "credentials.json").read_text())
        passwords = made.pop("passwords")
        open_names = {"s3_access_key", "hub_user", "jira_email"}
        return {name: value for name, value in made.items() if name not in open_names} | passwords

    def logs(self) -> dict[Path, str]:
        """Return the text of every log of Airflow, its tasks and the services."""
        files = [*self._state.glob("logs/**/*"), *self._state.glob("airflow/logs/**/*"), *self._state.glob("**/*.log")]
        return {file: file.read_text(errors="replace") for file in files if file.is_file()}

    @property
    def _state(self) -> Path:
        return Path(self.environment["LLMOPS_STATE_DIR"])

    def _api(self) -> AirflowApi:
        made = Credentials.model_validate_json((self._state / "credentials.json").read_text())
        return AirflowApi(AIRFLOW, OPERATOR, made.passwords[OPERATOR])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = _fresh(tmp_path_factory.mktemp("stack"))
    try:
        yield made
    finally:
        made.llmops("down")


@pytest.fixture
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stack]]:
    """Return a maker of stacks that know nothing yet. They share their ports: take one down before the next runs."""
    made: list[Stack] = []

    def make(name: str) -> Stack:
        made.append(_fresh(tmp_path_factory.mktemp(name)))
        return made[-1]

    try:
        yield make
    finally:
        for stack in made:
            stack.llmops("down")


def _fresh(home: Path) -> Stack:
    for name in ("llmops.toml", "policy.yaml"):
        shutil.copy(HERE / name, home / name)
    settings = (home / "llmops.toml").read_text()
    (home / "llmops.toml").write_text(re.sub(r"\b24(?=\d{3}\b)", PORTS, settings))
    shutil.copy(PROJECT_ROOT / "constraints.txt", home)
    shutil.copytree(PROJECT_ROOT / "governance", home / "governance")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "LLMOPS_"))}
    place = {"LLMOPS_CONFIG": str(home / "llmops.toml"), "LLMOPS_STATE_DIR": str(home / ".llmops")}
    return Stack({**clean, **place})
