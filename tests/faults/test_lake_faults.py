"""Lake, audit trail and stage contract on a real S3 service behind a faulty proxy: a tenth of the calls fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from proxy import FAULTS, FaultyProxy

from pipeline.audit import AuditLog
from pipeline.errors import PipelineError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings
from pipeline.stage import Attempt, run_stage

TRIES = 4


def again(call: Callable[[], Manifest]) -> Manifest:
    """Do as Airflow does: a failed task is tried again."""
    for attempt in range(TRIES):
        try:
            return call()
        except PipelineError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def work(attempt: Attempt) -> None:
    """A stage in small: files, a table, counts."""
    for number in range(6):
        attempt.lake.write(attempt.uri("rows", f"part-{number}.json"), f"content {number}".encode() * 2000)
    table = pa.table({"question": [f"q{n}" for n in range(500)]})
    filesystem, place = attempt.lake.arrow(attempt.uri("table", "part.parquet"))
    pq.write_table(table, place, filesystem=filesystem)
    assert attempt.lake.read_table(attempt.uri("table", "part.parquet")).num_rows == 500
    attempt.counts.rows_in = attempt.counts.rows_out = 500


@pytest.mark.parametrize("fault", FAULTS)
def test_stage_trail_and_swap_are_whole(
    s3_settings: LakeSettings, fault: str, injected: Callable[..., None], tmp_path: Path
) -> None:
    with FaultyProxy(str(s3_settings.endpoint_url), fault) as proxy:
        root = f"{s3_settings.uri}/faults-{fault}-{time.time_ns()}"
        settings = s3_settings.model_copy(update={"uri": root, "endpoint_url": proxy.url})
        lake = open_lake(settings)
        clean = open_lake(settings.model_copy(update={"endpoint_url": s3_settings.endpoint_url}))
        audit = AuditLog(lake)
        made = []
        for number in range(4):
            made.append(
                again(lambda number=number: run_stage(lake, "prepare", work, run_id="r", parameters={"n": number}))
            )
            audit.append("stage_completed", actor="p", run_id="r", data={"number": number})
        big = tmp_path / "big"
        big.write_bytes(bytes(range(256)) * 4096 * 12)
        for number in range(3):
            _file(lake, big, number, tmp_path)
        count = proxy.injected[fault]
    assert count >= 3, f"only {count} of {proxy.calls} calls met the fault"
    assert len({manifest.digest for manifest in made}) == 1, "equal work has equal content, whatever happened"
    for manifest in made:
        for output in manifest.outputs.values():
            for file in output.files:
                assert clean.digest(f"{output.uri}/{file.path}") == file.sha256
    assert AuditLog(clean).verify() == []
    numbers = [record.data["number"] for record in AuditLog(clean).find("stage_completed")]
    assert numbers == [0, 1, 2, 3], "no record is lost or doubled"
    injected("S3 calls of stages, audit trail and transfers", fault, count, "same content, no record lost or doubled")


def _file(lake: Lake, big: Path, number: int, folder: Path) -> None:
    uri = lake.uri("files", str(number))
    for attempt in range(TRIES):
        try:
            lake.upload(big, uri)
            lake.download(uri, folder / "back")
            break
        except PipelineError:
            if attempt == TRIES - 1:
                raise
    assert (folder / "back").read_bytes() == big.read_bytes()


def test_a_lost_answer_is_not_taken_for_a_lost_race(s3_settings: LakeSettings, injected: Callable[..., None]) -> None:
    """The first put arrives, its answer does not; the client's second put meets the first and must know it."""
    with FaultyProxy(str(s3_settings.endpoint_url), "answer_lost", share=0.5, seed=3) as proxy:
        settings = s3_settings.model_copy(
            update={"uri": f"{s3_settings.uri}/lost-{time.time_ns()}", "endpoint_url": proxy.url}
        )
        lake = open_lake(settings)
        won = [lake.put_if_absent(lake.uri("one", str(number)), f"mine {number}".encode()) for number in range(12)]
        assert all(won)
        assert not lake.put_if_absent(lake.uri("one", "3"), b"somebody else's")
        count = proxy.injected["answer_lost"]
    assert count >= 4
    injected("conditional puts", "answer lost after the write", count, "the writer knows its own content")


def test_two_pipelines_at_once(s3_settings: LakeSettings, injected: Callable[..., None]) -> None:
    """Eight runs of one stage at once, through a faulty proxy: one manifest, whose files are all there."""
    with FaultyProxy(str(s3_settings.endpoint_url), "503") as proxy:
        settings = s3_settings.model_copy(
            update={"uri": f"{s3_settings.uri}/race-{time.time_ns()}", "endpoint_url": proxy.url}
        )
        results: list[Manifest] = []

        def attempt(number: int) -> None:
            lake = open_lake(settings)
            results.append(again(lambda: run_stage(lake, "prepare", work, run_id=f"run-{number}")))
            AuditLog(lake).append("stage_completed", actor="p", data={"run": number})

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lake = open_lake(settings.model_copy(update={"endpoint_url": s3_settings.endpoint_url}))
    assert len(results) == 8
    assert len({manifest.run_id for manifest in results}) == 1
    for output in results[0].outputs.values():
        for file in output.files:
            assert lake.digest(f"{output.uri}/{file.path}") == file.sha256
    assert sorted(r.data["run"] for r in AuditLog(lake).find("stage_completed")) == list(range(8))
    assert AuditLog(lake).verify() == []
    injected("8 runs of one stage at once", "the race, and 503 for a tenth", 8, "one manifest, complete; 8 records")


@pytest.mark.parametrize("damage", ["deleted", "changed", "cut short", "manifest cut short"])
def test_damage_is_found_by_digest_named_and_rebuilt(s3_lake: Lake, damage: str, injected: Callable[..., None]) -> None:
    from pipeline.lake import check as lake_check

    before = run_stage(s3_lake, "prepare", work, run_id="r")
    after = run_stage(s3_lake, "features", work, run_id="r", inputs={"prepared": before})
    victim = f"{before.output('rows').uri}/part-3.json"
    content = s3_lake.read(victim)
    if damage == "deleted":
        s3_lake.delete([victim])
    elif damage == "manifest cut short":
        victim = before.uri
        s3_lake.write(victim, s3_lake.read(victim)[:100])
    else:
        s3_lake.write(victim, content[:-1] + b"X" if damage == "changed" else content[:10])
    found = [d for uri in lake_check.manifests(s3_lake) for d in lake_check.check(s3_lake, uri)]
    assert [d.uri for d in found] == [victim]
    assert lake_check.release(s3_lake, found) == [before.uri]
    rebuilt = run_stage(s3_lake, "prepare", work, run_id="r2")
    assert rebuilt.digest == before.digest
    assert not [d for uri in lake_check.manifests(s3_lake) for d in lake_check.check(s3_lake, uri)]
    assert run_stage(s3_lake, "features", work, run_id="r2", inputs={"prepared": rebuilt}).uri == after.uri
    injected("a lake object", damage, 1, "named, rebuilt with the same digest; later stages unchanged")
