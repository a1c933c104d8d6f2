"""The prepare stage as a process of its own: `python stage_program.py REPOSITORY`, settings from the environment.

Prints one line of JSON: the manifest's place, its digest and counts, and where the executors' Python found the code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator

import pyarrow as pa

from pipeline.lake import open_lake
from pipeline.manifest import load_manifest
from pipeline.prepare.stage import run
from pipeline.settings import Settings
from pipeline.spark.session import spark_session


def code_of_executors(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the file that `pipeline` comes from in this Python; the batches only have to be used up."""
    import pipeline

    for _ in batches:
        yield pa.RecordBatch.from_pydict({"file": [str(pipeline.__file__)]})


def main() -> None:
    """Run the stage in one session and print what came of it."""
    settings = Settings()
    lake = open_lake(settings.lake)
    with spark_session(settings) as spark:
        code = spark.range(0, 2, 1, 2).mapInArrow(code_of_executors, "file string").collect()
        made = run(settings, lake, run_id="test", repository=load_manifest(lake, sys.argv[1]))
    said = {"manifest": made.uri, "digest": made.digest, "cached": made.cached, "counts": made.counts.model_dump()}
    sys.stdout.write(json.dumps({**said, "code": sorted({row["file"] for row in code})}) + "\n")


if __name__ == "__main__":
    main()
