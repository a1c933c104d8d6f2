"""Writing one partition of a dataset as one Parquet file whose name and bytes depend on the data only."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.lake.errors import said

ROW_GROUP_ROWS = 16_384
ROW_GROUP_BYTES = 32 << 20


def part_name(number: int) -> str:
    """Return the file name of a partition."""
    return f"part-{number:05d}.parquet"


class PartWriter:
    """One part file, opened with its first row. Nobody reads it before a manifest names it."""

    def __init__(self, lake: Lake, uri: str, number: int, schema: pa.Schema) -> None:
        """Write `number` of the dataset at `uri`; a retried task writes the same bytes to the same name."""
        self._lake, self._schema = lake, schema
        self.uri = f"{uri.rstrip('/')}/{part_name(number)}"
        self.rows = 0
        self._held: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None
        self._group = 0, 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; they leave memory a row group at a time."""
        if not batch.num_rows:
            return
        self._held.append(batch.cast(self._schema) if batch.schema != self._schema else batch)
        self.rows += batch.num_rows
        rows, size = self._group
        self._group = rows + batch.num_rows, size + batch.nbytes
        if self._group[0] >= ROW_GROUP_ROWS or self._group[1] >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> int:
        """Finish the file, if there were rows, and return their number."""
        self._flush()
        if self._writer is not None:
            with said(self.uri):
                self._writer.close()
        return self.rows

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(Exception):  # what cannot be closed was never complete
            if self._writer is not None:
                self._writer.close()
        self._lake.delete([self.uri])

    def _flush(self) -> None:
        if not self._held:
            return
        if self._writer is None:
            self._writer = self._open()
        table = pa.Table.from_batches(self._held, self._schema)
        with said(self.uri):
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._held, self._group = [], (0, 0)

    def _open(self) -> pq.ParquetWriter:
        filesystem, path = self._lake.arrow(self.uri)
        with said(self.uri):
            if isinstance(filesystem, pafs.LocalFileSystem):
                filesystem.create_dir(path.rpartition("/")[0], recursive=True)
            return pq.ParquetWriter(path, self._schema, filesystem=filesystem, compression="snappy")


def write_part(lake: Lake, uri: str, number: int, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write a partition and return its number of rows; no rows make no file."""
    writer = PartWriter(lake, uri, number, schema)
    for batch in batches:
        writer.write(batch)
    return writer.close()
