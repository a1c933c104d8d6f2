"""The times of a document's earlier rows: a row whose content did not change keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipeline.collect.spill import numbers


class History:
    """The previous rows of one document, by id and content, for the times at which they were first seen."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Read the previous rows; 32 bytes of memory for each."""
        keys, ids, collected, updated = [], [], [], []
        for batch in batches:
            ids.append(numbers(batch.column("question_id")))
            keys.append(ids[-1] ^ numbers(batch.column("content_hash")))
            collected.append(batch.column("collected_at").cast(pa.int64()).to_numpy())
            updated.append(batch.column("updated_at").cast(pa.int64()).to_numpy())
        everything = np.concatenate(keys) if keys else np.empty(0, np.uint64)
        order = np.argsort(everything, kind="stable")
        self._keys = everything[order]
        self._ids = np.sort(np.concatenate(ids)) if ids else np.empty(0, np.uint64)
        self._times = [np.concatenate(part)[order] if part else np.empty(0, np.int64) for part in (collected, updated)]
        self._seen: list[np.ndarray] = []
        self.matched = 0

    def restore(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with the earlier times on every row whose content is the same as before."""
        if not len(self._keys):
            return batch
        ids = numbers(batch.column("question_id"))
        self._seen.append(ids)
        keys = ids ^ numbers(batch.column("content_hash"))
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        same = self._keys[places] == keys
        self.matched += int(same.sum())
        for name, times in zip(("collected_at", "updated_at"), self._times, strict=True):
            column = batch.column(name)
            values = np.where(same, times[places], column.cast(pa.int64()).to_numpy())
            restored = pa.array(values, pa.int64()).cast(column.type)
            batch = batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), restored)
        return batch

    def gone(self) -> int:
        """Return how many of the previous rows did not come back."""
        if not self._seen:
            return len(self._ids)
        return int((~np.isin(self._ids, np.concatenate(self._seen))).sum())
