"""Retrieval of training features through Feast, against reading the same Parquet files with pyarrow alone.

    python benchmarks/feature_retrieval.py [--rows 600 20000] [--length 256]

The features lie in a folder; each way reads all rows of the train split with ids, token_ids, attention_mask and labels,
three times, and the best time counts, by the clock and of the processor. Feast's own file store (dask) is measured
beside this project's. The import of Feast is printed apart: it is paid once a process. Memory is the growth of this
process's peak, in megabytes.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.features.distributed import BATCH
from pipeline.features.retrieval import TRAINING_COLUMNS, training_batches
from pipeline.features.schema import QA, TOKENS
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings, Settings
from pipeline.spark.parts import PartWriter
from pipeline.stage import Attempt, run_stage

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
REPEATS = 3


def features(lake: Lake, count: int, length: int) -> Manifest:
    """Write a features manifest with random tokens."""
    from pipeline.features.definitions import FeatureSet
    from pipeline.features.store import HERE, SNAPSHOT, freeze

    chance = np.random.default_rng(3)
    facts = {
        "base_model": "bench", "revision": "1", "template": "chat/1", "owner": "bench@example.com",
        "licence": "Apache-2.0", "as_of": MOMENT.isoformat(),
        "views": {"qa": "qa_features", "tokens": "token_features_bench_chat_1"},
    }  # fmt: skip

    def work(attempt: Attempt) -> None:
        for number, start in enumerate(range(0, count, 20_000)):
            rows = [
                _row(n, chance.integers(1, 49_000, chance.integers(length // 4, length)))
                for n in range(start, min(count, start + 20_000))
            ]
            batch = pa.RecordBatch.from_pylist(rows, schema=TOKENS)
            part = PartWriter(lake, attempt.uri("token_features"), number, TOKENS)
            for first in range(0, batch.num_rows, BATCH):  # row groups as the features stage makes them
                part.write(batch.slice(first, BATCH))
            part.close()
        lake.write_batches(attempt.uri("qa_features", "part-00000.parquet"), [], QA)
        kept = {key: facts[key] for key in ("revision", "template", "owner", "licence")}
        frozen = FeatureSet(f"{HERE}qa_features", f"{HERE}token_features", None, "bench", **kept)
        lake.write(attempt.uri("registry", SNAPSHOT), freeze("llmops", frozen))
        attempt.facts.update(facts)

    return run_stage(lake, "features", work, run_id="bench", parameters={"count": count}, packages=("records",))


def _row(number: int, tokens: Any) -> dict[str, Any]:
    return {
        "question_id": f"{number:08d}", "event_timestamp": MOMENT, "created_timestamp": MOMENT, "window": 0,
        "window_start": 0, "split": "train", "licence": "Apache-2.0", "data_source": "bench", "token_ids": tokens,
        "attention_mask": np.ones_like(tokens), "labels": tokens, "length": len(tokens), "target_length": 8,
        "context_truncated": False, "answer_truncated": False, "feature_hash": str(number),
    }  # fmt: skip


def dask(lake: Lake, manifest: Manifest, folder: Path) -> int:
    """Retrieve with Feast's own file store."""
    import pandas as pd
    from feast import FeatureStore, RepoConfig

    from pipeline.features.definitions import FeatureSet, objects

    place = manifest.output("token_features").uri.removeprefix("file://")
    facts = {key: manifest.facts[key] for key in ("revision", "template", "owner", "licence")}
    store = FeatureStore(
        config=RepoConfig(
            project="dask", provider="local", registry=str(folder / "dask.db"), repo_path=folder,
            offline_store={"type": "dask"}, online_store={"type": "sqlite", "path": str(folder / "dask-online.db")},
            entity_key_serialization_version=3,
        )
    )  # fmt: skip
    store.apply(objects(FeatureSet(place, place, None, "bench", **facts)))
    ids = lake.read_table(manifest.output("token_features").uri, columns=["question_id"])
    entities = ids.to_pandas().assign(event_timestamp=MOMENT)
    assert isinstance(entities, pd.DataFrame)
    wanted = [f"token_features_bench_chat_1:{name}" for name in TRAINING_COLUMNS[1:]]
    table: pa.Table = store.get_historical_features(entity_df=entities, features=wanted).to_arrow()
    return int(table.num_rows)


def measured(name: str, count: int, work: Callable[[], int]) -> None:
    """Print the best time of a few runs and how much the peak of memory grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = used = float("inf")
    for _ in range(REPEATS):
        started, processor = time.perf_counter(), time.process_time()
        assert work() == count
        best = min(best, time.perf_counter() - started)
        used = min(used, time.process_time() - processor)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{count:8d} rows  {name:32}{best:8.3f} s{used:8.3f} cpu s{count / best:12.0f} rows/s  +{grown:.0f} MB")


def main() -> None:
    """Measure each size and print a line per way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[600, 20_000])
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--dask-rows", type=int, default=2_000, help="larger datasets take the dask store minutes")
    chosen = parser.parse_args()
    started = time.perf_counter()
    import feast

    print(f"import of feast {feast.__version__}: {time.perf_counter() - started:.1f} s")
    for count in chosen.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = Settings(state_dir=folder / "state", lake=LakeSettings(uri=str(folder / "lake")))
            lake = open_lake(settings.lake)
            manifest = features(lake, count, chosen.length)
            uri = manifest.output("token_features").uri

            def direct(lake: Lake = lake, uri: str = uri) -> int:
                table = lake.read_table(uri, columns=list(TRAINING_COLUMNS), filter=pc.field("split") == "train")
                return int(table.num_rows)

            def ours(settings: Settings = settings, lake: Lake = lake, manifest: Manifest = manifest) -> int:
                return sum(batch.num_rows for batch in training_batches(settings, lake, manifest, "train"))

            measured("through Feast, this store", count, ours)
            measured("pyarrow alone", count, direct)
            if count <= chosen.dask_rows:
                measured(
                    "through Feast, its dask store", count, lambda lake=lake, m=manifest, f=folder: dask(lake, m, f)
                )


if __name__ == "__main__":
    main()
