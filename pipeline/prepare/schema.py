"""The columns of prepared data: defined here once."""

from __future__ import annotations

import pyarrow as pa

from pipeline.records import TIMESTAMP

SPLITS = ("train", "validation", "test")
PREPARED = pa.schema(
    [
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        # null only for a question that is asked without any context, which the model learns to refuse
        pa.field("context", pa.string()),
        # ISO 639-1, or "und" where it cannot be told
        pa.field("language", pa.string(), nullable=False),
        # train, validation or test; all rows of a cluster are in the same
        pa.field("split", pa.string(), nullable=False),
        # the id of the first row of all that ask or say nearly the same; with `~` and a number behind it where a very
        # small dataset had nothing for a split
        pa.field("cluster_id", pa.string(), nullable=False),
        pa.field("is_refusal", pa.bool_(), nullable=False),
        # ids of the duplicates that this row stands for
        pa.field("alternates", pa.list_(pa.string()), nullable=False),
        # the share of the answer's content words that the context holds, 0 to 1
        pa.field("support", pa.float64(), nullable=False),
        # null unless prepare.sentences is set
        pa.field("sentences", pa.list_(pa.string())),
        pa.field("section", pa.string()),
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("updated_at", TIMESTAMP, nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
    ]
)
# What the pass over single rows leaves for the steps that look at several, one for one and in the repository's order.
# The next run takes over the rows whose `raw_hash` is the same.
CLEANED = pa.schema(
    [
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("context", pa.string()),
        pa.field("context_origin", pa.string()),
        pa.field("language", pa.string(), nullable=False),
        pa.field("section", pa.string()),
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("data_source", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("collected_at", TIMESTAMP, nullable=False),
        pa.field("updated_at", TIMESTAMP, nullable=False),
        pa.field("raw_hash", pa.string(), nullable=False),
        # under which duplicates of the row would stand too, see deduplicate/keys.py; 0 and none for rows with a reason
        pa.field("same_key", pa.int64(), nullable=False),
        pa.field("answer_key", pa.int64(), nullable=False),
        *(pa.field(f"told_{number}", pa.int64(), nullable=False) for number in range(6)),
        pa.field("keys", pa.list_(pa.int64()), nullable=False),
        # number of shingles and sketch of question with answer, and of the question, see deduplicate/sketches.py
        pa.field("size", pa.int32(), nullable=False),
        *(pa.field(f"sketch_{number}", pa.uint64(), nullable=False) for number in range(4)),
        pa.field("asked_size", pa.int32(), nullable=False),
        pa.field("asked_sketch", pa.uint64(), nullable=False),
        pa.field("support", pa.float64(), nullable=False),
        # "TYPE=count" of the personal data that was replaced; never a value
        pa.field("personal_data", pa.list_(pa.string()), nullable=False),
        pa.field("sentences", pa.list_(pa.string())),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
# What was decided about a row by looking at all of them; rows without an entry are kept as they are.
DECISIONS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("alternates", pa.list_(pa.string())),
        pa.field("split", pa.string()),
        pa.field("is_refusal", pa.bool_(), nullable=False),
    ]
)
# The names of clusters that an earlier run gave to rows that are not named after themselves.
CLUSTERS = pa.schema(
    [pa.field("question_id", pa.string(), nullable=False), pa.field("cluster_id", pa.string(), nullable=False)]
)
VOCABULARY = pa.schema(
    [
        # the place in the order of falling frequency, then of the token's code points
        pa.field("token_id", pa.int64(), nullable=False),
        pa.field("token", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
        # in how many rows it stands
        pa.field("rows", pa.int64(), nullable=False),
        # the documents (pages, tickets) that it stands in, the first few in order
        pa.field("document_ids", pa.list_(pa.string()), nullable=False),
    ]
)
PASSED_ON = (
    "question_id",
    "context_origin",
    "document_id",
    "licence",
    "data_source",
    "provenance",
    "collected_at",
    "updated_at",
)
"""The columns of the repository's rows that no step changes."""
