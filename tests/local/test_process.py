from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.local.process import Service, Supervisor

SERVE = """
import http.server, sys
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
time.sleep(60)
"""


@pytest.fixture
def supervisor(tmp_path: Path):
    made = Supervisor(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def web(port: int, **more) -> Service:
    url = f"http://127.0.0.1:{port}/"
    return Service("web", [sys.executable, "-c", SERVE, str(port)], ports=[port], health_url=url, url=url, **more)


def test_started_once_found_by_another_command_and_ended(supervisor: Supervisor, tmp_path: Path, port: int) -> None:
    first = supervisor.start(web(port))
    supervisor.await_healthy(web(port))
    assert supervisor.start(web(port)).pid == first.pid
    other = Supervisor(tmp_path)
    assert list(other.running()) == ["web"]
    assert other.stop() == ["web"]
    assert other.running() == {}
    assert first.process is None


def test_busy_port_is_named(supervisor: Supervisor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {number} that web needs is taken"):
            supervisor.start(web(number))


def test_service_that_dies_shows_its_log(supervisor: Supervisor) -> None:
    broken = Service("broken", [sys.executable, "-c", "raise SystemExit('no disk left')"], start_seconds=20)
    supervisor.start(broken)
    time.sleep(0.3)
    with pytest.raises(ServiceError, match="no disk left"):
        supervisor.await_healthy(Service(**{**broken.__dict__, "health_url": "http://127.0.0.1:9/"}))


def test_process_id_used_again_by_another_program_is_left_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "web.json").write_text(f'{{"name": "web", "pid": {os.getpid()}, "born": 1.0, "url": null}}')
    assert supervisor.running() == {}
    assert supervisor.stop() == []


def test_stubborn_process_and_its_children_are_ended(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.local.process.STOP_SECONDS", 1.0)
    process = supervisor.start(Service("stubborn", [sys.executable, "-c", STUBBORN])).process
    assert process is not None
    for _ in range(100):
        if children := process.children():
            break
        time.sleep(0.05)
    supervisor.stop()
    assert not process.is_running()
    assert not any(child.is_running() and child.status() != "zombie" for child in children)


def test_killed_service_is_noticed(supervisor: Supervisor, port: int) -> None:
    running = supervisor.start(web(port))
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    assert supervisor.running() == {}
