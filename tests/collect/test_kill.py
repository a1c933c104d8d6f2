"""A collection whose process is killed leaves nothing visible, and repeating it gives what an undisturbed run gives."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collect_support import collect

from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings, TableSourceSettings

SCRIPT = """
import sys
from pipeline.collect import stage
from pipeline.lake import open_lake
from pipeline.settings import CollectSettings, LakeSettings, Settings, TableSourceSettings
source = TableSourceSettings(kind="table", name="kb", uri=sys.argv[1])
settings = Settings(collect=CollectSettings(sources=[source]))
stage.run(settings, open_lake(LakeSettings(uri=sys.argv[2])), run_id="r1", source="kb")
"""


def state_of(lake: Lake) -> str:
    """Return how far a run has come, from what lies in the lake."""
    uris = [info.uri for info in lake.objects(lake.root)]
    if any("/attempts/" in uri for uri in uris):
        return "writing"
    return "reading" if any("/raw/" in uri for uri in uris) else "starting"


@pytest.mark.parametrize("moment", ["reading", "writing"])
def test_sigkill_and_repeat(folder: Path, tmp_path: Path, moment: str) -> None:
    for part in range(4):
        numbers = range(part * 8_000, (part + 1) * 8_000)
        columns = {"question": [f"Question {n}?" for n in numbers], "answer": [f"Answer {n}." for n in numbers]}
        pq.write_table(pa.table(columns), folder / f"{part}.parquet")
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), str(tmp_path / "lake")])
    deadline = time.monotonic() + 300
    while state_of(lake) != moment and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
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
