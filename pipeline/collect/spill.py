"""Rows of the documents that changed, kept on local disk until every document is known.

Documents come in the order in which a source finds them and may turn out unreadable half-way; the dataset is written
in the order of document ids and holds whole documents only. Between the two, rows wait in compressed Arrow files, so
memory does not grow with the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute

from pipeline.errors import PipelineError
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA


class Spill:
    """Two Arrow files in a folder, rows and set-aside rows, addressed by batch number."""

    def __init__(self, folder: Path) -> None:
        """Open the files for writing; use as a context manager."""
        self._paths = (folder / "rows.arrow", folder / "set_aside.arrow")
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writers = [
            pa.ipc.new_file(str(path), schema, options=options)
            for path, schema in zip(self._paths, (SCHEMA, SET_ASIDE_SCHEMA), strict=True)
        ]
        self._written = [0, 0]
        self._readers: list[pa.ipc.RecordBatchFileReader] = []

    def add(self, batches: Iterable[pa.RecordBatch]) -> Spilled:
        """Write a document's batches; whatever reading them raises passes through and nothing refers to them then."""
        kept = Spilled()
        for batch in batches:
            if batch.num_rows == 0:
                continue
            which = 0 if batch.schema.equals(SCHEMA) else 1
            if which and not batch.schema.equals(SET_ASIDE_SCHEMA):
                batch, which = batch.cast(SCHEMA), 0
            self._writers[which].write_batch(batch)
            if which == 0:
                kept.rows += batch.num_rows
                kept.row_batches.append(self._written[0])
                kept.ids.append(numbers(batch.column("question_id")))
            else:
                kept.set_aside += batch.num_rows
                kept.set_aside_batches.append(self._written[1])
            self._written[which] += 1
        return kept

    def finish(self) -> None:
        """End writing, so that reading can begin."""
        for writer in self._writers:
            writer.close()
        # Not mapped into memory: the pages of a map count as the process's own when somebody limits it.
        self._readers = [pa.ipc.open_file(pa.OSFile(str(path))) for path in self._paths]

    def rows(self, kept: Spilled) -> Iterator[pa.RecordBatch]:
        """Read a document's rows back, in order."""
        for number in kept.row_batches:
            yield self._readers[0].get_batch(number)

    def set_aside(self, kept: Spilled) -> Iterator[pa.RecordBatch]:
        """Read a document's set-aside rows back, in order."""
        for number in kept.set_aside_batches:
            yield self._readers[1].get_batch(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers:
            writer.close()


class Spilled:
    """Where a document's batches lie, how many rows they hold and the numbers of their ids."""

    __slots__ = ("ids", "row_batches", "rows", "set_aside", "set_aside_batches")

    def __init__(self) -> None:
        """Start with nothing."""
        self.rows = 0
        self.set_aside = 0
        self.row_batches: list[int] = []
        self.set_aside_batches: list[int] = []
        self.ids: list[np.ndarray] = []


def numbers(digests: pa.Array) -> np.ndarray:
    """Return the first 64 bits of each hexadecimal digest as an unsigned number.

    Comparing numbers instead of strings keeps ten million ids in 80 MB. Equal numbers only make two rows suspects:
    whoever acts on them compares the whole ids. Raises PipelineError for ids that are not digests.
    """
    heads = pa.compute.utf8_slice_codeunits(digests, 0, 16)
    try:
        # One look at the whole buffer: a Python string for each of ten million ids takes longer than reading them.
        buffer = heads.buffers()[2]
        text = buffer.to_pybytes()[: 16 * len(heads)] if buffer else b""
        found = np.frombuffer(bytes.fromhex(text.decode("ascii")), dtype=">u8").astype(np.uint64)
        if heads.null_count or len(found) != len(heads):
            raise ValueError
        return found
    except (ValueError, TypeError):
        raise PipelineError(
            "A source gave question ids that are no digests", remedy="Make them with pipeline.records.question_id"
        ) from None
