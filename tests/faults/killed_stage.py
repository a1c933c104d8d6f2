"""A process that dies by SIGKILL at a named point of a stage: python killed_stage.py LAKE POINT."""

from __future__ import annotations

import os
import signal
import sys

from pipeline import stage
from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings

POINTS = ("at the start", "between outputs", "before the manifest", "after the manifest")


def die(point: str, present: str) -> None:
    if point == present:
        os.kill(os.getpid(), signal.SIGKILL)


def run(lake: Lake, point: str) -> stage.Manifest:
    def work(attempt: stage.Attempt) -> None:
        die(point, POINTS[0])
        for number in range(4):
            attempt.lake.write(attempt.uri("rows", f"part-{number}.json"), f"content {number}".encode() * 1000)
            if number == 1:
                die(point, POINTS[1])
        attempt.counts.rows_in = attempt.counts.rows_out = 4

    put = lake.put_if_absent

    def put_if_absent(uri: str, data: bytes) -> bool:
        die(point, POINTS[2])
        done = put(uri, data)
        die(point, POINTS[3])
        return done

    lake.put_if_absent = put_if_absent  # type: ignore[method-assign]
    return stage.run_stage(lake, "prepare", work, run_id="r")


if __name__ == "__main__":
    run(open_lake(LakeSettings(uri=sys.argv[1])), sys.argv[2])
