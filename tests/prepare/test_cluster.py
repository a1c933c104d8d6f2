"""The prepare stage on a real Spark standalone cluster: a master and two workers on the loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest

from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings
from pipeline.spark.java import java_home

from .separate import finished, repository_manifest, rows_of, start

ROWS = 400
DEPLOY = "org.apache.spark.deploy"
EXECUTORS = json.dumps({"spark.executor.memory": "512m"})


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def workers(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/", timeout=5) as answer:
            return int(json.loads(answer.read())["aliveworkers"])
    except OSError:
        return 0


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a master whose two workers have one core each, and no way to this code but what the driver sends."""
    home = tmp_path_factory.mktemp("cluster")
    port, page, *pages = free_ports(4)
    url = f"spark://127.0.0.1:{port}"
    spark = Path(pyspark.__file__).parent
    java = {"JAVA_HOME": str(java_home(home)), "SPARK_DAEMON_MEMORY": "256m", "SPARK_LOCAL_IP": "127.0.0.1"}
    java |= {"SPARK_HOME": str(spark), "PYSPARK_PYTHON": sys.executable}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | java
    spark_class = str(spark / "bin" / "spark-class")
    commands = [["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)]]
    for worker_page in pages:
        options = ["--host", "127.0.0.1", "-c", "1", "-m", "1g", "--webui-port", str(worker_page)]
        commands.append(["worker.Worker", *options, "--work-dir", str(home / str(worker_page)), url])
    running = []
    try:
        with (home / "log").open("wb") as log:
            for name, *options in commands:
                command = [spark_class, f"{DEPLOY}.{name}", *options]
                running.append(subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log))
        deadline = time.monotonic() + 120
        while workers(page) < 2:
            assert time.monotonic() < deadline, (home / "log").read_text(errors="replace")[-3000:]
            assert all(process.poll() is None for process in running), (home / "log").read_text(errors="replace")[
                -3000:
            ]
            time.sleep(0.2)
        yield url
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(30)


@pytest.fixture(scope="module")
def on_two_threads(tmp_path_factory: pytest.TempPathFactory) -> tuple[LakeSettings, str]:
    """A folder lake with what `local[2]` makes of the rows, and its manifest."""
    home = tmp_path_factory.mktemp("local")
    lake = LakeSettings(uri=str(home / "lake"))
    given = repository_manifest(open_lake(lake), ROWS)
    return lake, str(finished(start(lake, home, given.uri, master="local[2]"))["manifest"])


@pytest.mark.spark
def test_the_same_rows_on_a_cluster_by_changing_the_master_only(
    tmp_path: Path, master: str, on_two_threads: tuple[LakeSettings, str], s3_settings: LakeSettings, s3_lake: Lake
) -> None:
    lake = s3_settings.model_copy(update={"uri": s3_lake.root})
    given = repository_manifest(open_lake(lake), ROWS)
    made = finished(start(lake, tmp_path, given.uri, master=master, conf=EXECUTORS))
    assert not made["cached"]
    assert all("pipeline.zip" in file for file in made["code"]), made["code"]
    assert made["counts"]["rows_in"] == ROWS == made["counts"]["rows_out"] + made["counts"]["set_aside"]
    for output in ("rows", "set_aside", "vocabulary"):
        rows = rows_of(lake, made["manifest"], output)
        assert rows == rows_of(*on_two_threads, output), output
        assert rows, output
