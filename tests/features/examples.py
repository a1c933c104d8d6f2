"""Prepared rows for the tests of features."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

PREPARED = pa.schema(
    [
        ("question_id", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("context", pa.string()),
        ("language", pa.string()),
        ("split", pa.string()),
        ("cluster_id", pa.string()),
        ("is_refusal", pa.bool_()),
        ("licence", pa.string()),
        ("data_source", pa.string()),
        ("provenance", pa.string()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("content_hash", pa.string()),
    ]
)
START = datetime(2024, 3, 1, tzinfo=UTC)


def prepared(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Prepared rows with defaults for everything that a test does not care about."""
    filled = [
        {
            "question_id": f"q{number:04d}",
            "question": "Where is the settings file?",
            "answer": "In the project folder.",
            "context": "The settings file lies in the project folder.",
            "language": "en",
            "split": "train",
            "cluster_id": f"c{number}",
            "is_refusal": False,
            "licence": "Apache-2.0",
            "data_source": "faq",
            "provenance": f"https://example.org/faq#{number}",
            "updated_at": START + timedelta(days=number % 30),
            "content_hash": f"h{number}",
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pa.RecordBatch.from_pylist(filled, schema=PREPARED)
