"""Every real stage is killed with SIGKILL at three points; what its next try makes is what an undisturbed one makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from real_stages import POINTS, SOURCE

from pipeline.audit import AuditLog
from pipeline.lake import open_lake
from pipeline.settings import PROJECT_ROOT, LakeSettings

HERE = Path(__file__).resolve().parent
STAGES = ["collect", "repository", "prepare", "base-model", "features", "train", "tune", "evaluate", "comply"]
SECONDS = 3000


@pytest.mark.end_to_end
def test_every_stage_killed_at_three_points(tmp_path: Path, injected: Callable[..., None]) -> None:
    shutil.copy(HERE.parent / "end_to_end" / "policy.yaml", tmp_path)
    shutil.copy(PROJECT_ROOT / "constraints.txt", tmp_path)
    shutil.copytree(PROJECT_ROOT / "governance", tmp_path / "governance")
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}:{HERE}"}
    with (tmp_path / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, str(HERE / "real_stages.py"), str(tmp_path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stdout.decode() + (tmp_path / "log").read_text()[-6000:]
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    assert [entry["stage"] for entry in told] == STAGES
    for entry in told:
        assert entry["visible_after_kills"] == [0, 0, 0], entry
        assert entry["same"], f"{entry['stage']} made something else after it was killed"
        assert entry["balance"] == 0
        injected(f"the stage {entry['stage']}", f"SIGKILL {', '.join(POINTS)}", 3, "nothing visible; the same content")
    audit = AuditLog(open_lake(LakeSettings(uri=str(tmp_path / "lake"))))
    assert audit.verify() == []
    completed = {record.data["stage"] for record in audit.find("stage_completed")}
    assert completed == {f"collect-{SOURCE}", *STAGES[1:]}
