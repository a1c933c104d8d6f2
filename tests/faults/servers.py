"""Real servers that die by SIGKILL and come back on the same folder and port."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

import httpx

from pipeline.errors import LakeError
from pipeline.lake import open_lake
from pipeline.local.services import OBJECT_STORE_MEMORY, seaweedfs
from pipeline.settings import LakeSettings

TOKEN = "hf_release_manager_of_acme"
START_SECONDS = 60.0


class Mortal(ABC):
    """A server program that can be killed and started again."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self._command, self._environment = command, {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether the server does its work."""

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=20)


class ObjectStore(Mortal):
    """SeaweedFS, with the bucket `mortal`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.settings = LakeSettings.model_validate(
            {
                "uri": "s3://mortal",
                "endpoint_url": f"http://127.0.0.1:{port}",
                "access_key": "tests",
                "secret_key": "tests-secret",
            }
        )
        keys = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests-secret", **OBJECT_STORE_MEMORY}
        super().__init__(seaweedfs(folder, port, bucket="mortal"), keys)

    def answers(self) -> bool:
        lake = open_lake(self.settings)
        try:
            lake.objects(lake.root)
            lake.write(lake.uri("probe"), b"x")
        except LakeError:
            return False
        return True


class Hub(Mortal):
    """The model store, with one user who may write."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "hub"
        users = folder / "users.json"
        users.write_text(json.dumps([{"name": "acme", "token": TOKEN, "role": "write"}]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "pipeline.local.hub", "--root", str(self.root), "--users", str(users)]
        super().__init__([*command, "--port", str(port), "--part-mib", "1"])

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False
