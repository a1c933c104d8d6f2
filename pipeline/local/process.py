"""Background processes that are remembered in a file each, so that any later command can find and end them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil

from pipeline.errors import ServiceError

POLL_SECONDS = 0.25
STOP_SECONDS = 12.0
LOG_LINES = 15


@dataclass(frozen=True)
class Service:
    """A process to be kept running: its command, the ports it listens on and how to tell that it works."""

    name: str
    command: Sequence[str]
    ports: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    health_url: str | None = None
    start_seconds: float = 60.0
    url: str | None = None


CLOCK_STEP = 60.0
"""Seconds by which the birth of a process may move: it is counted from the start of the machine, and clocks are set."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started process, identified by id and birth: ids are used again by the operating system."""

    name: str
    pid: int
    born: float
    url: str | None

    @property
    def process(self) -> psutil.Process | None:
        """Return the living process, or None."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born) < CLOCK_STEP
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Supervisor:
    """Starts, finds and ends services; its memory is a folder of small files."""

    def __init__(self, state_dir: Path) -> None:
        """Keep process records in `state_dir/run` and logs in `state_dir/logs`."""
        self._run = state_dir / "run"
        self._logs = state_dir / "logs"

    def running(self) -> dict[str, Running]:
        """Return the services that are alive, by name; forget those that are not."""
        found = {}
        for path in sorted(self._run.glob("*.json")):
            running = Running(**json.loads(path.read_text()))
            if running.process is None:
                path.unlink(missing_ok=True)
            else:
                found[running.name] = running
        return found

    def start(self, service: Service) -> Running:
        """Start a service unless it runs already; it is not awaited here.

        Raises ServiceError naming the port when another program listens on it.
        """
        present = self.running().get(service.name)
        if present is not None:
            return present
        for port in service.ports:
            _refuse_busy(port, service.name)
        self._run.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log_file(service.name).open("ab") as log:
            process = subprocess.Popen(
                list(service.command),
                env={**os.environ, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(service.name, process.pid, psutil.Process(process.pid).create_time(), service.url)
        record = {"name": running.name, "pid": running.pid, "born": running.born, "url": running.url}
        (self._run / f"{service.name}.json").write_text(json.dumps(record))
        return running

    def await_healthy(self, service: Service, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until a started service answers; raises ServiceError with the end of its log when it does not."""
        deadline = time.monotonic() + service.start_seconds
        while time.monotonic() < deadline:
            if self.running().get(service.name) is None:
                raise self._failure(service, "ended at its start")
            if service.health_url is None or answers(service.health_url):
                return
            tick()
            time.sleep(POLL_SECONDS)
        raise self._failure(service, f"did not answer within {service.start_seconds:.0f} s")

    def _failure(self, service: Service, what: str) -> ServiceError:
        return ServiceError(
            f"The service {service.name} {what}; the end of its log:\n{self.log_tail(service.name)}\n",
            where=str(self.log_file(service.name)),
            remedy="Mend the cause shown there and start again",
        )

    def stop(self, names: Sequence[str] | None = None) -> list[str]:
        """End services and all their children, gently first; return the names of those that ran."""
        alive = [running for name, running in self.running().items() if names is None or name in names]
        processes: list[psutil.Process] = []
        for running in reversed(alive):
            if (process := running.process) is not None:
                processes += [process, *process.children(recursive=True)]
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in processes:
                _send(process, sign)
            _, processes = psutil.wait_procs(processes, timeout=STOP_SECONDS)
        for running in alive:
            (self._run / f"{running.name}.json").unlink(missing_ok=True)
        return [running.name for running in alive]

    def log_file(self, name: str) -> Path:
        """Return where a service's output goes."""
        return self._logs / f"{name}.log"

    def log_tail(self, name: str, lines: int = LOG_LINES) -> str:
        """Return the last lines of a service's output."""
        file = self.log_file(name)
        text = file.read_text(errors="replace") if file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def answers(url: str) -> bool:
    """Tell whether something answers below HTTP status 500."""
    try:
        with urlopen(url, timeout=2):  # noqa: S310 - a loopback address from the settings
            return True
    except HTTPError as problem:
        return problem.code < 500
    except (URLError, OSError):
        return False


def _refuse_busy(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ServiceError(
                f"The port {port} that {name} needs is taken by another program",
                where=f"127.0.0.1:{port}",
                remedy="End that program, or set another port in the [local] part of llmops.toml",
            ) from None


def _send(process: psutil.Process, sign: signal.Signals) -> None:
    try:
        process.send_signal(sign)
    except psutil.NoSuchProcess:
        return
