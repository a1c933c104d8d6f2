"""What goes wrong below Arrow comes out as one sentence for people, whichever way the lake was read or written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from pipeline.comply.sources import _lake_rows
from pipeline.errors import LakeError
from pipeline.lake import Lake, open_lake
from pipeline.prepare.rows_at import rows_at, scan
from pipeline.privacy.rows import take_out
from pipeline.settings import LakeSettings
from pipeline.spark.partitions import open_parquet
from pipeline.spark.parts import write_part
from pipeline.stage import Attempt, run_stage

SCHEMA = pa.schema([("question", pa.string())])
BATCH = pa.RecordBatch.from_pylist([{"question": "q"}], schema=SCHEMA)


def opened(lake: Lake, uri: str) -> object:
    filesystem, path = lake.arrow(uri)
    return open_parquet(filesystem, path)


READERS: dict[str, Callable[[Lake, str], object]] = {
    "digest": lambda lake, uri: lake.digest(uri),
    "read_table": lambda lake, uri: lake.read_table(uri),
    "open_parquet": opened,
}
OF_DATASETS: dict[str, Callable[[Lake, str], object]] = {
    "scan": lambda lake, uri: list(scan(lake, uri, ["question"])),
    "rows_at": lambda lake, uri: rows_at(lake, uri, np.array([0]), ["question"]),
    "rows of a check": lambda lake, uri: list(_lake_rows(lake, uri)),
    "erasure": lambda lake, uri: take_out(lake, f"{uri}/part.parquet", None, ["x"]),  # type: ignore[arg-type]
}
WRITERS: dict[str, Callable[[Lake, str], object]] = {
    "write_batches": lambda lake, uri: lake.write_batches(uri, [BATCH], SCHEMA),
    "write_part": lambda lake, uri: write_part(lake, uri, 0, [BATCH], SCHEMA),
}


@pytest.fixture(scope="module")
def nowhere() -> Lake:
    """An S3 service that is not there."""
    return open_lake(LakeSettings(uri="s3://bucket", endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b"))


@pytest.mark.parametrize("name", [*WRITERS, "digest", "open_parquet"])
def test_a_service_that_is_away(nowhere: Lake, name: str) -> None:
    with pytest.raises(LakeError, match=r"did not answer.*service is up") as caught:
        (WRITERS | READERS)[name](nowhere, nowhere.uri("rows", "part.parquet"))
    assert "s3://bucket/rows" in str(caught.value) or "bucket/rows" in str(caught.value)


def test_what_a_stage_does_with_arrow_itself_is_said_too(s3_lake: Lake, nowhere: Lake) -> None:
    def work(attempt: Attempt) -> None:
        filesystem, path = nowhere.arrow(nowhere.uri("x"))
        filesystem.open_input_stream(path)

    with pytest.raises(LakeError, match="did not answer"):
        run_stage(s3_lake, "prepare", work, run_id="r", parameters={"away": True})

    def own(attempt: Attempt) -> None:
        raise OSError("a defect of the stage that has nothing to do with the lake")

    with pytest.raises(OSError, match="a defect of the stage"):
        run_stage(s3_lake, "prepare", own, run_id="r", parameters={"own": True})


@pytest.mark.parametrize("name", [*READERS, *OF_DATASETS])
def test_a_damaged_file(s3_lake: Lake, name: str) -> None:
    if name == "digest":
        pytest.skip("reads any bytes")
    folder = s3_lake.uri("damaged", name.replace(" ", "-"))
    uri = f"{folder}/part.parquet"
    s3_lake.write(uri, b"this is no Parquet file, whatever its name says")
    with pytest.raises(LakeError, match=r"damaged.*llmops lake verify --mend"):
        (READERS | OF_DATASETS)[name](s3_lake, folder if name in OF_DATASETS else uri)


@pytest.mark.parametrize("name", READERS)
def test_an_object_that_is_gone(s3_lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match=r"There is no such object \(.*gone.parquet\)"):
        READERS[name](s3_lake, s3_lake.uri("nothing", "gone.parquet"))


@pytest.mark.parametrize("name", [*WRITERS, "digest", "open_parquet"])
def test_a_key_that_is_refused(s3_settings: LakeSettings, name: str) -> None:
    settings = s3_settings.model_copy(update={"access_key": "nobody", "secret_key": "wrong"})
    stranger = open_lake(LakeSettings.model_validate(settings.model_dump()))
    with pytest.raises(LakeError, match=r"lake\.access_key|the credentials"):
        (WRITERS | READERS)[name](stranger, stranger.uri("rows", "part.parquet"))


def test_what_makes_the_batches_may_fail_in_its_own_words(s3_lake: Lake) -> None:
    def batches():
        yield BATCH
        raise OSError("the ticket system hung up")

    with pytest.raises(OSError, match="hung up"):
        s3_lake.write_batches(s3_lake.uri("own", "part.parquet"), batches(), SCHEMA)
