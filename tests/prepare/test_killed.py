from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pipeline.lake import Lake, open_lake
from pipeline.manifest import load_manifest
from pipeline.settings import LakeSettings

from .separate import finished, repository_manifest, rows_of, start

ROWS = 1000


def parts(lake: Lake) -> list[str]:
    found = [info.uri for info in lake.objects(lake.uri("prepare"))]
    return [uri for uri in found if "/cleaned/part-" in uri]


@pytest.mark.spark
def test_killed_in_the_middle_it_shows_nothing_and_makes_the_same_rows_when_run_again(tmp_path: Path) -> None:
    settings = LakeSettings(uri=str(tmp_path / "lake"))
    lake = open_lake(settings)
    given = repository_manifest(lake, ROWS)
    killed = start(settings, tmp_path, given.uri, master="local[2]")
    try:
        deadline = time.monotonic() + 200
        while not parts(lake):
            assert killed.poll() is None, killed.communicate()[1][-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait(20) == -signal.SIGKILL
    killed.communicate(timeout=20)
    left = [info.uri for info in lake.objects(lake.uri("prepare"))]
    assert left, "it had begun to write"
    assert not any(uri.endswith("/manifest.json") for uri in left), "and published nothing"

    again = finished(start(settings, tmp_path, given.uri, master="local[2]"))
    other = LakeSettings(uri=str(tmp_path / "other"))
    same = repository_manifest(open_lake(other), ROWS)
    undisturbed = finished(start(other, tmp_path, same.uri, master="local[2]"))
    assert not again["cached"]
    assert again["counts"] == undisturbed["counts"]
    assert again["counts"]["rows_in"] == ROWS == again["counts"]["rows_out"] + again["counts"]["set_aside"]
    for output in ("rows", "set_aside", "vocabulary"):
        made = rows_of(settings, again["manifest"], output)
        assert made == rows_of(other, undisturbed["manifest"], output), output
        assert made, output
    assert len(rows_of(settings, again["manifest"], "rows")) == again["counts"]["rows_out"]
    assert len(rows_of(settings, again["manifest"], "set_aside")) == again["counts"]["set_aside"] == ROWS // 10
    leakage = load_manifest(lake, again["manifest"]).facts["leakage"]
    held_out = [row for row in rows_of(settings, again["manifest"], "rows") if row["split"] != "train"]
    assert leakage["checked"] == len(held_out) + leakage["removed"]
    assert held_out
