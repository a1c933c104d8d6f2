"""The rows of files in the order of their ids, through a file on disk: memory holds ids and digests only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.collect.context import neighbour_contexts
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.words import text_hashes
from pipeline.prepare.files import rows
from pipeline.prepare.first_seen import FirstSeen
from pipeline.records import SCHEMA, content_hash, to_batches

BATCH_ROWS = 4096
ROWS_AT_ONCE = 32_768
"""Rows that are put into their order at once."""
DIGITS = 12
"""Of the content's digest, in the ids of further rows with one id."""


def ordered_rows(
    files: Sequence[Path], columns: Mapping[str, str], scratch: Path, earlier: FirstSeen
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of files in the order of their ids.

    Rows get contexts from their neighbours when no row of the files has one. Of several rows with one id and different
    contents the one that had it before keeps it, or else the first. `scratch` is a folder for what is in between.
    """
    given = place = scratch / "rows.arrow"
    if not _spill(to_batches(rows(files, columns), BATCH_ROWS), place):
        # No row has a context, so none could be told from one that lacks it: make them as collection does.
        place = scratch / "with_contexts.arrow"
        _spill(map(_hashed, neighbour_contexts(_read(given), "with_answer")), place)
    order, ids = _order(given, earlier)  # what a row was given makes its id, not what stands around it
    with pa.memory_map(str(place)) as source:
        batches = list(_batches(source))
        stated = np.concatenate([np.zeros(0, np.int64), *(_micros(batch["collected_at"]) for batch in batches)])
        answers = np.concatenate([np.zeros(0, np.uint64), *(text_hashes(batch["answer"]) for batch in batches)])
        times = earlier.times(text_hashes(ids), answers[order], stated[order])
        starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
        for start in range(0, len(order), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            table = _taken(batches, starts, order[part])
            for name, values in (("question_id", ids[part]), ("collected_at", pa.array(times[part]))):
                index = SCHEMA.get_field_index(name)
                table = table.set_column(index, SCHEMA.field(index), values.cast(SCHEMA.field(index).type))
            yield from table.to_batches(max_chunksize=BATCH_ROWS)


def _spill(batches: Iterable[pa.RecordBatch], place: Path) -> bool:
    """Write batches to a file and tell whether a row has a context, or there is none."""
    with_context = number = 0
    with pa.ipc.new_file(str(place), SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)
            number += batch.num_rows
            with_context += batch.num_rows - batch["context"].null_count
    return with_context > 0 or not number


def _read(place: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(place)) as source:
        yield from _batches(source)


def _batches(source: pa.MemoryMappedFile) -> Iterator[pa.RecordBatch]:
    file = pa.ipc.open_file(source)
    for number in range(file.num_record_batches):
        yield file.get_batch(number)


def _micros(column: pa.Array) -> Rows:
    return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)


def _hashed(batch: pa.RecordBatch) -> pa.RecordBatch:
    parts = (batch[name].to_pylist() for name in ("question", "answer", "context", "licence"))
    hashes = [content_hash(*row) for row in zip(*parts, strict=True)]
    place = SCHEMA.get_field_index("content_hash")
    return batch.set_column(place, SCHEMA.field(place), pa.array(hashes, pa.string()))


def _order(place: Path, earlier: FirstSeen) -> tuple[Rows, pa.Array]:
    """Return the places of the rows in the order of their ids, and those ids, which differ where contents do."""
    read = {name: _column(place, name) for name in ("question_id", "content_hash")}
    held = [earlier.knows(text_hashes(batch["question_id"]), text_hashes(batch["answer"])) for batch in _read(place)]
    known = pa.table({**read, "new": pa.array(~np.concatenate([np.zeros(0, bool), *held]))})
    order = pc.sort_indices(known, [("question_id", "ascending"), ("new", "ascending")])
    ids, contents = (known[name].take(order).combine_chunks() for name in read)
    first = np.ones(len(ids), bool)
    first[1:] = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    of_first = pa.array(np.flatnonzero(first)[np.cumsum(first) - 1])
    further = pc.not_equal(contents, contents.take(of_first))
    if pc.any(further).as_py():
        own = pc.binary_join_element_wise(ids, pc.utf8_slice_codeunits(contents, 0, DIGITS), "-")
        ids = pc.if_else(further, own, ids)
        again = pc.sort_indices(ids)
        order, ids = order.take(again), ids.take(again)
    return order.to_numpy().astype(np.int64), ids


def _column(place: Path, name: str) -> pa.ChunkedArray:
    return pa.chunked_array([batch[name] for batch in _read(place)], SCHEMA.field(name).type)


def _taken(batches: Sequence[pa.RecordBatch], starts: Rows, places: Rows) -> pa.Table:
    """Return the rows at some places of all batches, in the order of the places."""
    by_batch = np.argsort(places, kind="stable")
    cuts = np.searchsorted(places[by_batch], starts)
    found = [
        batch.take(pa.array(places[by_batch[first:end]] - start))
        for batch, start, first, end in zip(batches, starts[:-1].tolist(), cuts[:-1], cuts[1:], strict=True)
        if end > first
    ]
    back = np.empty(len(places), np.int64)
    back[by_batch] = np.arange(len(places))
    return pa.Table.from_batches(found, SCHEMA).combine_chunks().take(pa.array(back)).combine_chunks()
