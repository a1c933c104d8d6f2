"""How fast tables are collected, and with how much memory, against pandas with a loop over its rows.

    python benchmarks/table_collection.py --rows 1000000 [--files 10] [--format parquet|csv|jsonl]

Each measurement runs in a process of its own, so that peak memory (resident set) is its own. The loop is what a
first version of such a collector does: read the whole table, skip nulls, number the rows, append dictionaries, write
Parquet; it keeps no ids, checks, contexts or state. Collection lands the raw files, reads, checks, hashes, gives ids,
makes contexts, merges and writes; then the same again on unchanged input, and with one file of all changed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = ("order", "refund", "printer", "label", "invoice", "shelf", "scanner", "stock") + (
    "price", "delivery", "batch", "return", "account", "user", "key", "report",
)  # fmt: skip


def question(number: int) -> str:
    """Return a question of about 60 characters that differs from all others."""
    return (
        f"How do I {WORDS[number % 16]} the {WORDS[number // 16 % 16]} {number} in version {number % 7}.{number % 10}?"
    )


def answer(number: int) -> str:
    """Return an answer of about 250 characters."""
    words = " ".join(WORDS[(number * step) % 16] for step in range(1, 31))
    return f"Open {WORDS[number % 16].title()}, choose number {number} and confirm. {words}."


def make_table(folder: Path, rows: int, files: int, kind: str) -> None:
    """Write the table, a hundred thousand rows at a time."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    each = rows // files
    for file in range(files):
        start, path = file * each, folder / f"month-{file:03d}.{kind}"
        pieces = (
            pa.table({
                "id": [str(n) for n in range(low, high)],
                "question": [question(n) for n in range(low, high)],
                "answer": [answer(n) for n in range(low, high)],
            })
            for low in range(start, start + each, 100_000)
            for high in [min(low + 100_000, start + each)]
        )  # fmt: skip
        first = next(pieces)
        if kind == "jsonl":
            with path.open("w") as out:
                for piece in (first, *pieces):
                    out.writelines(json.dumps(row) + "\n" for row in piece.to_pylist())
            continue
        writer = pq.ParquetWriter(path, first.schema) if kind == "parquet" else pacsv.CSVWriter(path, first.schema)
        with writer:
            for piece in (first, *pieces):
                writer.write_table(piece)


def naive(source: Path, work: Path, kind: str) -> int:
    """Read with pandas and loop over the rows."""
    import pandas as pd

    read = {"parquet": pd.read_parquet, "csv": pd.read_csv, "jsonl": lambda path: pd.read_json(path, lines=True)}[kind]
    found: list[dict[str, Any]] = []
    for path in sorted(source.glob(f"*.{kind}")):
        for index, row in read(path).iterrows():
            if pd.notna(row["question"]) and pd.notna(row["answer"]):
                found.append({"id": index, "question": row["question"], "answer": row["answer"]})
    pd.DataFrame(found).to_parquet(work / "naive.parquet")
    return len(found)


def collected(source: Path, work: Path, context: str, run: str) -> int:
    """Collect into a lake in a folder."""
    from pipeline import log
    from pipeline.collect import stage
    from pipeline.lake import open_lake
    from pipeline.settings import CollectSettings, LakeSettings, Settings, TableSourceSettings

    log.configure(level=40)
    config = TableSourceSettings(
        kind="table", name="bench", uri=str(source), key="id", licence="CC0-1.0", generated_context=context
    )
    lake = open_lake(LakeSettings(uri=str(work / f"lake-{context}")))
    manifest = stage.run(Settings(collect=CollectSettings(sources=[config])), lake, run_id=run, source="bench")
    return manifest.counts.rows_out


def unified(work: Path) -> int:
    """Unify what was collected."""
    from pipeline import log
    from pipeline.collect import repository, state
    from pipeline.lake import open_lake
    from pipeline.manifest import load_manifest
    from pipeline.settings import LakeSettings, Settings

    log.configure(level=40)
    lake = open_lake(LakeSettings(uri=str(work / "lake-none")))
    manifest = load_manifest(lake, json.loads(lake.read(state.reference(lake, "bench")))["manifest"])
    return repository.run(Settings(), lake, run_id="u1", collected=[manifest]).counts.rows_out


def measured(name: str, call: Callable[..., int], *arguments: Any) -> None:
    """Run in a new process and print rows, seconds, rows a second and peak memory."""
    parent, child = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_child, args=(child, call, arguments))
    process.start()
    rows, seconds, cpu, peak = parent.recv()
    process.join()
    print(
        f"{name:44} {rows:>10,} rows {seconds:8.1f} s {cpu:8.1f} s CPU {rows / seconds:>10,.0f} rows/s {peak:7.0f} MB"
    )


def _child(pipe: Any, call: Callable[..., int], arguments: tuple[Any, ...]) -> None:
    begun = time.perf_counter()
    rows = call(*arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send((rows, time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def main() -> None:
    """Make the table, measure, clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--format", choices=["parquet", "csv", "jsonl"], default="parquet")
    parser.add_argument("--without-loop", action="store_true", help="leave out the pandas loop, which needs the memory")
    parser.add_argument("--without-context", action="store_true", help="leave out generated contexts")
    parser.add_argument("--work", type=Path, default=None, help="folder for the data, deleted at the end")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="bench-table-", dir=options.work))
    source = work / "input"
    try:
        make_table(source, options.rows, options.files, options.format)
        size = sum(path.stat().st_size for path in source.iterdir()) / 1e6
        print(f"{options.rows:,} rows in {options.files} files of {options.format}, {size:,.0f} MB", flush=True)
        if not options.without_loop:
            measured("pandas and a loop", naive, source, work, options.format)
        measured("collected", collected, source, work, "none", "r1")
        measured("collected again, nothing changed", collected, source, work, "none", "r2")
        first = min(source.iterdir())
        shutil.rmtree(work / "changed", ignore_errors=True)
        make_table(work / "changed", options.rows // options.files + 1, 1, options.format)
        shutil.copyfile(next((work / "changed").iterdir()), first)
        measured(f"collected again, 1 of {options.files} files changed", collected, source, work, "none", "r3")
        measured("unified", unified, work)
        if not options.without_context:
            measured("collected with contexts of neighbours", collected, source, work, "with_answer", "r1")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
