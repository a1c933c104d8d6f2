"""The prepared row: what features, training and evaluation read."""

from __future__ import annotations

import pyarrow as pa

from pipeline.records import TIMESTAMP

PREPARED = pa.schema(
    [
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        # null for a question that is asked without any context, which the model learns to refuse
        pa.field("context", pa.string()),
        pa.field("language", pa.string()),
        # train, validation or test; all rows of a cluster are in the same
        pa.field("split", pa.string(), nullable=False),
        pa.field("cluster_id", pa.string(), nullable=False),
        pa.field("is_refusal", pa.bool_(), nullable=False),
        # ids of the duplicates that this row stands for
        pa.field("duplicates", pa.list_(pa.string())),
        # how much of the answer's content stands in the context, 0 to 1
        pa.field("support", pa.float64(), nullable=False),
        pa.field("section", pa.string()),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("updated_at", TIMESTAMP, nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
    ]
)
VOCABULARY = pa.schema(
    [
        pa.field("token_id", pa.int64(), nullable=False),
        pa.field("token", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
        pa.field("document_ids", pa.list_(pa.string())),
    ]
)
# What the first pass over a row leaves for the steps that look at several rows.
CLEANED = pa.schema(
    [
        pa.field("question_id", pa.string()),
        pa.field("question", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("context", pa.string()),
        pa.field("context_origin", pa.string()),
        pa.field("language", pa.string()),
        pa.field("section", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("data_source", pa.string()),
        pa.field("provenance", pa.string()),
        pa.field("updated_at", TIMESTAMP),
        pa.field("duplicate_key", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("support", pa.float64()),
        # "TYPE=count" of the personal data that was replaced; never a value
        pa.field("personal_data", pa.list_(pa.string())),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
