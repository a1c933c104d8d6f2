"""One way of preparing rows, for preparation.py: `python preparation_ways.py WAY LAKE WORK CORES MEMORY` prints the rows out."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.lake import open_lake
from pipeline.prepare.cleaning import characters, entities, links, markup, segments, whitespace
from pipeline.prepare.cleaning.boilerplate import without_boilerplate
from pipeline.prepare.language import detect
from pipeline.prepare.privacy.finder import _blanked, _chosen, all_recognisers
from pipeline.prepare.quality.support import support
from pipeline.prepare.splits import split_of
from pipeline.prepare.vocabulary import tokens
from pipeline.prompts import TextToTextTemplate
from pipeline.settings import LakeSettings, Settings, SparkSettings

THRESHOLD = 0.8
PERMUTATIONS = 128
SHARES = (0.8, 0.1, 0.1)
TEXTS = ("question", "answer", "context")
REFUSAL = "The given context does not contain the information needed to answer this question."


def _prose(text: str) -> str:
    text = entities.decoded(text)
    return characters.composed(characters.with_plain_quotes(characters.with_plain_blanks(text)))


STEPS: tuple[Callable[[str], str], ...] = (
    characters.line_ends, characters.without_controls, characters.mended, characters.without_invisible, entities.unwrapped,
    lambda text: segments.in_prose(text, markup.without_markup), lambda text: segments.in_prose(text, links.without_links),
    lambda text: segments.in_prose(text, _prose), lambda text: segments.in_prose(text, whitespace.collapsed), without_boilerplate, str.strip,
)  # fmt: skip
"""The steps of cleaning, each for one text; the stage does them too, and once more where one brought something out."""


# A list and no `functools.cache`: what is cached so cannot be sent to Spark's workers from a program.
_RECOGNISERS: list[Any] = []


def recognisers() -> list[Any]:
    if not _RECOGNISERS:
        _RECOGNISERS.extend(all_recognisers())
    return _RECOGNISERS


def protect(text: str) -> str:
    """Replace personal data in one text with the same recognisers, without Presidio's engine around them."""
    found = []
    blanked = _blanked(text) if "`" in text or "\n    " in text else text
    for recogniser in recognisers():
        for span in recogniser.find(text if recogniser.in_code else blanked):
            found.append((span.score, recogniser.tag or recogniser.entity, span.start, span.end))
    if not found:
        return text
    parts, end = [], 0
    for entity, start, stop in _chosen(found):
        parts += [text[end:start], f"[{entity}]"]
        end = stop
    return "".join([*parts, text[end:]])


def form(text: str) -> str:
    return " ".join("".join(c if c.isalnum() or c in "+#." else " " for c in text.lower()).split())


def shingled(text: str) -> set[str]:
    words = form(text).split()
    return {" ".join(words[n : n + 3]) for n in range(max(1, len(words) - 2))}


def signature(text: str) -> Any:
    from datasketch import MinHash

    made = MinHash(PERMUTATIONS)
    made.update_batch([shingle.encode() for shingle in shingled(text)])
    return made


def jaccard(one: str, other: str) -> float:
    left, right = shingled(one), shingled(other)
    return len(left & right) / len(left | right)


def usable(question: str, answer: str) -> bool:
    return len(question) >= 3 and 2 <= len(answer) <= 20_000 and form(question) != form(answer)


def later(pairs: Iterable[tuple[Any, Any]]) -> set[Any]:
    """Return all members of the components of a graph but the first of each."""
    first: dict[Any, Any] = {}

    def root(member: Any) -> Any:
        while first.setdefault(member, member) != member:
            first[member] = member = first[first[member]]
        return member

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        first[high] = low
    return {member for member in first if root(member) != member}


def _settings(lake: Path, work: Path, cores: int) -> Settings:
    spark = SparkSettings(master=f"local[{cores}]", driver_memory=sys.argv[5])
    return Settings(state_dir=work, lake=LakeSettings(uri=str(lake)), spark=spark)


def stage(lake: Path, work: Path, cores: int) -> int:
    from pipeline.prepare.stage import prepare
    from pipeline.spark.session import spark_session
    from pipeline.stage import Attempt

    chosen = _settings(lake, work, cores)
    opened = open_lake(chosen.lake)
    attempt = Attempt(opened, opened.uri(f"out-{work.name}"), "benchmark", {})
    with spark_session(chosen) as spark:
        prepare(spark, chosen, attempt, opened.uri("repository"), reuse=False)
    return attempt.counts.rows_out


def udf(lake: Path, work: Path, cores: int) -> int:
    from pyspark.sql import functions as f
    from pyspark.sql import types as t

    from pipeline.spark.session import spark_session

    def of(function: Callable[..., Any], kind: Any = None) -> Any:
        return f.udf(function, kind or t.StringType())

    def bands(text: str) -> list[str]:
        values = signature(text).hashvalues
        return [f"{n}:{hashlib.md5(values[n * 7 : n * 7 + 7].tobytes()).hexdigest()}" for n in range(18)]

    def pairs(ids: list[str]) -> list[tuple[str, str]]:
        ids = sorted(ids)
        return [(one, other) for n, one in enumerate(ids) for other in ids[n + 1 :]]

    chosen = _settings(lake, work, cores)
    template = TextToTextTemplate()
    with spark_session(chosen) as spark:
        rows = spark.read.parquet(str(lake / "repository")).repartition(4 * cores)
        for name in TEXTS:
            for step in (*STEPS, protect):
                rows = rows.withColumn(name, of(step)(name))
        rows = rows.withColumn(
            "language", of(lambda q, a, given: detect(f"{q}\n{a}", given))("question", "answer", "language")
        )
        rows = rows.withColumn("usable", of(usable, t.BooleanType())("question", "answer"))
        rows = rows.withColumn("support", of(support, t.DoubleType())("answer", "context"))
        joined = f.concat_ws(" ", "question", "answer")
        rows = rows.withColumn("exact", of(form)(joined)).withColumn(
            "bands", of(bands, t.ArrayType(t.StringType()))(joined)
        )
        rows.write.parquet(str(work / "cleaned"))
        cleaned = spark.read.parquet(str(work / "cleaned")).filter("usable")
        first = cleaned.groupBy("exact").agg(f.min("question_id").alias("question_id")).select("question_id")
        cleaned = cleaned.join(first, "question_id")
        met = (
            cleaned.select("question_id", f.explode("bands").alias("band"))
            .groupBy("band")
            .agg(f.collect_list("question_id").alias("ids"))
        )
        pair = t.ArrayType(t.StructType([t.StructField("l", t.StringType()), t.StructField("r", t.StringType())]))
        met = (
            met.filter(f.size("ids") > 1)
            .select(f.explode(of(pairs, pair)("ids")).alias("p"))
            .select("p.l", "p.r")
            .distinct()
        )
        text = cleaned.select("question_id", joined.alias("text"))
        met = met.join(text.toDF("l", "lt"), "l").join(text.toDF("r", "rt"), "r")
        near = met.filter(of(jaccard, t.DoubleType())("lt", "rt") >= THRESHOLD).select("l", "r").collect()
        others = spark.createDataFrame([(name,) for name in later(map(tuple, near))], "question_id string")
        kept = cleaned.join(f.broadcast(others), "question_id", "left_anti")
        kept = kept.withColumn("weak", f.col("support") < 0.4)
        kept = kept.withColumn("answer", f.when(f.col("weak"), REFUSAL).otherwise(f.col("answer")))
        kept = kept.withColumn("split", of(lambda name: split_of(name, SHARES))("question_id"))
        kept = kept.withColumn("prompt", of(template.prompt)("context", "question")).drop(
            "bands", "exact", "answer_html"
        )
        kept.write.parquet(str(work / "rows"))
        words = kept.filter("not weak").select(
            "document_id", f.explode(f.array_distinct(of(tokens, t.ArrayType(t.StringType()))(joined))).alias("token")
        )
        words.groupBy("token").agg(f.count("*"), f.slice(f.collect_set("document_id"), 1, 20)).toDF(
            "token", "n", "d"
        ).write.parquet(str(work / "words"))
        return int(spark.read.parquet(str(work / "rows")).count())


def _read(lake: Path) -> Any:
    import pandas as pd

    return pd.read_parquet(lake / "repository")


def pandas(lake: Path, work: Path, cores: int) -> int:
    from datasketch import MinHashLSH

    rows = _read(lake)
    for name in TEXTS:
        for step in (*STEPS, protect):
            rows[name] = rows[name].map(step, na_action="ignore")
    rows["language"] = [
        detect(f"{q}\n{a}", given) for q, a, given in zip(rows.question, rows.answer, rows.language, strict=True)
    ]
    rows = rows[[usable(q, a) for q, a in zip(rows.question, rows.answer, strict=True)]]
    rows["support"] = [support(a, c) for a, c in zip(rows.answer, rows.context, strict=True)]
    rows["text"] = rows.question + " " + rows.answer
    rows = rows.loc[~rows.text.map(form).duplicated()].reset_index(drop=True)
    index, near = MinHashLSH(THRESHOLD, PERMUTATIONS), []
    for place, text in enumerate(rows.text):
        made = signature(text)
        near += [(other, place) for other in index.query(made) if jaccard(rows.text[other], text) >= THRESHOLD]
        index.insert(place, made)
    rows = rows.drop(index=sorted(later(near)))
    weak = rows.support < 0.4
    rows.loc[weak, "answer"] = REFUSAL
    rows["split"] = [split_of(name, SHARES) for name in rows.question_id]
    template = TextToTextTemplate()
    rows["prompt"] = [template.prompt(c, q) for c, q in zip(rows.context, rows.question, strict=True)]
    _vocabulary(rows[~weak]).to_parquet(work / "words.parquet")
    rows.drop(columns=["text", "answer_html"]).to_parquet(work / "rows.parquet")
    return len(rows)


def _vocabulary(rows: Any) -> Any:
    import pandas as pd

    counted: Counter[str] = Counter()
    documents: dict[str, set[str]] = {}
    for text, document in zip(rows.text, rows.document_id, strict=True):
        found = tokens(text)
        counted.update(found)
        for token in set(found):
            known = documents.setdefault(token, set())
            if len(known) < 20:
                known.add(document)
    return pd.DataFrame(
        {"token": list(counted), "n": list(counted.values()), "d": [sorted(documents[token]) for token in counted]}
    )


def _documents(self: Any, row: dict[str, Any], path: str, place: int | str) -> dict[str, Any]:
    return {"text": f"{row['question']}\n{row['answer']}", "id": row["question_id"], "metadata": row}


def _same_work(documents: Iterable[Any], rank: int = 0, world_size: int = 1) -> Iterator[Any]:
    template = TextToTextTemplate()
    for document in documents:
        row = document.metadata
        for name in TEXTS:
            for step in (*STEPS, protect):
                row[name] = step(row[name])
        row["language"] = detect(f"{row['question']}\n{row['answer']}", row["language"])
        if usable(row["question"], row["answer"]):
            row["support"] = support(row["answer"], row["context"])
            row["split"], row["prompt"] = (
                split_of(document.id, SHARES),
                template.prompt(row["context"], row["question"]),
            )
            document.text = f"{row['question']} {row['answer']}"
            row["words"] = tokens(document.text)
            row["answer"] = REFUSAL if row["support"] < 0.4 else row["answer"]
            yield document


def _as_row(self: Any, document: Any) -> dict[str, Any]:
    return {
        "id": document.id,
        "text": document.text,
        **{k: v for k, v in document.metadata.items() if isinstance(v, str)},
    }


def _datatrove(lake: Path, work: Path, cores: int, cleaning: list[Any]) -> int:
    import pyarrow.parquet as pq
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.hashing import HashConfig

    # Its default, xxhash, wants texts where xxhash 4 wants bytes.
    config = MinhashConfig(n_grams=3, num_buckets=18, hashes_per_bucket=7, hash_config=HashConfig(hash_fc="sha1"))
    tasks = len(list((lake / "repository").glob("*.parquet")))

    def run(name: str, steps: list[Any], number: int) -> None:
        LocalPipelineExecutor(steps, tasks=number, workers=cores, logging_dir=str(work / "logs" / name)).run()

    cleaned = str(work / "cleaned")
    run(
        "clean",
        [
            ParquetReader(str(lake / "repository"), adapter=_documents),
            *cleaning,
            ParquetWriter(cleaned, adapter=_as_row),
        ],
        tasks,
    )
    run("sign", [ParquetReader(cleaned), MinhashDedupSignature(str(work / "signatures"), config=config)], tasks)
    run(
        "buckets",
        [MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)],
        config.num_buckets,
    )
    run("cluster", [MinhashDedupCluster(str(work / "buckets"), str(work / "remove"), config=config)], 1)
    run(
        "filter",
        [
            ParquetReader(cleaned),
            MinhashDedupFilter(str(work / "remove")),
            ParquetWriter(str(work / "rows"), adapter=_as_row),
        ],
        tasks,
    )
    return sum(pq.ParquetFile(file).metadata.num_rows for file in (work / "rows").glob("*.parquet"))


def datatrove(lake: Path, work: Path, cores: int) -> int:
    return _datatrove(lake, work, cores, [_same_work])


def datatrove_own(lake: Path, work: Path, cores: int) -> int:
    from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter

    return _datatrove(lake, work, cores, [FTFYFormatter(), PIIFormatter()])


def main() -> None:
    """Run the way that was named."""
    way, lake, work, cores = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    ways = {"stage": stage, "udf": udf, "pandas": pandas, "datatrove": datatrove, "datatrove-own": datatrove_own}
    np.seterr(over="ignore")
    print(ways[way](lake, work, cores))


if __name__ == "__main__":
    main()
