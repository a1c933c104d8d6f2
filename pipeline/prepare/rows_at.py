"""Reading single columns, or some rows, of a large dataset without holding the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.spark.partitions import Piece, open_parquet, pieces

PIECE_ROWS = 50_000
Rows = npt.NDArray[np.int64]


def scan(lake: Lake, uri: str, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the columns of a dataset in order, each batch with the number of its first row."""
    for piece in pieces(lake, uri, PIECE_ROWS):
        yield from _read(lake, uri, piece, columns)


def rows_at(lake: Lake, uri: str, rows: Rows, columns: Sequence[str]) -> pa.Table:
    """Return the rows with these numbers (sorted, each once), in their order; only pieces that hold some are read."""
    found: list[pa.RecordBatch] = []
    schema: pa.Schema | None = None
    for piece in pieces(lake, uri, PIECE_ROWS):
        first, last = np.searchsorted(rows, [piece.number, piece.number + piece.rows])
        if first == last and schema is not None:
            continue
        for start, batch in _read(lake, uri, piece, columns):
            schema = batch.schema
            inside = rows[(rows >= start) & (rows < start + batch.num_rows)] - start
            if len(inside):
                found.append(batch.take(pa.array(inside)))
    if schema is None:
        raise ValueError("the dataset has no rows")
    return pa.Table.from_batches(found, schema)


def _read(lake: Lake, uri: str, piece: Piece, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    filesystem, _ = lake.arrow(uri)
    number, skip, left = piece.number, piece.skip, piece.rows
    with said(uri), open_parquet(filesystem, piece.path) as file:
        for batch in file.iter_batches(row_groups=list(piece.row_groups), columns=list(columns)):
            wanted = batch.slice(skip, left)
            skip, left = max(0, skip - batch.num_rows), left - wanted.num_rows
            if wanted.num_rows:
                yield number, wanted
                number += wanted.num_rows
            if not left:
                return
