"""The whole preparation, side by side with the usual ways of doing it: rows and MB a second, and peak memory.

    python benchmarks/preparation.py [--rows 100000] [--ways stage udf pandas datatrove datatrove-own] [--cores 2]
    python benchmarks/preparation.py --ways stage --rows 100000 300000 1000000          # growth
    python benchmarks/preparation.py --ways stage --rows 10000000 --short --memory 4g   # many short rows

Every way runs in a process of its own on the same rows (see preparation_rows.py), one after the other. All but the last
do the same work on question, answer and context: clean, replace personal data with the same recognisers, tell the
language, judge, find exact and near duplicates (MinHash, then the exact Jaccard similarity), make refusals, split, make
prompts, count the vocabulary, write Parquet. Only the stage does more: poisoning signs, measured leakage, the report.

- stage: the prepare stage of this project on Spark, `local[cores]`
- udf: Spark with one row-at-a-time Python UDF for each step
- pandas: one process, compiled regular expressions and functions mapped over columns, datasketch's MinHash and LSH
- datatrove: its reader, writer and four MinHash blocks, with cleaning and recognisers as a block, `cores` workers
- datatrove-own: only its own blocks (ftfy, e-mail and IP addresses, MinHash) on question and answer: much less work

Peak memory is the largest sum of the proportional set sizes of all processes, looked at twice a second. Startup counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import preparation_rows
import psutil

from pipeline.lake import open_lake
from pipeline.settings import LakeSettings

WAYS = ("stage", "udf", "pandas", "datatrove", "datatrove-own")


@dataclass
class Result:
    """Seconds, bytes and what came out."""

    seconds: float
    cpu: float
    peak: int
    rows_out: int


class Peak(threading.Thread):
    """Watches the memory and the processor time of a process and of all that it starts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self.bytes, self._cpu = psutil.Process(pid), 0, {}

    def run(self) -> None:
        """Look until the process ends."""
        while self._root.is_running() and self._root.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for process in (self._root, *self._root.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError):
                    continue
            self.bytes = max(self.bytes, total)
            time.sleep(0.5)

    @property
    def cpu(self) -> float:
        """Seconds of processor time, to the last look at each process."""
        return sum(self._cpu.values())


def measure(way: str, lake: Path, cores: int, memory: str) -> Result:
    """Run one way in a process of its own."""
    program = Path(__file__).with_name("preparation_ways.py")
    with tempfile.TemporaryDirectory(dir=lake.parent) as work:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, program, way, lake, work, str(cores), memory], stdout=subprocess.PIPE, text=True
        )
        peak = Peak(process.pid)
        peak.start()
        said, _ = process.communicate()
        seconds = time.monotonic() - started
        peak.join()
    if process.returncode:
        raise SystemExit(f"{way} ended with {process.returncode}")
    return Result(seconds, peak.cpu, peak.bytes, int(said.strip().splitlines()[-1]))


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="rows of about 200 characters instead of 1,000")
    parser.add_argument("--memory", default="2g", help="of Spark's driver, in the ways that have one")
    parser.add_argument("--folder", type=Path, help="for rows and work; a temporary one if none is given")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    table = []
    print(
        f"{'way':14} {'rows':>9} {'MB':>6} {'seconds':>8} {'rows/s':>8} {'MB/s':>6} {'cpu s':>7} {'peak MB':>8} {'out':>9}",
        flush=True,
    )
    for rows in given.rows:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            place = Path(folder) / "lake"
            lake = open_lake(LakeSettings(uri=str(place)))
            megabytes = preparation_rows.write(lake, lake.uri("repository"), rows, short=given.short) / 1e6
            for way in given.ways:
                made = measure(way, place, given.cores, given.memory)
                print(
                    f"{way:14} {rows:9} {megabytes:6.0f} {made.seconds:8.1f} {rows / made.seconds:8.0f} "
                    f"{megabytes / made.seconds:6.2f} {made.cpu:7.0f} {made.peak / 1e6:8.0f} {made.rows_out:9}",
                    flush=True,
                )
                table.append({"way": way, "rows": rows, "megabytes": megabytes, **vars(made)})
    if given.json:
        given.json.write_text(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
