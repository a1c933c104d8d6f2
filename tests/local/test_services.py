from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from pipeline.local import credentials
from pipeline.local.process import Supervisor
from pipeline.local.services import object_store
from pipeline.settings import Settings


def listening(pid: int) -> set[tuple[str, int]]:
    connections = psutil.Process(pid).net_connections("tcp")
    return {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}


def test_the_object_store_listens_on_its_own_ports_only_and_on_the_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    monkeypatch.setattr(settings, "state_dir", tmp_path)
    monkeypatch.setattr(settings.local, "s3_port", int(os.environ.get("TEST_S3_PORT", "21400")) + 100)
    service = object_store(settings, credentials.ensure(settings, []))
    supervisor = Supervisor(tmp_path)
    try:
        running = supervisor.start(service)
        supervisor.await_healthy(service)
        declared = {("127.0.0.1", port) for port in service.ports}
        deadline = time.monotonic() + 20
        while not declared <= listening(running.pid) and time.monotonic() < deadline:
            time.sleep(0.2)  # the inner services come up one after the other
        found = listening(running.pid)
    finally:
        supervisor.stop()
    # A port that is not declared is one that no message names when somebody else has it.
    assert found == declared
