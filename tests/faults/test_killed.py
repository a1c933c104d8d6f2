"""Stages that are killed, and a disk that is full: nothing half-done is visible, and the next try gives the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from killed_stage import POINTS, run

from pipeline.errors import LakeError
from pipeline.lake import open_lake
from pipeline.settings import PROJECT_ROOT, LakeSettings
from pipeline.stage import Attempt, run_stage

SCRIPT = Path(__file__).with_name("killed_stage.py")


@pytest.mark.parametrize("point", POINTS)
def test_a_stage_killed_at_a_point(tmp_path: Path, point: str, injected: Callable[..., None]) -> None:
    place = str(tmp_path / "lake")
    command = [sys.executable, str(SCRIPT), place, point]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    lake = open_lake(LakeSettings(uri=place))
    visible = [info.uri for info in lake.objects(lake.root) if info.uri.endswith("manifest.json")]
    assert len(visible) == (1 if point == "after the manifest" else 0)
    again = run(lake, "never")
    assert again.cached is (point == "after the manifest")
    whole = run(open_lake(LakeSettings(uri=str(tmp_path / "other"))), "never")
    assert again.digest == whole.digest
    injected("a stage", f"SIGKILL {point}", 1, "nothing half-done visible; the same content at the next try")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_stops_the_stage_and_leaves_nothing(small_disk: Path, injected: Callable[..., None]) -> None:
    lake = open_lake(LakeSettings(uri=str(small_disk)))

    def work(attempt: Attempt) -> None:
        for number in range(8):
            attempt.lake.write(attempt.uri("rows", f"part-{number}.json"), b"x" * 300_000)

    with pytest.raises(LakeError, match=r"The disk is full .* Make room"):
        run_stage(lake, "prepare", work, run_id="r")
    assert lake.objects(lake.root) == []

    def less(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("rows", "part.json"), b"x" * 300_000)

    assert run_stage(lake, "prepare", less, run_id="r", parameters={"less": True}).outputs
    injected("the lake's disk", "full", 1, "the cause is said, nothing is left behind, the next stage works")
