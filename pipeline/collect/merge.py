"""One dataset out of what stayed and what changed: documents in the order of their ids, each whole.

Parts that hold nothing but unchanged documents are carried over as they are. Unchanged documents that share a part
with changed ones are read from the previous run's outputs; since both runs write in the same order, that is one
sequential read. A row keeps its `collected_at`, and its `updated_at` as long as its content did not change, so that
unchanged data has an unchanged digest.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.collect.duplicates import Duplicates
from pipeline.collect.history import History
from pipeline.collect.output_rows import OutputRows
from pipeline.collect.parts import segments
from pipeline.collect.spill import Spilled, numbers
from pipeline.collect.state import DocumentState, Previous
from pipeline.records import to_batches

if TYPE_CHECKING:
    from pipeline.collect.source import Document
    from pipeline.collect.spill import Spill
    from pipeline.lake import Lake
    from pipeline.manifest import FileEntry
    from pipeline.records import SetAside
LASTING = ("url", "content", "duplicate_of", "damaged")
"""The validators that stay true of a document's earlier rows while it cannot be read: where it is looked for, what the
rows say, which document says the same, and which of its files were damaged then."""


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


@dataclass(slots=True)
class Segment:
    """Documents that share parts: parts of the previous run that are this run's too, or batches to be written."""

    carried: list[FileEntry] = field(default_factory=list)
    rows: int = 0
    batches: Iterable[pa.RecordBatch] = ()


class Merge:
    """Streams of rows and set-aside rows of all documents; `totals` and `states` are complete after both were read."""

    def __init__(self, lake: Lake, previous: Previous, spill: Spill, outcomes: dict[str, Outcome]) -> None:
        """Find the ids that occur more than once before the first row is written."""
        self._lake = lake
        self._previous = previous
        self._spill = spill
        self._outcomes = outcomes
        self._ids = sorted(previous.documents.keys() | outcomes.keys())
        rows = [document.rows for document in previous.documents.values()]
        self._starts = dict(zip(previous.documents, accumulate(rows, initial=0), strict=False))
        self._duplicates = self._find_duplicates()
        self._repeated: dict[str, list[SetAside]] = {}
        self.totals = Totals()
        self.states: dict[str, DocumentState] = {}

    def _kept(self, document_id: str) -> bool:
        """Tell whether a document's earlier rows stay."""
        outcome = self._outcomes.get(document_id)
        return outcome is None or outcome.document.status in ("unchanged", "failed")

    def _gone(self, name: str) -> bool:
        outcome = self._outcomes.get(name)
        return outcome is not None and outcome.document.status == "gone"

    def _before(self, name: str) -> DocumentState:
        return self._previous.documents.get(name) or DocumentState(name)

    def _given(self, name: str) -> int:
        """Return how many rows the source gave for a document, this time or when it last changed."""
        if self._kept(name):
            return self._before(name).given
        spilled = self._outcomes[name].spilled
        return spilled.rows if spilled else 0

    def _changed(self) -> Iterator[Spilled]:
        return (self._outcomes[name].spilled or Spilled() for name in self._ids if not self._kept(name))

    def _find_duplicates(self) -> Duplicates:
        fresh = [part for spilled in self._changed() for part in spilled.ids]
        if not fresh:
            return Duplicates.none()
        earlier = OutputRows(self._lake, self._previous.manifest, "rows", ["question_id"])
        kept: list[np.ndarray] = []
        for name, document in self._previous.documents.items():
            if self._kept(name) and document.rows:
                earlier.seek(self._starts[name])
                kept += [numbers(batch.column(0)) for batch in earlier.take(document.rows)]
        rows = (batch for spilled in self._changed() for batch in self._spill.rows(spilled))
        return Duplicates.find(fresh, kept, rows)

    def segments(self, earlier: OutputRows) -> Iterator[Segment]:
        """Yield the rows of all documents, in order of document id; `earlier` are the previous rows, from the start.

        A segment's batches are read before the next one is asked for.
        """
        for name in self._ids:
            if self._gone(name):
                self.totals.retired += self._before(name).rows
        present = ((name, self._given(name)) for name in self._ids if not self._gone(name))
        for names in segments(present):
            carried = self._carried(names, earlier)
            if carried:
                for name in names:
                    self._stay(name)
                yield Segment(carried, sum(self._before(name).rows for name in names))
            else:
                yield Segment(batches=chain.from_iterable(self._rows(name, earlier) for name in names))

    def _carried(self, names: list[str], earlier: OutputRows) -> list[FileEntry]:
        """Return the previous run's parts that hold exactly these documents' rows, if they all stay."""
        held = [name for name in names if self._before(name).rows]
        if not held or not all(map(self._kept, names)):
            return []
        start, end = self._starts[held[0]], self._starts[held[-1]] + self._before(held[-1]).rows
        count = sum(self._before(name).rows for name in held)
        if end - start != count:
            return []
        earlier.seek(start)
        return earlier.take_parts(count)

    def _rows(self, name: str, earlier: OutputRows) -> Iterator[pa.RecordBatch]:
        before = self._before(name)
        if before.rows:
            earlier.seek(self._starts[name])
        if self._kept(name):
            self._stay(name)
            yield from earlier.take(before.rows)
        else:
            yield from self._changed_rows(name, earlier.take(before.rows))

    def _stay(self, name: str) -> None:
        rows = self._before(name).rows
        self.totals.rows += rows
        self.totals.kept += rows
        self._remember(name, rows)

    def _changed_rows(self, name: str, before: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        history = History(before)
        written = 0
        for batch in self._spill.rows(self._outcomes[name].spilled or Spilled()):
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
        self._remember(name, written)

    def _remember(self, name: str, rows: int) -> None:
        outcome = self._outcomes.get(name)
        before = self._previous.documents.get(name)
        if outcome is not None and outcome.document.status in ("changed", "unchanged"):
            validators = outcome.document.validators
        elif outcome is None and before and self._previous.comparable:
            validators = before.validators
        else:  # it is read next time, whatever its validators say
            earlier = before.validators if before else {}
            validators = {name: earlier[name] for name in LASTING if name in earlier}
        self.states[name] = DocumentState(name, validators, rows, given=self._given(name))

    def set_aside(self) -> Iterator[pa.RecordBatch]:
        """Yield the set-aside rows of all documents, in the same order; read `segments` first."""
        earlier = OutputRows(self._lake, self._previous.manifest, "set_aside")
        for name in self._ids:
            before = self._before(name)
            state = self.states.get(name) or DocumentState(name)
            earlier_rows = earlier.take(before.set_aside)
            if not self._kept(name):
                deque(earlier_rows, maxlen=0)
            for batch in earlier_rows if self._kept(name) else self._changed_set_aside(name):
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
