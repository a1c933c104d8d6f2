"""The tiny task as real features: Parquet in the lake behind a frozen Feast registry, readable from any process."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from tiny_training import task

from pipeline.features.definitions import FeatureSet
from pipeline.features.schema import QA, TOKENS
from pipeline.features.store import HERE, SNAPSHOT, freeze
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.stage import Attempt, run_stage

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = {"train": (48, 1), "validation": (16, 2)}


def features(lake: Lake) -> Manifest:
    """Return a features manifest of the causal task."""
    tags = {"revision": "1", "template": "chat/1", "owner": "tests@example.com", "licence": "CC0-1.0"}

    def work(attempt: Attempt) -> None:
        rows = [row for split in SIZES for row in _rows(split)]
        rows.sort(key=lambda row: str(row["question_id"]))
        batch = pa.RecordBatch.from_pylist(rows, schema=TOKENS)
        lake.write_batches(attempt.uri("token_features", "part-00000.parquet"), [batch], TOKENS)
        lake.write_batches(attempt.uri("qa_features", "part-00000.parquet"), [], QA)
        frozen = FeatureSet(f"{HERE}qa_features", f"{HERE}token_features", None, "tiny", **tags)
        lake.write(attempt.uri("registry", SNAPSHOT), freeze("llmops", frozen))
        views = {"qa": "qa_features", "tokens": frozen.tokens_view}
        attempt.facts.update(base_model="tiny", as_of=MOMENT.isoformat(), views=views, **tags)

    return run_stage(lake, "features", work, run_id="test")


def _rows(split: str) -> list[dict[str, object]]:
    count, seed = SIZES[split]
    examples = task(count, "causal", seed)
    same = {
        "event_timestamp": MOMENT, "created_timestamp": MOMENT, "window": 0, "window_start": 0, "split": split,
        "licence": "CC0-1.0", "data_source": "test", "target_length": 3, "context_truncated": False,
        "answer_truncated": False,
    }  # fmt: skip
    return [
        {
            "question_id": name,
            "token_ids": examples.tokens(row),
            "attention_mask": np.ones_like(examples.tokens(row)),
            "labels": examples.labels(row),
            "length": len(examples.tokens(row)),
            "feature_hash": name,
            **same,
        }
        for row, name in enumerate(examples.ids)
    ]
