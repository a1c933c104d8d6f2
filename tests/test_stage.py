from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import LakeError, PipelineError
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.stage import Attempt, run_stage


def write(text: str, rows_out: int = 1):
    def work(attempt: Attempt) -> None:
        attempt.counts.rows_in = attempt.counts.rows_out = rows_out
        attempt.lake.write(attempt.uri("data", "part-0.txt"), text.encode())

    return work


def run(lake: Lake, work, **arguments) -> Manifest:
    return run_stage(lake, "prepare", work, run_id="r1", **arguments)


def test_second_run_does_no_work(lake: Lake) -> None:
    first = run(lake, write("a"), parameters={"n": 1})
    again = run(lake, lambda attempt: pytest.fail("worked again"), parameters={"n": 1})
    assert again.cached
    assert again.outputs == first.outputs
    assert load_manifest(lake, first.uri).digest == first.digest


@pytest.mark.parametrize("change", [{"parameters": {"n": 2}}, {"packages": ("collect",)}])
def test_other_parameters_or_code_work_again(lake: Lake, change: dict) -> None:
    first = run(lake, write("a"), parameters={"n": 1})
    assert run(lake, write("b"), **{"parameters": {"n": 1}, **change}).key != first.key


def test_failed_stage_leaves_nothing(lake: Lake) -> None:
    def fail(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("data", "half"), b"half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        run(lake, fail)
    assert lake.objects(lake.root) == []


def test_lost_rows_are_refused(lake: Lake) -> None:
    def lose(attempt: Attempt) -> None:
        attempt.counts.rows_in, attempt.counts.rows_out = 10, 8
        attempt.set_aside({"too short": 1})

    with pytest.raises(PipelineError, match="10 in, 8 out, 1 set aside"):
        run(lake, lose)


def test_of_two_at_once_the_first_wins_and_both_agree(lake: Lake) -> None:
    def slow(attempt: Attempt) -> None:
        write("slow")(attempt)
        run(lake, write("fast"))

    manifest = run(lake, slow)
    assert manifest.cached, "the other one made it"
    assert lake.read(manifest.output("data").uri + "/part-0.txt") == b"fast"
    assert len([info for info in lake.objects(lake.root) if "attempts" in info.uri]) == 1


def test_equal_content_from_other_parameters_is_equal_downstream(lake: Lake) -> None:
    one = run(lake, write("same"), parameters={"n": 1})
    two = run(lake, write("same"), parameters={"n": 2})
    first = run_stage(lake, "train", write("model"), run_id="r1", inputs={"rows": one})
    second = run_stage(lake, "train", lambda attempt: pytest.fail("worked"), run_id="r2", inputs={"rows": two})
    assert first.key == second.key


def test_damaged_manifest_is_named(lake: Lake) -> None:
    manifest = run(lake, write("a"))
    lake.write(manifest.uri, b"{")
    with pytest.raises(LakeError, match="damaged"):
        load_manifest(lake, manifest.uri)


OUTSIDE = ["/etc/cron.d/x", "../x", "a/../../x", "a//x", "./x", "", "a/\0x"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_manifest_that_names_a_file_outside_its_output_is_damaged(lake: Lake, path: str) -> None:
    """Readers join the path to a folder of their own: an absolute one would be written wherever it says."""
    manifest = run(lake, write("a"))
    content = json.loads(lake.read(manifest.uri))
    content["outputs"]["data"]["files"][0]["path"] = path
    lake.write(manifest.uri, json.dumps(content).encode())
    with pytest.raises(LakeError, match="leads out of its output"):
        load_manifest(lake, manifest.uri)


def test_a_manifest_whose_digest_is_not_that_of_its_files_is_damaged(lake: Lake) -> None:
    """Stages and the audit trail go by the digest; who edits the list of files only would go unseen."""
    manifest = run(lake, write("a"))
    content = json.loads(lake.read(manifest.uri))
    content["outputs"]["data"]["files"][0]["sha256"] = "0" * 64
    lake.write(manifest.uri, json.dumps(content).encode())
    with pytest.raises(LakeError, match="the digest of data is not that of its files"):
        load_manifest(lake, manifest.uri)


class Listed:
    """A store that lists keys as S3 does: they need not be paths."""

    def __init__(self, *keys: str) -> None:
        self.listed = keys

    def keys(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        return ((key, 1, "tag") for key in self.listed if key.startswith(prefix))

    def download(self, key: str, file: Path) -> None:
        file.write_bytes(b"evil")


@pytest.mark.parametrize("path", OUTSIDE[:5])
def test_an_object_whose_key_leads_out_of_its_folder_is_not_written(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "here" / "learnt"
    path = path.replace("/etc/cron.d/x", str(tmp_path / "x"))
    lake = Lake("s3://lake", Listed(f"train/k/adapter/{path}"))  # type: ignore[arg-type]
    with pytest.raises(LakeError, match="leads out of"):
        lake.download_folder("s3://lake/train/k/adapter", folder)
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []


def test_missing_output_names_those_that_exist(lake: Lake) -> None:
    with pytest.raises(LakeError, match="It has: data"):
        run(lake, write("a")).output("rows")


def test_parquet_round_trip(lake: Lake) -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1, 2], "b": ["x", None]})
    assert lake.write_batches(lake.uri("t", "part.parquet"), [batch, batch], batch.schema) == 4
    assert lake.read_table(lake.uri("t"), columns=["b"]).to_pydict() == {"b": ["x", None, "x", None]}
