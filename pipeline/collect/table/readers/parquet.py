"""Parquet of any codec, a row group's pages at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.collect.source import Unreadable
from pipeline.collect.table.readers.base import BATCH_ROWS, Piece, TableReader, as_text

READ_BUFFER = 1 << 20


class ParquetReader(TableReader):
    """Reads Parquet through Arrow, only the wanted leaves of the wanted columns."""

    extensions = (".parquet", ".pq")

    def schema(self, path: Path) -> dict[str, str]:
        """Return the columns of the file's footer."""
        with _opened(path) as file:
            return {field.name: str(field.type) for field in file.schema_arrow}

    def pieces(self, path: Path, wanted: Sequence[str], required: Sequence[str] = ()) -> Iterator[Piece]:
        """Yield the wanted columns in batches of 4,096 rows."""
        with _opened(path) as file:
            schema = file.schema_arrow
            paths = [_path(schema, name) for name in wanted]
            leaves = sorted({_leaf(schema, steps) for steps in paths})
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=leaves):
                yield Piece(_project(batch, wanted, paths))


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, buffer_size=READ_BUFFER, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, RuntimeError) as problem:
        raise Unreadable("the Parquet file is damaged or incomplete", str(problem).split("\n")[0][:300]) from None


def _path(schema: pa.Schema, name: str) -> list[str]:
    """Return the steps to a column; a column whose own name holds dots wins over a nested one."""
    if name in schema.names:
        return [name]
    steps = name.split(".")
    if steps[0] not in schema.names:
        raise Unreadable("a mapped column is missing", f"no column {name}; the file has: {', '.join(schema.names)}")
    return steps


def _leaf(schema: pa.Schema, steps: list[str]) -> str:
    """Return the place of a column in the file, whose lists have two levels of their own around their elements.

    Their names differ from writer to writer: from a list on, the whole of it is read.
    """
    if len(steps) == 1:
        return steps[0]
    kind, path = schema.field(schema.names.index(steps[0])).type, [steps[0]]
    for step in steps[1:]:
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            break
        kind = kind.field(step).type
        path.append(step)
    return ".".join(path)


def _project(batch: pa.RecordBatch, wanted: Sequence[str], paths: list[list[str]]) -> pa.RecordBatch:
    columns = []
    for name, steps in zip(wanted, paths, strict=True):
        try:
            columns.append(as_text(_descend(batch.column(steps[0]), steps[1:])))
        except (TypeError, KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
            raise Unreadable("a mapped column is not text", f"{name}: {problem}") from None
    return pa.RecordBatch.from_arrays(columns, names=list(wanted))


def _descend(column: pa.Array, steps: Sequence[str]) -> pa.Array:
    for step in steps:
        kind = column.type
        if pa.types.is_struct(kind):
            if kind.get_field_index(step) < 0:
                raise KeyError(f"no part {step}; it has: {', '.join(field.name for field in kind)}")
            column = pc.struct_field(column, step)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            column = _element(column, step)
        else:
            raise TypeError(f"it holds {kind}, which has no part {step}")
    return column


def _element(column: pa.Array, step: str) -> pa.Array:
    if not step.isdecimal():
        raise TypeError(f"it is a list: name an element by its number before {step}")
    number = int(step)
    values = [None if value is None or len(value) <= number else value[number] for value in column.to_pylist()]
    return pa.array(values, column.type.value_type)
