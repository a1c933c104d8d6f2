"""Point-in-time joins in Arrow: for each entity row, the features that were true at its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.file_source import FileSource

from pipeline.errors import PipelineError
from pipeline.features.definitions import AGES
from pipeline.lake import Lake
from pipeline.lake.errors import said

ENTITY_TIME = "event_timestamp"
ROW = "__entity_row"
FOUND = "__source_row"
MOST_OPEN = 8
_open_datasets: dict[tuple[tuple[str, str], ...], ds.Dataset] = {}


def scan(lake: Lake, source: DataSource, columns: list[str], condition: Any | None) -> pa.Table:
    """Return columns of the rows of a source that meet a condition. Raises PipelineError when it is no Parquet."""
    if not isinstance(source, FileSource):
        raise PipelineError("The lake holds Parquet files only", where=source.name)
    opened = dataset(lake, source.path)
    with said(source.path):
        table: pa.Table = opened.to_table(columns=list(dict.fromkeys(columns)), filter=condition)
    return table


def dataset(lake: Lake, uri: str) -> ds.Dataset:
    """Open a dataset, or return the one that was opened before: it remembers where its row groups are.

    The objects' tags are part of the key, so that files which an erasure wrote again are opened again.
    """
    found = tuple((info.uri, info.etag) for info in lake.objects(uri))
    if found not in _open_datasets:
        if len(_open_datasets) >= MOST_OPEN:
            _open_datasets.pop(next(iter(_open_datasets)))
        filesystem, path = lake.arrow(uri)
        files = [lake.arrow(name)[1] for name, _ in found] or [path]
        with said(uri):
            _open_datasets[found] = ds.dataset(files, filesystem=filesystem, format="parquet")
    return _open_datasets[found]


def between(column: str, start: datetime | None, end: datetime | None) -> Any | None:
    """Return the condition that a time lies in a span, both ends included; None when it has no end at all."""
    after = None if start is None else pc.field(column) >= pa.scalar(start)
    before = None if end is None else pc.field(column) <= pa.scalar(end)
    return after & before if after is not None and before is not None else after if before is None else before


def joined(lake: Lake, view: FeatureView, columns: list[str], entities: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a view, one value for each entity row: the latest at or before the row's time."""
    source = view.batch_source
    if source is None:
        raise PipelineError("The feature view has no source", where=view.name)
    keys = [view.projection.join_key_map.get(field.name, field.name) for field in view.entity_columns]
    names = [field.name for field in view.entity_columns]
    times = [name for name in (source.timestamp_field, source.created_timestamp_column) if name]
    schema = dataset(lake, source.path).schema
    for key, name in zip(keys, names, strict=True):  # pandas gives a column without values any type
        place = entities.column_names.index(key)
        entities = entities.set_column(place, key, entities[key].cast(schema.field(name).type))
    first = entities[keys[0]].combine_chunks()
    condition = pc.field(names[0]).isin(first)
    if len(first):
        # the bounds let Parquet skip row groups; the list alone would not
        condition &= (pc.field(names[0]) >= pc.min(first)) & (pc.field(names[0]) <= pc.max(first))
    table = scan(lake, source, [*names, *columns, *times], condition)
    found = _as_of(entities, keys, table, names, times, view)
    if found.equals(pa.array(range(table.num_rows), found.type)):  # asked in the order of the files: nothing to copy
        return {name: table[name] for name in columns}
    return {name: table[name].take(found) for name in columns}


def _as_of(
    entities: pa.Table, keys: list[str], table: pa.Table, names: list[str], times: list[str], view: FeatureView
) -> pa.Array:
    """Return, for each entity row, the number of the source row that was true at its time, or null."""
    asked_at = pc.cast(entities[ENTITY_TIME], pa.timestamp("us", tz="UTC"), safe=False)  # may be in nanoseconds
    left = pa.table([*(entities[key] for key in keys), asked_at, _numbers(entities)], [*names, "__at", ROW])
    right = table.select(list(dict.fromkeys([*names, *times]))).append_column(FOUND, _numbers(table))
    right = right.rename_columns([f"__{name}" if name in times else name for name in right.column_names])
    pairs = left.join(right, keys=names, join_type="inner")
    seen = pc.less_equal(pairs[f"__{times[0]}"], pairs["__at"])
    if view.ttl and timedelta(0) < view.ttl < AGES:  # ages are no limit: tables have rows of 1900 and of 9999
        seen = pc.and_(seen, pc.greater_equal(pairs[f"__{times[0]}"], pc.subtract(pairs["__at"], view.ttl)))
    pairs = pairs.filter(seen)
    order = [(ROW, "ascending"), *((f"__{name}", "descending") for name in times), (FOUND, "descending")]
    best = pairs.take(first_of_each(pairs, [ROW], order))
    place = pc.index_in(_numbers(entities), value_set=best[ROW])
    return best[FOUND].combine_chunks().take(place)


def first_of_each(table: pa.Table, keys: list[str], order: list[tuple[str, str]]) -> pa.Array:
    """Return the row numbers that come first for each key in the given order."""
    indices = pc.sort_indices(table, sort_keys=order)
    if len(indices) < 2:
        return indices
    changes = None
    for key in keys:
        column = table[key].take(indices).combine_chunks()
        differs = pc.not_equal(column[1:], column[:-1])
        changes = differs if changes is None else pc.or_(changes, differs)
    return indices.filter(pa.concat_arrays([pa.array([True]), changes]))


def _numbers(table: pa.Table) -> pa.Array:
    return pa.array(range(table.num_rows), pa.int64())
