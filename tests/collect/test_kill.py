"""A collection whose process is killed leaves nothing visible, and repeating it gives what an undisturbed run gives."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collect_support import collect

from pipeline.lake import open_lake
from pipeline.settings import LakeSettings, TableSourceSettings

# It kills itself: another process that watches for the moment may be too late on a busy machine.
SCRIPT = """
import os, signal, sys
from pipeline.collect import stage
from pipeline.lake import Lake, open_lake
from pipeline.settings import CollectSettings, LakeSettings, Settings, TableSourceSettings
def killed_behind(write):
    def writes(lake, first, second, *rest):
        found = write(lake, first, second, *rest)
        if sys.argv[3] in (first if isinstance(first, str) else second):
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return writes

Lake.upload, Lake.write_batches = killed_behind(Lake.upload), killed_behind(Lake.write_batches)
source = TableSourceSettings(kind="table", name="kb", uri=sys.argv[1])
settings = Settings(collect=CollectSettings(sources=[source]))
stage.run(settings, open_lake(LakeSettings(uri=sys.argv[2])), run_id="r1", source="kb")
"""


@pytest.mark.parametrize("behind", ["/raw/", "/attempts/"])
def test_sigkill_and_repeat(folder: Path, tmp_path: Path, behind: str) -> None:
    for part in range(4):
        numbers = range(part * 8_000, (part + 1) * 8_000)
        columns = {"question": [f"Question {n}?" for n in numbers], "answer": [f"Answer {n}." for n in numbers]}
        pq.write_table(pa.table(columns), folder / f"{part}.parquet")
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    process = subprocess.run([sys.executable, "-c", SCRIPT, str(folder), str(tmp_path / "lake"), behind], check=False)
    assert process.returncode == -signal.SIGKILL
    assert any(behind in info.uri for info in lake.objects(lake.root))
    assert not any(info.uri.endswith("manifest.json") for info in lake.objects(lake.root))
    assert lake.objects(lake.uri("refs")) == []

    source = TableSourceSettings(kind="table", name="kb", uri=str(folder))
    repeated = collect(lake, source, "r1")
    undisturbed = open_lake(LakeSettings(uri=str(tmp_path / "other")))
    undisturbed.write(undisturbed.uri("raw/kb/r1/run.json"), lake.read(lake.uri("raw/kb/r1/run.json")))
    expected = collect(undisturbed, source, "r1")
    assert repeated.counts.rows_out == 32_000
    assert {name: output.digest for name, output in repeated.outputs.items()} == {
        name: output.digest for name, output in expected.outputs.items()
    }
