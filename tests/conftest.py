from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Read by huggingface_hub when it is first imported, by whichever test that is.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
from pydantic import SecretStr

from pipeline.errors import LakeError
from pipeline.lake import Lake, open_lake
from pipeline.local.services import OBJECT_STORE_MEMORY, seaweedfs
from pipeline.settings import LakeSettings, Settings, SparkSettings

# The same examples in every run, and none that fails because the machine was busy for a moment.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in a folder of the test's own."""
    return open_lake(LakeSettings(uri=str(tmp_path / "lake")))


@pytest.fixture(scope="session")
def s3_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeSettings]:
    """A real S3 service (SeaweedFS) for the session, on ports from TEST_S3_PORT (21400) on, with the bucket `tests`."""
    port = int(os.environ.get("TEST_S3_PORT", "21400"))
    folder = tmp_path_factory.mktemp("s3")
    access, secret = "tests", "tests-secret"
    command = seaweedfs(folder, port, bucket="tests")
    environment = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, **OBJECT_STORE_MEMORY}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
    settings = LakeSettings(
        uri="s3://tests",
        endpoint_url=f"http://127.0.0.1:{port}",
        access_key=SecretStr(access),
        secret_key=SecretStr(secret),
    )
    try:
        _await_bucket(settings, process, folder / "log")
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def spark_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the session's Spark, with a lake in a folder of the session's own."""
    return Settings(
        state_dir=tmp_path_factory.mktemp("spark-state"),
        lake=LakeSettings(uri=str(tmp_path_factory.mktemp("spark-lake"))),
        spark=SparkSettings(master="local[2]", driver_memory="1g", shuffle_partitions=2),
    )


@pytest.fixture(scope="session")
def spark(spark_settings: Settings) -> Iterator[Any]:
    """One local Spark session for all tests; stages that ask for a session get this one."""
    from pipeline.spark.session import spark_session

    with spark_session(spark_settings) as session:
        yield session


@pytest.fixture
def s3_lake(s3_settings: LakeSettings, request: pytest.FixtureRequest) -> Lake:
    """A lake of the test's own on a real S3 service."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return open_lake(s3_settings.model_copy(update={"uri": f"{s3_settings.uri}/{name}-{time.time_ns()}"}))


def _await_bucket(settings: LakeSettings, process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    """The service answers before it has made the bucket, so its health is not enough."""
    lake = open_lake(settings)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            lake.objects(lake.root)
        except LakeError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the S3 service did not start: {log.read_text(errors='replace')[-2000:]}")
