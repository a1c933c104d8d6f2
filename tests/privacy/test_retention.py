from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.audit import AuditLog
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.privacy.retention import retain
from pipeline.settings import LakeSettings, RetentionSettings, Settings
from pipeline.stage import Attempt, run_stage

LATER = datetime.now(UTC) + timedelta(days=100)


def made(
    lake: Lake, stage: str, body: str, inputs: dict[str, Manifest] | None = None, keep: Manifest | None = None
) -> Manifest:
    def work(attempt: Attempt) -> None:
        if keep is not None:
            attempt.keep("rows", keep.output("rows"))
        lake.write(attempt.uri("model" if stage in ("train", "tune") else "report", "file.txt"), body.encode())
        if keep is None:
            lake.write(attempt.uri("rows", "file.txt"), body.encode())

    return run_stage(lake, stage, work, run_id="r", inputs=inputs, parameters={"body": body}, packages=("records",))


def kept(lake: Lake) -> set[str]:
    return {lake.key(info.uri) for info in lake.objects(lake.root)}


def settings(lake: Lake, **chosen: Any) -> Settings:
    return Settings(lake=LakeSettings(uri=lake.root), retention=RetentionSettings(**chosen))


def test_raw_data_cache_and_leftovers_go_when_they_are_old(lake: Lake) -> None:
    for key in ("raw/s/r/page.html", "cache/answers/x.parquet", "prepare/k/attempts/dead/rows/part-00000.parquet"):
        lake.write(lake.uri(key), b"x" * 10)
    chosen = settings(lake, raw_days=30, cache_days=90, unfinished_days=7)
    assert retain(chosen, lake, actor="cron").deleted["raw"] == (0, 0)
    report = retain(chosen, lake, actor="cron", now=LATER)
    assert report.deleted == {"raw": (1, 10), "cache": (1, 10), "unfinished": (1, 10), "datasets": (0, 0)}
    assert {key.split("/")[0] for key in kept(lake)} == {"audit"}
    assert AuditLog(lake).find("old_data_deleted")[0].data["deleted"]["raw"] == [1, 10]


def test_without_days_nothing_goes(lake: Lake) -> None:
    lake.write(lake.uri("raw/s/r/page.html"), b"x")
    made(lake, "prepare", "old")
    made(lake, "prepare", "new")
    before = kept(lake)
    retain(settings(lake, cache_days=None, unfinished_days=None), lake, actor="cron", now=LATER)
    assert kept(lake) == before


def test_old_datasets_go_but_not_what_a_released_model_was_made_from(lake: Lake) -> None:
    first = made(lake, "prepare", "first")
    model = made(lake, "tune", "weights", {"prepare": first})
    forgotten = made(lake, "prepare", "second")
    shared = made(lake, "prepare", "third", keep=forgotten)
    AuditLog(lake).append("published", actor="pipeline", subject=model.output("model").digest)
    made(lake, "tune", "newer weights")
    report = retain(settings(lake, dataset_days=30), lake, actor="cron", now=LATER)
    left = kept(lake)
    for manifest in (first, model, shared):
        assert lake.key(manifest.uri) in left
    assert lake.key(forgotten.uri) not in left
    assert f"{lake.key(shared.output('rows').uri)}/file.txt" in left  # the file of the old manifest that a new one kept
    assert f"{lake.key(forgotten.output('report').uri)}/file.txt" not in left
    assert report.deleted["datasets"][0] == 2


def test_what_a_reference_names_stays(lake: Lake) -> None:
    first = made(lake, "features", "first")
    made(lake, "features", "second")
    lake.write(lake.uri("feature_store/published/qa_features.json"), f'{{"manifest": "{first.uri}"}}'.encode())
    retain(settings(lake, dataset_days=30), lake, actor="cron", now=LATER)
    assert lake.key(first.uri) in kept(lake)


def test_a_dry_run_deletes_nothing(lake: Lake) -> None:
    lake.write(lake.uri("raw/s/r/page.html"), b"x")
    report = retain(settings(lake, raw_days=1), lake, actor="cron", now=LATER, dry_run=True)
    assert report.deleted["raw"] == (1, 1)
    assert kept(lake) == {"raw/s/r/page.html"}


def test_the_same_on_a_real_object_store(s3_settings: LakeSettings, s3_lake: Lake) -> None:
    s3_lake.write(s3_lake.uri("raw/s/r/page.html"), b"x")
    chosen = Settings(
        lake=s3_settings.model_copy(update={"uri": s3_lake.root}), retention=RetentionSettings(raw_days=30)
    )
    assert retain(chosen, s3_lake, actor="cron").deleted["raw"] == (0, 0)
    assert retain(chosen, s3_lake, actor="cron", now=LATER).deleted["raw"] == (1, 1)


def test_an_attempt_at_work_keeps_the_old_files_that_it_carries_over(lake: Lake) -> None:
    prefix = "collect/k/attempts/alive/rows"
    lake.write(lake.uri(f"{prefix}/old.parquet"), b"x")
    lake.write(lake.uri(f"{prefix}/new.parquet"), b"y")
    lake.write(lake.uri("collect/k/attempts/dead/rows/old.parquet"), b"z")
    for attempt in ("alive", "dead"):
        file = Path(lake.arrow(lake.uri(f"collect/k/attempts/{attempt}/rows/old.parquet"))[1])
        os.utime(file, (0, 0))  # a second name of an old file has the old time
    report = retain(settings(lake, unfinished_days=7), lake, actor="cron")
    assert report.deleted["unfinished"] == (1, 1)
    assert {key for key in kept(lake) if key.startswith("collect/")} == {
        f"{prefix}/old.parquet",
        f"{prefix}/new.parquet",
    }


def test_a_stage_whose_carried_files_vanish_publishes_nothing(lake: Lake) -> None:
    first = made(lake, "collect", "first")
    source = f"{first.output('rows').uri}/file.txt"

    def work(attempt: Attempt) -> None:
        target = attempt.uri("rows", "file.txt")
        attempt.carry(source, target, first.output("rows").files[0])
        lake.write(attempt.uri("rows", "more.txt"), b"more")
        lake.delete([target])

    with pytest.raises(LakeError, match="1 files that were carried over are gone"):
        run_stage(lake, "collect", work, run_id="r", parameters={"body": "second"}, packages=("records",))
    assert [key for key in kept(lake) if key.endswith("manifest.json")] == [lake.key(first.uri)]
