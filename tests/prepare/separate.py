"""Preparing in processes of their own, which can be killed or be sent to another Spark."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import PROJECT_ROOT, LakeSettings
from pipeline.stage import Attempt, run_stage

from .without_spark import repository, row

PROGRAM = Path(__file__).with_name("stage_program.py")
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstv" for vowel in "aeiou"]


def repository_manifest(lake: Lake, rows: int) -> Manifest:
    """Publish a repository of unrelated rows, in which every tenth row is a copy of the one before it."""

    def work(attempt: Attempt) -> None:
        made = []
        for number in range(rows):
            chance = random.Random(number - (number % 10 == 9))
            words = ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(24)]
            asked = f"How does the {' '.join(words[:4])} work?"
            made.append(row(asked, f"It {' '.join(words[4:])}. Write to {words[4]}@mail-{words[5]}.de.", number=number))
        repository(lake, made, attempt.uri("rows").removeprefix(f"{lake.root}/"))
        attempt.rows["rows"] = attempt.counts.rows_in = attempt.counts.rows_out = rows

    return run_stage(lake, "repository", work, run_id="test", packages=("records",))


def start(lake: LakeSettings, state: Path, manifest: str, **spark: str) -> subprocess.Popen[str]:
    """Start the stage on a lake, with these Spark settings, as the leader of a process group of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LLMOPS_")}
    secrets = {"ACCESS_KEY": lake.access_key, "SECRET_KEY": lake.secret_key}
    chosen = {
        "STATE_DIR": str(state),
        "LAKE__URI": lake.uri,
        "LAKE__ENDPOINT_URL": lake.endpoint_url,
        **{f"LAKE__{name}": secret.get_secret_value() for name, secret in secrets.items() if secret},
        "SPARK__DRIVER_MEMORY": "1g",
        "SPARK__SHUFFLE_PARTITIONS": "2",
        **{f"SPARK__{name.upper()}": value for name, value in spark.items()},
    }
    environment = {f"LLMOPS_{name}": value for name, value in chosen.items() if value is not None}
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), manifest],
        env={**clean, **environment, "PYTHONPATH": str(PROJECT_ROOT)},
        cwd=state,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str], seconds: float = 240) -> Mapping[str, Any]:
    """Wait for the end and return what the program said."""
    said, problems = process.communicate(timeout=seconds)
    assert process.returncode == 0, problems[-3000:]
    last: Mapping[str, Any] = json.loads(said.strip().splitlines()[-1])
    return last


def rows_of(lake: LakeSettings, manifest: str, output: str) -> list[dict[str, Any]]:
    """Return the rows of an output in order."""
    opened = open_lake(lake)
    made = load_manifest(opened, manifest).output(output)
    rows: list[dict[str, Any]] = []
    for file in sorted(made.files, key=lambda entry: entry.path):
        filesystem, path = opened.arrow(f"{made.uri}/{file.path}")
        rows += pq.read_table(path, filesystem=filesystem).to_pylist()
    return rows
