"""How long a release and a rollback of a large model take, against plain copies of the same bytes.

    python benchmarks/release.py --megabytes 500 --rounds 3

Everything runs on this machine: a folder with random bytes of the size, the embedded model store with its data on the
same disk, and the steps that a release takes. What nobody can avoid is measured in the same process, alternately:

- `copy`: the folder copied to the same disk and flushed (`cp`, `fsync`), that is one write of the bytes
- `hash`: SHA-256 over it

A release reads, hashes and sends every byte, the store hashes and flushes it, and the verification pulls it back,
writes and hashes it again; so its floor is two plain copies and three hashes, which is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

from pipeline.audit import AuditLog
from pipeline.lake import open_lake
from pipeline.publish.promote import promote
from pipeline.publish.release import folder_hashes, release, write_release
from pipeline.publish.rollback import rollback
from pipeline.publish.store import ModelStore
from pipeline.settings import LakeSettings, PublishSettings, Settings

TOKEN = "hf_benchmark"
CHUNK = 1 << 20


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


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
def served(scratch: Path) -> Iterator[str]:
    """Run the model store as a process of its own, as in a real set-up."""
    users = scratch / "users.json"
    users.write_text(json.dumps([{"name": "acme", "token": TOKEN, "role": "write", "orgs": []}]))
    command = [sys.executable, "-m", "pipeline.local.hub", "--root", str(scratch / "hub"), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--users", str(users)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the bytes go (default: the temporary folder)")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    scratch = Path(tempfile.mkdtemp(prefix="llmops-release-benchmark-", dir=chosen.folder))
    figures: dict[str, list[float]] = {name: [] for name in ("copy", "hash", "release", "alias", "rollback")}
    try:
        with served(scratch) as url:
            publish = PublishSettings(endpoint=url, token=TOKEN, repository="acme/model")
            store = ModelStore(Settings(publish=publish, state_dir=scratch / "state"))
            lake = open_lake(LakeSettings(uri=str(scratch / "lake")))
            audit = AuditLog(lake)
            for number in range(1, chosen.rounds + 2):
                name = f"v{number}"
                folder = make(scratch / "model", chosen.megabytes, name)
                figures["copy"].append(timed(lambda folder=folder: copy(folder, scratch / "copy")))
                figures["hash"].append(timed(lambda folder=folder: folder_hashes(folder)))
                made: list = []
                identity = {"run_id": name, "model": name}
                done = timed(
                    lambda folder=folder, made=made, identity=identity: made.append(
                        release(store, lambda version: folder, identity=identity, check=lambda pulled: None)
                    )
                )
                figures["release"].append(done)
                figures["alias"].append(
                    timed(
                        lambda made=made, name=name: promote(
                            store, lake, audit, made[0], run_id=name, model=name, approvals=[1]
                        )
                    )
                )
                if number > 1:
                    reason = "measured for the benchmark"
                    figures["rollback"].append(
                        timed(
                            lambda reason=reason: rollback(
                                store, lake, audit, to="v1", actor="benchmark", reason=reason
                            )
                        )
                    )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    middle = {name: round(statistics.median(values), 2) for name, values in figures.items()}
    floor = 2 * middle["copy"] + 3 * middle["hash"]
    result = {
        "megabytes": chosen.megabytes,
        "rounds": chosen.rounds,
        "median_seconds": middle,
        "floor_seconds": round(floor, 2),
        "release_to_copy": round(middle["release"] / middle["copy"], 2),
        "release_to_floor": round(middle["release"] / floor, 2),
        "rollback_to_copy": round(middle["rollback"] / middle["copy"], 2),
        "load": os.getloadavg()[0],
    }
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
