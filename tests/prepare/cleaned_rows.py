"""Rows written as if they had been cleaned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.keys import Sets, answer_keys, forms, keys, same_keys, told_keys
from pipeline.prepare.deduplicate.sketches import ASKED, WHOLE, Sketches
from pipeline.prepare.schema import CLEANED

from .without_spark import SEEN

FIXED = {
    **{"language": "en", "document_id": "d", "licence": "CC0-1.0", "data_source": "faq", "provenance": "p"},
    **{"collected_at": SEEN, "updated_at": SEEN, "raw_hash": "", "support": 1.0, "personal_data": []},
}


def write_cleaned(lake: Lake, rows: dict[str, tuple[str, str]], contexts: dict[str, str] | None = None) -> str:
    """Write questions and answers by their ids, with everything by which they are compared, and return where."""
    names = sorted(rows)
    asked, told = (pa.array([rows[name][side] for name in names], pa.string()) for side in (0, 1))
    found, usable = forms(asked, told), np.ones(len(names), bool)
    sets = Sets.of(found)
    columns = {
        **{name: [value] * len(names) for name, value in FIXED.items()},
        "question_id": names,
        "context": [(contexts or {}).get(name) for name in names],
        "question": asked,
        "answer": told,
        "same_key": same_keys(found, usable),
        "answer_key": answer_keys(found, usable),
        **told_keys(sets, usable),
        "keys": keys(found, sets, usable, 0.8),
        **Sketches.of(sets.whole, len(WHOLE) - 1).columns(WHOLE),
        **Sketches.of(sets.asked, len(ASKED) - 1).columns(ASKED),
    }
    arrays = [pa.array(columns.get(field.name, [None] * len(names)), field.type) for field in CLEANED]
    table = pa.Table.from_arrays(arrays, schema=CLEANED)
    lake.write_batches(lake.uri("cleaned", "part-00000.parquet"), table.to_batches(max_chunksize=4096), CLEANED)
    return lake.uri("cleaned")
