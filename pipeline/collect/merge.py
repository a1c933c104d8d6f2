"""One dataset out of what stayed and what changed: documents in the order of their ids, each whole.

Documents that did not change are streamed over from the previous run's outputs; since both runs write in the same
order, that is one sequential read. A row whose content did not change keeps its `collected_at` and `updated_at`, so
that unchanged data has an unchanged digest.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.collect.duplicates import Duplicates
from pipeline.collect.spill import Spilled, numbers
from pipeline.collect.state import DocumentState, Previous
from pipeline.errors import LakeError
from pipeline.records import to_batches

if TYPE_CHECKING:
    from pipeline.collect.source import Document
    from pipeline.collect.spill import Spill
    from pipeline.lake import Lake
    from pipeline.records import SetAside
    from pipeline.stage import Manifest

BATCH_ROWS = 16_384
PART_BATCHES = 16


@dataclass(slots=True)
class Outcome:
    """What became of a document in this run: its rows wait in the spill, or are those of the previous run."""

    document: Document
    spilled: Spilled | None = None
    failures: list[SetAside] = field(default_factory=list)


@dataclass(slots=True)
class Totals:
    """What the merge counted; `retired` are rows of the previous run that are no longer there."""

    rows: int = 0
    new: int = 0
    kept: int = 0
    retired: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class PreviousRows:
    """The previous run's records of one output, read once from the first to the last."""

    def __init__(self, lake: Lake, manifest: Manifest | None, output: str, columns: list[str] | None = None) -> None:
        """Open nothing until the first record is wanted."""
        self._batches = self._read(lake, manifest, output, columns)
        self._rest: pa.RecordBatch | None = None
        self._where = manifest.uri if manifest else None

    @staticmethod
    def _read(
        lake: Lake, manifest: Manifest | None, output: str, columns: list[str] | None
    ) -> Iterator[pa.RecordBatch]:
        if manifest is None:
            return
        place = manifest.output(output)
        for entry in sorted(place.files, key=lambda file: file.path):
            filesystem, path = lake.arrow(f"{place.uri}/{entry.path}")
            with pq.ParquetFile(path, filesystem=filesystem) as file:
                yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)

    def take(self, count: int) -> Iterator[pa.RecordBatch]:
        """Yield the next `count` records."""
        while count > 0:
            batch = self._rest if self._rest is not None and self._rest.num_rows else next(self._batches, None)
            if batch is None:
                raise LakeError(
                    "The previous run's outputs hold fewer records than its state says",
                    where=self._where,
                    remedy="Delete the source's reference below refs/collect; it is then collected as a whole again",
                )
            self._rest = batch.slice(count)
            yield batch.slice(0, count)
            count -= min(count, batch.num_rows)

    def skip(self, count: int) -> int:
        """Pass over the next `count` records and return their number."""
        return sum(batch.num_rows for batch in self.take(count))


class Merge:
    """Streams of rows and set-aside rows of all documents; `totals` and `states` are complete after both were read."""

    def __init__(self, lake: Lake, previous: Previous, spill: Spill, outcomes: dict[str, Outcome]) -> None:
        """Find the ids that occur more than once before the first row is written."""
        self._lake = lake
        self._previous = previous
        self._spill = spill
        self._outcomes = outcomes
        self._ids = sorted(previous.documents.keys() | outcomes.keys())
        self._duplicates = self._find_duplicates()
        self._repeated: dict[str, list[SetAside]] = {}
        self.totals = Totals()
        self.states: dict[str, DocumentState] = {}

    def _kept(self, document_id: str) -> bool:
        """Tell whether a document's earlier rows stay."""
        outcome = self._outcomes.get(document_id)
        return outcome is None or outcome.document.status in ("unchanged", "failed")

    def _changed(self) -> Iterator[Spilled]:
        return (self._outcomes[name].spilled or Spilled() for name in self._ids if not self._kept(name))

    def _find_duplicates(self) -> Duplicates:
        fresh = [part for spilled in self._changed() for part in spilled.ids]
        if not fresh:
            return Duplicates.none()
        earlier = PreviousRows(self._lake, self._previous.manifest, "rows", ["question_id"])
        kept: list[np.ndarray] = []
        for document in self._previous.documents.values():
            if self._kept(document.document_id):
                kept += [numbers(batch.column(0)) for batch in earlier.take(document.rows)]
            else:
                earlier.skip(document.rows)
        rows = (batch for spilled in self._changed() for batch in self._spill.rows(spilled))
        return Duplicates.find(fresh, kept, rows)

    def rows(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all documents, in order of document id."""
        earlier = PreviousRows(self._lake, self._previous.manifest, "rows")
        for name in self._ids:
            before = self._previous.documents.get(name) or DocumentState(name)
            if self._kept(name):
                self.totals.rows += before.rows
                self.totals.kept += before.rows
                self._remember(name, before.rows)
                yield from earlier.take(before.rows)
            else:
                yield from self._changed_rows(name, earlier.take(before.rows))

    def _changed_rows(self, name: str, before: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        history = History(before)
        outcome = self._outcomes[name]
        written = 0
        for batch in self._spill.rows(outcome.spilled or Spilled()):
            unique, repeated = self._duplicates.resolve(batch)
            if repeated:
                self._repeated.setdefault(name, []).extend(repeated)
            if unique.num_rows:
                written += unique.num_rows
                yield history.restore(unique)
        self.totals.rows += written
        self.totals.kept += history.matched
        self.totals.new += written - history.matched
        self.totals.retired += history.gone()
        if outcome.document.status != "gone":
            self._remember(name, written)

    def _remember(self, name: str, rows: int) -> None:
        outcome = self._outcomes.get(name)
        before = self._previous.documents.get(name)
        if outcome is not None and outcome.document.status in ("changed", "unchanged"):
            validators = outcome.document.validators
        else:
            validators = before.validators if before and self._previous.comparable else {}
        self.states[name] = DocumentState(name, validators, rows)

    def set_aside(self) -> Iterator[pa.RecordBatch]:
        """Yield the set-aside rows of all documents, in the same order; read `rows` first."""
        earlier = PreviousRows(self._lake, self._previous.manifest, "set_aside")
        for name in self._ids:
            before = self._previous.documents.get(name) or DocumentState(name)
            state = self.states.get(name) or DocumentState(name)
            content = earlier.take(before.set_aside) if self._kept(name) else self._changed_set_aside(name)
            if not self._kept(name):
                earlier.skip(before.set_aside)
            for batch in content:
                state.set_aside += batch.num_rows
                yield self._counted(batch)
            for batch in self._failures(name, earlier.take(before.failures)):
                state.failures += batch.num_rows
                yield self._counted(batch)
            if state.set_aside or state.failures:
                self.states[name] = state

    def _failures(self, name: str, before: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return why a document could not be read: this time, or the last time anybody looked at it."""
        outcome = self._outcomes.get(name)
        if outcome is None:
            yield from before
            return
        deque(before, maxlen=0)
        yield from to_batches(outcome.failures)

    def _changed_set_aside(self, name: str) -> Iterator[pa.RecordBatch]:
        outcome = self._outcomes[name]
        yield from self._spill.set_aside(outcome.spilled or Spilled())
        yield from to_batches(outcome.document.set_aside)
        yield from to_batches(self._repeated.get(name, []))

    def _counted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for entry in pc.value_counts(batch.column("reason")).to_pylist():
            self.totals.reasons[entry["values"]] += entry["counts"]
        return batch


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


def write_parts(lake: Lake, uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write batches as `part-00000.parquet`, … and return the number of records; no records make one empty part.

    Batches are cut anew to one size first, so that equal records give equal bytes however they arrived.
    """
    stream = recut(batches, schema)
    total = 0
    for part in count():
        first = list(islice(stream, 1))
        if part and not first:
            break
        following = chain(first, islice(stream, PART_BATCHES - 1))
        total += lake.write_batches(f"{uri}/part-{part:05d}.parquet", following, schema)
    return total


def recut(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield the same records in batches of exactly `size`, the last one shorter, each of its own memory."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        while held + batch.num_rows >= size:
            head = batch.slice(0, size - held)
            yield _joined([*waiting, head], schema)
            batch, waiting, held = batch.slice(head.num_rows), [], 0
        if batch.num_rows:
            waiting.append(batch)
            held += batch.num_rows
    if waiting:
        yield _joined(waiting, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    table = pa.Table.from_batches([batch.cast(schema) for batch in batches]).combine_chunks()
    return table.to_batches()[0]
