"""Feast's offline store on the lake: point-in-time joins in Arrow, reading only the columns and rows that are asked.

Feast's own file stores read whole datasets into pandas and find their credentials in the environment alone. This one
uses the lake's connection, pushes the requested entities down into Parquet's row groups, and never builds a data frame,
so retrieval costs what is retrieved. Feast finds it by its class name in `feature_store.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.file_source import FileSource
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_config import FeastConfigBaseModel, RepoConfig
from pydantic import Field

from pipeline.errors import PipelineError
from pipeline.lake import Lake, open_lake
from pipeline.lake.errors import said

ENTITY_TIME = "event_timestamp"
ROW = "__entity_row"
FOUND = "__source_row"
MOST_OPEN = 8
_open_datasets: dict[tuple[tuple[str, str], ...], ds.Dataset] = {}


class LakeOfflineStoreConfig(FeastConfigBaseModel):
    """The store's settings. `lake` is given by the pipeline; the plain `feast` command reads llmops.toml instead."""

    type: Literal["pipeline.features.offline_store.LakeOfflineStore"] = (
        "pipeline.features.offline_store.LakeOfflineStore"
    )
    lake: Any = Field(default=None, exclude=True)


class LakeRetrievalJob(RetrievalJob):
    """A retrieval that has not run yet."""

    def __init__(
        self,
        evaluate: Callable[[], pa.Table],
        full_feature_names: bool = False,
        on_demand: list[OnDemandFeatureView] | None = None,
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        """`evaluate` does the work when the result is asked for."""
        self._evaluate = evaluate
        self._full_feature_names = full_feature_names
        self._on_demand = on_demand or []
        self._metadata = metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        return self._evaluate()

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        return self._evaluate().to_pandas()

    @property
    def full_feature_names(self) -> bool:
        """Tell whether columns are prefixed with their view's name."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """Return the on-demand views that Feast computes behind this retrieval."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """Return what was asked for."""
        return self._metadata


class LakeOfflineStore(OfflineStore):
    """Historical features from immutable Parquet in the lake."""

    supports_filter_by_created_timestamp = False

    @staticmethod
    def get_historical_features(
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        **kwargs: Any,
    ) -> RetrievalJob:
        """Join, to each entity row, the features that were true at its `event_timestamp`.

        Entities without features at that time keep their row, with nulls. Raises PipelineError when the entities are
        given as SQL, or not at all: this store has no query language and no scan over everything.
        """
        if not isinstance(entity_df, pd.DataFrame) or ENTITY_TIME not in entity_df.columns:
            raise PipelineError(
                "The entities must be a data frame with the column event_timestamp",
                where="get_historical_features",
                remedy="Pass question_id and event_timestamp; to scan a whole dataset read its Parquet from the lake",
            )
        wanted = [(view, _columns_of(view, feature_refs)) for view in feature_views]

        def evaluate() -> pa.Table:
            entities = pa.Table.from_pandas(entity_df, preserve_index=False)
            result = entities
            for view, columns in wanted:
                for name, values in _joined(_lake(config), view, columns, entities).items():
                    label = f"{view.projection.name_to_use()}__{name}" if full_feature_names else name
                    result = result.append_column(label, values)
            return result

        times = pd.to_datetime(entity_df[ENTITY_TIME], utc=True)
        return LakeRetrievalJob(
            evaluate,
            full_feature_names,
            OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            RetrievalMetadata(
                features=feature_refs,
                keys=[name for name in entity_df.columns if name != ENTITY_TIME],
                min_event_timestamp=times.min().to_pydatetime(),
                max_event_timestamp=times.max().to_pydatetime(),
            ),
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Return each entity's latest features within a span of event time, for materialisation."""
        times = [name for name in (timestamp_field, created_timestamp_column) if name]

        def evaluate() -> pa.Table:
            columns = [*join_key_columns, *feature_name_columns, *times]
            table = _scan(_lake(config), data_source, columns, _between(timestamp_field, start_date, end_date))
            order = [(key, "ascending") for key in join_key_columns] + [(name, "descending") for name in times]
            return table.take(_first_of_each(table, join_key_columns, order))

        return LakeRetrievalJob(evaluate)

    @staticmethod
    def pull_all_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Return every version of the features within a span of event time."""
        times = [name for name in (timestamp_field, created_timestamp_column) if name]
        columns = [*join_key_columns, *feature_name_columns, *times]
        return LakeRetrievalJob(
            lambda: _scan(_lake(config), data_source, columns, _between(timestamp_field, start_date, end_date))
        )


def _lake(config: RepoConfig) -> Lake:
    given = config.offline_store.lake
    if isinstance(given, Lake):
        return given
    from pipeline.settings import current

    return open_lake(current().lake)


def _columns_of(view: FeatureView, references: Sequence[str]) -> list[str]:
    prefix = view.projection.name_to_use() + ":"
    asked = {reference.removeprefix(prefix) for reference in references if reference.startswith(prefix)}
    return [feature.name for feature in view.features if feature.name in asked]


def _scan(lake: Lake, source: DataSource, columns: list[str], condition: Any | None) -> pa.Table:
    if not isinstance(source, FileSource):
        raise PipelineError("The lake holds Parquet files only", where=source.name)
    dataset = _dataset(lake, source.path)
    with said(source.path):
        table: pa.Table = dataset.to_table(columns=list(dict.fromkeys(columns)), filter=condition)
    return table


def _dataset(lake: Lake, uri: str) -> ds.Dataset:
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


def _between(column: str, start: datetime | None, end: datetime | None) -> Any | None:
    after = None if start is None else pc.field(column) >= pa.scalar(start)
    before = None if end is None else pc.field(column) <= pa.scalar(end)
    return after & before if after is not None and before is not None else after if before is None else before


def _joined(lake: Lake, view: FeatureView, columns: list[str], entities: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return the columns of a view, one value for each entity row: the latest at or before the row's time."""
    source = view.batch_source
    if source is None:
        raise PipelineError("The feature view has no source", where=view.name)
    keys = [view.projection.join_key_map.get(field.name, field.name) for field in view.entity_columns]
    names = [field.name for field in view.entity_columns]
    times = [name for name in (source.timestamp_field, source.created_timestamp_column) if name]
    first = entities[keys[0]].combine_chunks()
    condition = pc.field(names[0]).isin(first)
    if len(first):
        # the bounds let Parquet skip row groups; the list alone would not
        condition &= (pc.field(names[0]) >= pc.min(first)) & (pc.field(names[0]) <= pc.max(first))
    table = _scan(lake, source, [*names, *columns, *times], condition)
    found = _as_of(entities, keys, table, names, times, view)
    return {name: table[name].take(found) for name in columns}


def _as_of(
    entities: pa.Table, keys: list[str], table: pa.Table, names: list[str], times: list[str], view: FeatureView
) -> pa.Array:
    """Return, for each entity row, the number of the source row that was true at its time, or null."""
    asked_at = pc.cast(entities[ENTITY_TIME], pa.timestamp("us", tz="UTC"))
    left = pa.table([*(entities[key] for key in keys), asked_at, range(entities.num_rows)], [*names, "__at", ROW])
    right = table.select(list(dict.fromkeys([*names, *times]))).append_column(FOUND, pa.array(range(table.num_rows)))
    right = right.rename_columns([f"__{name}" if name in times else name for name in right.column_names])
    for name in names:
        left = left.set_column(left.column_names.index(name), name, left[name].cast(right[name].type))
    pairs = left.join(right, keys=names, join_type="inner")
    seen = pc.less_equal(pairs[f"__{times[0]}"], pairs["__at"])
    if view.ttl and view.ttl.total_seconds() > 0:
        seen = pc.and_(seen, pc.greater_equal(pairs[f"__{times[0]}"], pc.subtract(pairs["__at"], view.ttl)))
    pairs = pairs.filter(seen)
    order = [(ROW, "ascending"), *((f"__{name}", "descending") for name in times), (FOUND, "descending")]
    best = pairs.take(_first_of_each(pairs, [ROW], order))
    place = pc.index_in(pa.array(range(entities.num_rows)), value_set=best[ROW])
    return best[FOUND].combine_chunks().take(place)


def _first_of_each(table: pa.Table, keys: list[str], order: list[tuple[str, str]]) -> pa.Array:
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
