"""Rows of one source that would share an id: told apart when their answers differ, set aside when they do not.

The same question may have different, valid answers, so none is dropped; yet an id must name one row. All rows of
such a group get an id that depends on the answer too, which does not depend on the order in which the rows come.
Rows that stayed from the previous run keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa

from pipeline.collect.spill import numbers
from pipeline.records import SetAside, content_hash

REASON = "duplicate of another row of the same source"


@dataclass(slots=True)
class Duplicates:
    """The suspects (ids whose first 64 bits occur more than once), the ids that stayed, and the answers under each."""

    suspects: np.ndarray
    kept: np.ndarray
    answers: dict[str, set[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @classmethod
    def none(cls) -> Self:
        """Return the case without any."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.uint64))

    @classmethod
    def find(cls, fresh: list[np.ndarray], kept: list[np.ndarray], rows: Iterable[pa.RecordBatch]) -> Self:
        """Look for ids that occur twice among the `fresh` and `kept` ones; `rows` is read only when there are any."""
        everything = np.concatenate([*fresh, *kept])
        everything.sort()
        suspects = np.unique(everything[1:][everything[1:] == everything[:-1]])
        del everything
        if not len(suspects):
            return cls.none()
        found = cls(suspects, np.sort(np.concatenate(kept)) if kept else np.empty(0, np.uint64))
        for batch in rows:
            for index in np.flatnonzero(np.isin(numbers(batch.column("question_id")), suspects)):
                answers = found.answers.setdefault(batch.column("question_id")[index].as_py(), set())
                answers.add(content_hash(batch.column("answer")[index].as_py()))
        return found

    def resolve(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[SetAside]]:
        """Return the batch with every id its own, and the rows that only repeat another one."""
        if not len(self.suspects):
            return batch, []
        ids = numbers(batch.column("question_id"))
        places = np.flatnonzero(np.isin(ids, self.suspects))
        if not len(places):
            return batch, []
        names = batch.column("question_id").to_pylist()
        keep = np.ones(batch.num_rows, dtype=bool)
        repeated: list[SetAside] = []
        for index in places:
            row = batch.slice(int(index), 1).to_pylist()[0]
            names[index] = self._name(row)
            if names[index] in self.taken or self._stayed(names[index]):
                keep[index] = False
                repeated.append(_set_aside(row))
            self.taken.add(names[index])
        index = batch.schema.get_field_index("question_id")
        batch = batch.set_column(index, batch.schema.field(index), pa.array(names, pa.string()))
        return batch.filter(pa.array(keep)), repeated

    def _name(self, row: dict[str, str]) -> str:
        plain = row["question_id"]
        if self._stayed(plain) or len(self.answers.get(plain, ())) > 1:
            return content_hash(plain, row["answer"])[:32]
        return plain

    def _stayed(self, name: str) -> bool:
        """Tell whether a row that stayed from the previous run has this id."""
        number = np.uint64(int(name[:16], 16))
        place = int(np.searchsorted(self.kept, number))
        return place < len(self.kept) and bool(self.kept[place] == number)


def _set_aside(row: dict[str, str]) -> SetAside:
    return SetAside(
        stage="collect",
        reason=REASON,
        data_source=row["data_source"],
        provenance=row["provenance"],
        question_id=row["question_id"],
        question=row["question"],
        answer=row["answer"],
    )
