from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import httpx2
import numpy as np
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.integrity import damage
from pipeline.local.hub.store import Store

TOKEN = "hf_the_only_token_here"


class Server:
    """The real program on one folder and one port, to be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "hub"
        self.users = folder / "users.json"
        self.users.write_text(json.dumps([{"name": "alice", "token": TOKEN, "role": "write"}]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[str] | None = None
        self.api = HfApi(endpoint=f"http://127.0.0.1:{self.port}", token=TOKEN)

    def start(self, *extra: str) -> None:
        command = [sys.executable, "-m", "pipeline.local.hub", "--root", self.root, "--users", self.users]
        self.process = subprocess.Popen(
            [*map(str, command), "--port", str(self.port), "--part-mib", "1", *extra],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{self.api.endpoint}\n"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.api.endpoint}/healthz").raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def damage(self) -> list[str]:
        store = Store.open(HubConfig(self.root), [])
        try:
            return list(damage(store))
        finally:
            store.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    if server.process and server.process.poll() is None:
        server.kill()


def test_an_upload_killed_half_way_leaves_nothing(server: Server) -> None:
    server.api.create_repo("alice/m")
    data = b"\0half" * 200_000
    sha256 = hashlib.sha256(data).hexdigest()
    answer = httpx.post(
        f"{server.api.endpoint}/alice/m.git/info/lfs/objects/batch",
        json={"operation": "upload", "objects": [{"oid": sha256, "size": len(data)}]},
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    href = answer.json()["objects"][0]["actions"]["upload"]["href"]
    arrived = server.root / "staging"

    def half() -> Iterator[bytes]:
        yield data[: len(data) // 2]
        deadline = time.monotonic() + 10
        while not list(arrived.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        yield data[len(data) // 2 :]

    with pytest.raises(httpx.TransportError):
        httpx.put(href, content=half())
    assert list(arrived.iterdir()), "the test must kill the server in the middle"

    server.start()
    assert list(arrived.iterdir()) == []
    assert not list((server.root / "blobs").rglob(sha256))
    assert server.api.list_repo_files("alice/m") == [".gitattributes"]
    server.api.upload_file(path_or_fileobj=data, path_in_repo="half.bin", repo_id="alice/m")
    server.kill()
    assert server.damage() == []


class Slow(io.BytesIO):
    """A content that takes its time, so that the server can be killed between two parts."""

    wait = 0.0

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(self.wait)
        return super().read(size)


def test_an_upload_in_parts_survives_a_restart(server: Server) -> None:
    server.api.create_repo("alice/m")
    data = np.random.default_rng(5).bytes(9 * 2**20 + 17)
    operation = CommitOperationAdd("model.safetensors", Slow(data))
    Slow.wait = 0.02
    parts = server.root / "parts"

    def number_of_parts() -> int:
        return len(list(parts.glob("*/*")))

    def crash() -> None:
        while number_of_parts() < 3:
            time.sleep(0.005)
        server.kill()
        kept.append(number_of_parts())
        server.start()

    kept: list[int] = []
    crashing = threading.Thread(target=crash)
    crashing.start()
    server.api.create_commit("alice/m", [operation], commit_message="through a crash")
    crashing.join()
    Slow.wait = 0.0

    assert 3 <= kept[0] < 10
    (info,) = server.api.get_paths_info("alice/m", "model.safetensors")
    assert info.lfs.sha256 == hashlib.sha256(data).hexdigest()
    assert Path(server.api.hf_hub_download("alice/m", "model.safetensors")).read_bytes() == data
    server.kill()
    assert server.damage() == []


def test_what_was_acknowledged_survives_kills_at_any_moment(server: Server) -> None:
    server.api.create_repo("alice/m")
    acknowledged: list[tuple[str, str]] = []
    stop = threading.Event()

    def commit(worker: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            name = f"{worker}-{number}.bin"
            operation = CommitOperationAdd(name, f"\0{name}".encode() * 500)
            try:
                done = server.api.create_commit("alice/m", [operation], commit_message=name)
                acknowledged.append((name, done.oid))
            except (HfHubHTTPError, OSError, RuntimeError, ValueError):
                time.sleep(0.05)
            except httpx2.TransportError:
                time.sleep(0.05)

    workers = [threading.Thread(target=commit, args=(n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 40
    for enough in (4, 8, 12):
        while len(acknowledged) < enough and time.monotonic() < deadline:
            time.sleep(0.003)
        if enough < 12:
            server.kill()
            server.start()
    stop.set()
    for worker in workers:
        worker.join()

    files = set(server.api.list_repo_files("alice/m"))
    log = {commit.commit_id for commit in server.api.list_repo_commits("alice/m")}
    assert len(acknowledged) >= 12
    assert {name for name, _ in acknowledged} <= files
    assert {oid for _, oid in acknowledged} <= log
    server.kill()
    assert server.damage() == []


def test_the_check_finds_damage(server: Server) -> None:
    server.api.create_repo("alice/m")
    for name in ("altered.bin", "missing.bin"):
        server.api.upload_file(path_or_fileobj=b"\0" + name.encode(), path_in_repo=name, repo_id="alice/m")
    infos = {f.path: f.lfs.sha256 for f in server.api.get_paths_info("alice/m", ["altered.bin", "missing.bin"])}
    server.kill()

    def check() -> tuple[int, str]:
        command = [
            sys.executable,
            "-m",
            "pipeline.local.hub",
            "--root",
            server.root,
            "--users",
            server.users,
            "--check",
        ]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        return done.returncode, done.stdout

    assert check() == (0, "Everything stored is what its name says.\n")
    (blob,) = (server.root / "blobs").rglob(infos["altered.bin"])
    blob.write_bytes(b"\0altered.BIN")
    (blob,) = (server.root / "blobs").rglob(infos["missing.bin"])
    blob.unlink()
    code, said = check()
    assert code == 1
    assert f"content {infos['altered.bin']} is altered" in said
    assert f"content {infos['missing.bin']} is missing" in said


def test_what_nobody_names_goes_after_its_time(tmp_path: Path) -> None:
    users = [Account.model_validate({"name": "alice", "token": TOKEN, "role": "write"})]
    config = HubConfig(tmp_path, uncommitted_lifetime=0, upload_lifetime=60)
    store = Store.open(config, users)
    with store.database.write() as db, store.blobs.stage() as staged:
        db.execute("INSERT INTO repositories (kind, name, private, created_at) VALUES ('models', 'alice/m', 0, '')")
        staged.write(b"never committed")
        staged.finish()
        store.blobs.adopt(staged)
        db.execute("INSERT INTO lfs_objects VALUES (1, ?, 15, '2020-01-01T00:00:00.000Z')", (staged.sha256,))
    with store.blobs.stage() as part:
        part.write(b"part")
        part.finish()
        store.blobs.keep_part(part, "1-old", 1)
    with store.blobs.stage() as part:
        part.write(b"part")
        part.finish()
        store.blobs.keep_part(part, "1-new", 1)
    os.utime(tmp_path / "parts" / "1-old", (0, 0))
    store.close()

    Store.open(config, users).close()

    assert not store.blobs.path(staged.sha256).exists()
    assert [folder.name for folder in (tmp_path / "parts").iterdir()] == ["1-new"]
