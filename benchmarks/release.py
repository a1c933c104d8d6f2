"""How long a release and a rollback of a large model take, against plain copies of the same bytes.

    python benchmarks/release.py --megabytes 500 --rounds 3

Everything runs on this machine: a folder with random bytes of the size, the embedded model store with its data on the
same disk, and the steps that a release takes. What nobody can avoid is measured in the same process, alternately:

- `copy`: the folder copied to the same disk and flushed (`cp`, `fsync`), that is one write of the bytes
- `hash`: SHA-256 over it
- `upload`, `download`: `huggingface_hub`'s `upload_folder` and `snapshot_download` of a folder of the same size, to a
  repository of the same server; who publishes by hand does the first, who checks what was published the second

A release is an upload, a download and a hash over what came back, so `release_to_plain` near 1 means that nothing else
costs time. Memory is the peak of the resident sizes of this process and of the server.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import psutil
from huggingface_hub import HfApi

from pipeline.audit import AuditLog
from pipeline.lake import open_lake
from pipeline.publish.promote import promote
from pipeline.publish.release import folder_hashes, release, write_release
from pipeline.publish.rollback import rollback
from pipeline.publish.store import ModelStore
from pipeline.settings import LakeSettings, PublishSettings, Settings

TOKEN = "hf_benchmark"
CHUNK = 1 << 20


def make(folder: Path, megabytes: int, version: str) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (folder / "model.safetensors").open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(CHUNK))
    (folder / "README.md").write_text(f"---\nlicense: mit\n---\n# {version}\n")
    write_release(folder, {"version": version, "run_id": version, "model": version})
    return folder


def copy(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in folder.iterdir():
        shutil.copyfile(path, target / path.name)
        with (target / path.name).open("rb+") as file:
            os.fsync(file.fileno())


@contextmanager
def served(scratch: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run the model store as a process of its own, as in a real set-up."""
    users = scratch / "users.json"
    users.write_text(json.dumps([{"name": "acme", "token": TOKEN, "role": "write", "orgs": []}]))
    command = [sys.executable, "-m", "pipeline.local.hub", "--root", str(scratch / "hub"), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--users", str(users)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def peak_mib(process: psutil.Process) -> float:
    """Return the most memory that a process had at any time (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(kib) / 1024, 1)


class Rounds:
    """The steps of one round, each timed; every round has bytes of its own, so that the store cannot reuse any."""

    def __init__(self, scratch: Path, url: str, megabytes: int) -> None:
        publish = PublishSettings(endpoint=url, token=TOKEN, repository="acme/model")
        self.store = ModelStore(Settings(publish=publish, state_dir=scratch / "state"))
        self.lake = open_lake(LakeSettings(uri=str(scratch / "lake")))
        self.audit = AuditLog(self.lake)
        self.api = HfApi(endpoint=url, token=TOKEN)
        self.api.create_repo("acme/plain")
        self.scratch, self.megabytes = scratch, megabytes
        self.seconds: dict[str, list[float]] = {}

    def measure(self, name: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        made = work()
        self.seconds.setdefault(name, []).append(time.perf_counter() - begun)
        return made

    def run(self, number: int) -> None:
        name = f"v{number}"
        self._plain(name)
        folder = make(self.scratch / "model", self.megabytes, name)
        self.measure("hash", lambda: folder_hashes(folder))
        identity = {"run_id": name, "model": name}
        version = self.measure(
            "release", lambda: release(self.store, lambda _: folder, identity=identity, check=lambda pulled: None)
        )
        self.measure(
            "alias",
            lambda: promote(self.store, self.lake, self.audit, version, run_id=name, model=name, approvals=[1]),
        )
        if number > 1:
            self.measure(
                "rollback",
                lambda: rollback(
                    self.store, self.lake, self.audit, to="v1", actor="benchmark", reason="measured for the benchmark"
                ),
            )

    def _plain(self, name: str) -> None:
        folder, back = make(self.scratch / "plain", self.megabytes, name), self.scratch / "back"
        self.measure("copy", lambda: copy(folder, self.scratch / "copy"))
        commit = self.measure("upload", lambda: self.api.upload_folder(repo_id="acme/plain", folder_path=folder))
        self.measure("download", lambda: self.api.snapshot_download("acme/plain", revision=commit.oid, local_dir=back))
        for used in (folder, back, self.scratch / "copy"):
            shutil.rmtree(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the bytes go (default: the temporary folder)")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    scratch = Path(tempfile.mkdtemp(prefix="llmops-release-benchmark-", dir=chosen.folder))
    load = os.getloadavg()[0]
    try:
        with served(scratch) as (url, server):
            rounds = Rounds(scratch, url, chosen.megabytes)
            for number in range(1, chosen.rounds + 2):
                rounds.run(number)
            server_mib = peak_mib(server)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    middle = {name: round(statistics.median(values), 2) for name, values in rounds.seconds.items()}
    plain = middle["upload"] + middle["download"] + middle["hash"]
    result = {
        "megabytes": chosen.megabytes,
        "rounds": chosen.rounds,
        "median_seconds": middle,
        "release_to_plain": round(middle["release"] / plain, 2),
        "release_to_copy": round(middle["release"] / middle["copy"], 2),
        "upload_to_copy": round(middle["upload"] / middle["copy"], 2),
        "rollback_to_copy": round(middle["rollback"] / middle["copy"], 2),
        "rollback_worst_seconds": round(max(rounds.seconds["rollback"]), 2),
        "peak_mib": {
            "publisher": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "server": server_mib,
        },
        "load_before": load,
    }
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
