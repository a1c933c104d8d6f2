"""Datasets as numbered Parquet parts whose bytes depend on the records alone.

Where parts begin is decided by the documents themselves: a large document has parts of its own, and among small ones
the beginnings are elected by a hash of their ids. A change in one document therefore changes the parts around it and
no others (the idea of content-defined chunking: Muthitacharoen et al., A Low-Bandwidth Network File System, 2001),
and the parts that did not change are carried over without reading them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pipeline.lake import Lake

BATCH_ROWS = 16_384
PART_ROWS = 16 * BATCH_ROWS
SEGMENT_ROWS = 2 * BATCH_ROWS
"""The number of rows from which a document has parts of its own, and that small documents share on average."""


class Parts:
    """Writes `part-00000.parquet`, … below a URI; `rows` tells how many records went in."""

    def __init__(self, lake: Lake, uri: str, schema: pa.Schema) -> None:
        """Start without any part."""
        self._lake = lake
        self._uri = uri
        self._schema = schema
        self._number = 0
        self.rows = 0

    def place(self) -> str:
        """Return the URI of the next part."""
        self._number += 1
        return f"{self._uri}/part-{self._number - 1:05d}.parquet"

    def write(self, batches: Iterable[pa.RecordBatch]) -> int:
        """Write records into parts of their own and return their number.

        Batches are cut anew to one size first, so that equal records give equal bytes however they arrived.
        """
        stream = recut(batches, self._schema, BATCH_ROWS)
        written = 0
        for first in stream:
            following = chain([first], islice(stream, PART_ROWS // BATCH_ROWS - 1))
            written += self._lake.write_batches(self.place(), following, self._schema)
        self.rows += written
        return written

    def finish(self) -> int:
        """Make one empty part if there is none, so that the dataset has a schema, and return the number of records."""
        if not self._number:
            self._lake.write_batches(self.place(), [], self._schema)
        return self.rows


def write_parts(lake: Lake, uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write all records one after the other and return their number; no records make one empty part."""
    parts = Parts(lake, uri, schema)
    parts.write(batches)
    return parts.finish()


def segments(documents: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Group documents, given as id and number of rows in the order of ids, into those that share parts."""
    group: list[str] = []
    alone = False
    for name, rows in documents:
        large = rows >= SEGMENT_ROWS
        if group and (alone or large or zlib.crc32(name.encode()) * SEGMENT_ROWS < rows << 32):
            yield group
            group = []
        group.append(name)
        alone = large
    if group:
        yield group


def recut(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
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
