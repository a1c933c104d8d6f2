"""The columns of the feature datasets: defined here once, for Arrow, for Parquet and for Feast."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.records import SET_ASIDE_SCHEMA, TIMESTAMP

ENTITY = "question_id"
EVENT_TIME = "event_timestamp"
CREATED_TIME = "created_timestamp"
WINDOW = "window"
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Rows that changed before have this time: tables write 0001 or 1900 for "never", and not all stores hold that."""

KEYS = [
    pa.field(ENTITY, pa.string(), nullable=False),
    pa.field(EVENT_TIME, TIMESTAMP, nullable=False),
    pa.field(CREATED_TIME, TIMESTAMP, nullable=False),
]
QA = pa.schema(
    [
        *KEYS,
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        # null when the row has no context, which is a lesson of its own (see is_refusal)
        pa.field("context", pa.string()),
        pa.field("split", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("is_refusal", pa.bool_(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("feature_hash", pa.string(), nullable=False),
    ]
)
TOKENS = pa.schema(
    [
        *KEYS,
        # 0 is the window that training uses first; others exist only where sliding windows were asked for
        pa.field(WINDOW, pa.int32(), nullable=False),
        pa.field("window_start", pa.int32(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("token_ids", pa.list_(pa.int32()), nullable=False),
        pa.field("attention_mask", pa.list_(pa.int32()), nullable=False),
        # the loss falls on these; -100 where it does not
        pa.field("labels", pa.list_(pa.int32()), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
        pa.field("target_length", pa.int32(), nullable=False),
        pa.field("context_truncated", pa.bool_(), nullable=False),
        pa.field("answer_truncated", pa.bool_(), nullable=False),
        pa.field("feature_hash", pa.string(), nullable=False),
    ]
)
SET_ASIDE = SET_ASIDE_SCHEMA


def event_times(batch: pa.RecordBatch) -> pa.Array:
    """Return from when on each prepared row is true."""
    times, earliest = batch["updated_at"], pa.scalar(EARLIEST, TIMESTAMP)
    return pc.if_else(pc.less(times, earliest), earliest, times)


def qa_features(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the text features of a batch of prepared rows."""
    columns = {name: batch[name] for name in QA.names if name in batch.schema.names}
    columns[EVENT_TIME] = columns[CREATED_TIME] = event_times(batch)
    hashed = [name for name in QA.names if name not in (EVENT_TIME, CREATED_TIME, "feature_hash")]
    columns["feature_hash"] = pa.array(
        [
            hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()[:16]
            for values in zip(*(columns[name].to_pylist() for name in hashed), strict=True)
        ],
        pa.string(),
    )
    return pa.RecordBatch.from_arrays([columns[name].cast(QA.field(name).type) for name in QA.names], schema=QA)
