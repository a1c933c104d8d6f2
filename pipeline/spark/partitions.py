"""Cutting the Parquet files of a dataset into pieces of work that depend on nothing but the files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.lake.errors import said

if TYPE_CHECKING:
    import pyarrow.fs as pafs
    import pyarrow.parquet as pq

OPEN_AT_ONCE = 16


@dataclass(frozen=True)
class Piece:
    """Rows `skip` to `skip + rows` of some row groups of a file; the first is row `number` of the dataset."""

    path: str
    row_groups: tuple[int, ...]
    skip: int
    rows: int
    number: int


def parquet_files(lake: Lake, uri: str) -> list[str]:
    """Return the URIs of a dataset's Parquet files in order; raises LakeError when there is none."""
    files = [info.uri for info in lake.objects(uri) if info.uri.endswith(".parquet")]
    if not files:
        raise LakeError(
            "There are no Parquet files here", where=uri, remedy="Run the stage that makes this dataset again"
        )
    return files


def pieces(lake: Lake, uri: str, rows_per_piece: int) -> list[Piece]:
    """Cut a dataset into pieces of about `rows_per_piece` rows, numbered through in the order of files and rows."""
    files = parquet_files(lake, uri)
    filesystem, _ = lake.arrow(uri)
    paths = [lake.arrow(file)[1] for file in files]
    with ThreadPoolExecutor(OPEN_AT_ONCE) as pool:
        sizes = list(pool.map(partial(_row_groups, filesystem), paths))
    made: list[Piece] = []
    number = 0
    for path, groups in zip(paths, sizes, strict=True):
        made += _cut(path, groups, rows_per_piece, number)
        number += sum(groups)
    return made


def open_parquet(filesystem: pafs.FileSystem, path: str) -> pq.ParquetFile:
    """Open a Parquet file; raises LakeError naming it when it is damaged, not Parquet, or cannot be had."""
    import pyarrow.parquet as pq

    with said(path):
        return pq.ParquetFile(path, filesystem=filesystem, pre_buffer=True)


def _row_groups(filesystem: pafs.FileSystem, path: str) -> list[int]:
    with open_parquet(filesystem, path) as file:
        return [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]


def _cut(path: str, groups: list[int], wanted: int, number: int) -> list[Piece]:
    """Join small row groups and slice large ones."""
    made: list[Piece] = []
    held: list[int] = []
    rows = 0
    for index, size in enumerate(groups):
        if held and rows + size > wanted:
            made.append(Piece(path, tuple(held), 0, rows, number))
            number, held, rows = number + rows, [], 0
        if size > wanted:
            made += [
                Piece(path, (index,), start, min(wanted, size - start), number + start)
                for start in range(0, size, wanted)
            ]
            number += size
        elif size:
            held.append(index)
            rows += size
    if held:
        made.append(Piece(path, tuple(held), 0, rows, number))
    return made
