"""What orchestration costs: the time of a run in which no stage worked and nobody was waited for, and idle memory.

Needs a stack that is up (`llmops up`) with finished runs of `llm_pipeline`; of each the wall time is split into

- `work`: the union of the times in which at least one stage did its own work, as their manifests say
- `waiting`: the union of the times in which a review waited for a person, outside of `work`
- `overhead`: the rest, that is scheduling, starting processes, importing libraries, reading and writing XComs and trail

    llmops run --review approve; llmops run --review approve; python benchmarks/orchestration.py --idle-seconds 60

A run in which nothing changed does no work, so its wall time is what the pipeline costs on a day without news. Memory is
the proportional set size (shared pages counted once) of each service with its children, the median over the time given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import psutil

from pipeline.audit import open_audit
from pipeline.lake import Lake, open_lake
from pipeline.local.process import Supervisor
from pipeline.orchestration import runs
from pipeline.orchestration.api import connect
from pipeline.review.signoff import ANSWERED, REQUESTED
from pipeline.settings import Settings, load

PIPELINE = "llm_pipeline"
Interval = tuple[datetime, datetime]


def seconds(intervals: list[Interval]) -> float:
    """Return the length of a union of intervals."""
    total, end = 0.0, None
    for begun, over in sorted(intervals):
        begun = max(begun, end) if end else begun
        if over > begun:
            total += (over - begun).total_seconds()
        end = max(over, end) if end else over
    return total


def worked(lake: Lake, run_id: str) -> list[Interval]:
    """Return when each stage of a run did its own work; what it found unchanged took none."""
    made = [manifest for manifest in runs.manifests(lake, run_id).values() if not manifest.cached]
    return [(manifest.started_at, manifest.started_at + timedelta(seconds=manifest.seconds)) for manifest in made]


def waited(settings: Settings, lake: Lake, run_id: str) -> list[Interval]:
    """Return when each review of a run waited for its answer."""
    audit = open_audit(settings, lake)
    answered = {record.data["role"]: record.at for record in audit.find(ANSWERED, run_id=run_id)}
    asked = audit.find(REQUESTED, run_id=run_id)
    return [(record.at, answered[record.data["role"]]) for record in asked if record.data["role"] in answered]


def split(settings: Settings, lake: Lake, run: dict[str, Any]) -> dict[str, Any]:
    """Return how a run spent its time."""
    begun, over = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    wall = (over - begun).total_seconds()
    name = runs.identity(PIPELINE, run["dag_run_id"])
    busy, waiting = worked(lake, name), waited(settings, lake, name)
    work = seconds(busy)
    idle = seconds([*busy, *waiting]) - work
    overhead = wall - work - idle
    return {
        "run": run["dag_run_id"],
        "note": run["note"],
        "wall_seconds": round(wall, 1),
        "work_seconds": round(work, 1),
        "waiting_seconds": round(idle, 1),
        "overhead_seconds": round(overhead, 1),
        "overhead_to_work": round(overhead / work, 3) if work else None,
    }


def memory(settings: Settings, during: float) -> dict[str, float]:
    """Return the MiB of each service with its children."""
    found: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + during
    while time.monotonic() < until:
        for name, running in Supervisor(settings.state_dir).running().items():
            parent = psutil.Process(running.pid)
            family = [parent, *parent.children(recursive=True)]
            found[name].append(sum(process.memory_full_info().pss for process in family) / 2**20)
        time.sleep(2)
    return {name: round(statistics.median(values), 1) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="for how long memory is looked at")
    chosen = parser.parse_args()
    settings = load()
    lake, api = open_lake(settings.lake), connect(settings)
    found = api.call("GET", f"/dags/{PIPELINE}/dagRuns", params={"state": ["success"], "order_by": "start_date"})
    used = memory(settings, chosen.idle_seconds)
    result = {
        "runs": [split(settings, lake, run) for run in found["dag_runs"]],
        "idle_mib": {**used, "all": round(sum(used.values()), 1)},
    }
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
