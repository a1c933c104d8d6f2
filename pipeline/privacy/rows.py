"""Finding and taking out a subject's rows in Parquet files, a batch at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.privacy.subject import Subject
from pipeline.privacy.texts import naming

IDENTITY = "question_id"
PASSAGES = ("question", "answer", "context", "prompt", "answer_html")
SHORTEST_PASSAGE = 24
"""Shorter texts of a row ("Yes.", "How do I start?") are nobody's and stand in other people's rows too."""
BATCH = 8192


@dataclass
class Traces:
    """By what else than its names a subject is found: the ids of its rows, and their texts."""

    ids: set[str] = field(default_factory=set)
    passages: set[str] = field(default_factory=set)

    def add(self, found: pa.Table) -> None:
        """Remember a subject's rows."""
        names = found.schema.names
        if IDENTITY in names:
            self.ids.update(value for value in found[IDENTITY].to_pylist() if value)
        for name in PASSAGES:
            if name in names and pa.types.is_string(found.schema.field(name).type):
                self.passages.update(text for text in found[name].to_pylist() if text and len(text) >= SHORTEST_PASSAGE)


def matching(lake: Lake, uri: str, subject: Subject, ids: Iterable[str]) -> pa.Table:
    """Return a file's rows that name the subject in any text column, or carry one of the ids."""
    wanted = _ids(ids)
    with _opened(lake, uri) as file:
        schema = file.schema_arrow
        found = [batch.filter(_hits(batch, subject, wanted)) for batch in file.iter_batches(BATCH)]
    return pa.Table.from_batches([batch for batch in found if batch.num_rows], schema)


def holds(lake: Lake, uri: str, subject: Subject, ids: Iterable[str]) -> bool:
    """Tell whether a file has anything of the subject in it, in rows or in lists inside rows."""
    wanted = _ids(ids)
    with _opened(lake, uri) as file:
        return any(
            pc.any(_hits(batch, subject, wanted)).as_py() or _cleaned(batch, subject, wanted) is not batch
            for batch in file.iter_batches(BATCH)
        )


def named(batch: pa.RecordBatch, subject: Subject) -> bool:
    """Tell whether a batch of any table names the subject."""
    ids = _ids(())
    return bool(pc.any(_hits(batch, subject, ids)).as_py()) or _cleaned(batch, subject, ids) is not batch


def take_out(lake: Lake, uri: str, subject: Subject, ids: Iterable[str]) -> int:
    """Write a file again without the subject's rows and list entries; return how many rows went.

    The object is replaced whole at the end, so a reader sees the old file or the new one.
    """
    wanted = _ids(ids)
    removed = 0
    with tempfile.TemporaryDirectory(prefix="llmops-erase-") as folder:
        local = Path(folder) / "part.parquet"
        with _opened(lake, uri) as file, pq.ParquetWriter(local, file.schema_arrow, compression="snappy") as writer:
            for batch in file.iter_batches(BATCH):
                kept = batch.filter(pc.invert(_hits(batch, subject, wanted)))
                removed += batch.num_rows - kept.num_rows
                writer.write_batch(_cleaned(kept, subject, wanted))
        lake.upload(local, uri)
    return removed


def _opened(lake: Lake, uri: str) -> pq.ParquetFile:
    filesystem, path = lake.arrow(uri)
    with said(uri):
        return pq.ParquetFile(path, filesystem=filesystem)


def _ids(ids: Iterable[str]) -> pa.Array:
    return pa.array(sorted(ids), pa.string())


def _hits(batch: pa.RecordBatch, subject: Subject, ids: pa.Array) -> pa.Array:
    """Tell, for each row, whether it is the subject's: by its id or by a text in any column, nested ones included."""
    hits = pa.array([False] * batch.num_rows)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name == IDENTITY:
            hits = pc.or_(hits, pc.is_in(column, ids))
        if _is_text(column.type):
            hits = pc.or_(hits, _names(column, subject))
        elif _is_bytes(column.type):
            hits = pc.or_(
                hits, pa.array([naming(v or b"", subject) is not None for v in column.to_pylist()], pa.bool_())
            )
        elif pa.types.is_nested(column.type) and not _is_text_list(column.type):
            hits = pc.or_(hits, pa.array([_mentions(value, subject) for value in column.to_pylist()], pa.bool_()))
    return hits


def _names(column: pa.Array, subject: Subject) -> pa.Array:
    text = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    plain = pc.fill_null(pc.match_substring_regex(text, subject.arrow_pattern), False)
    escaped = pc.fill_null(pc.match_substring(text, "&"), False)
    if not pc.any(escaped).as_py():
        return plain
    return pc.or_(plain, pa.array([bool(value) and subject.mentioned(value) for value in text.to_pylist()], pa.bool_()))


def _mentions(value: Any, subject: Subject) -> bool:
    if isinstance(value, str):
        return subject.mentioned(value)
    if isinstance(value, dict):
        return any(_mentions(item, subject) for item in value.values())
    return isinstance(value, list) and any(_mentions(item, subject) for item in value)


def _cleaned(batch: pa.RecordBatch, subject: Subject, ids: pa.Array) -> pa.RecordBatch:
    """Take the subject's ids and names out of lists of texts; return the same batch when there are none."""
    known = set(ids.to_pylist())
    for index, column in enumerate(batch.columns):
        if not _is_text_list(column.type):
            continue
        flat = column.flatten()
        if not (pc.any(pc.is_in(flat, ids)).as_py() or pc.any(_names(flat, subject)).as_py()):
            continue
        kept = [_without(value, known, subject) for value in column.to_pylist()]
        batch = batch.set_column(index, batch.schema.field(index), pa.array(kept, column.type))
    return batch


def _without(values: list[str | None] | None, ids: set[str], subject: Subject) -> list[str | None] | None:
    if values is None:
        return None
    return [value for value in values if value is None or (value not in ids and not subject.mentioned(value))]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _is_text_list(kind: pa.DataType) -> bool:
    return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _is_text(kind.value_type)


def batches(lake: Lake, uri: str) -> Iterator[pa.RecordBatch]:
    """Yield a file's batches."""
    with _opened(lake, uri) as file:
        yield from file.iter_batches(BATCH)
