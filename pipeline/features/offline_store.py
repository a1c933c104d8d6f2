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
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_config import FeastConfigBaseModel, RepoConfig
from pydantic import Field

from pipeline.errors import PipelineError
from pipeline.features.point_in_time import ENTITY_TIME, between, first_of_each, joined, scan
from pipeline.lake import Lake, open_lake


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
                for name, values in joined(_lake(config), view, columns, entities).items():
                    label = f"{view.projection.name_to_use()}__{name}" if full_feature_names else name
                    result = result.append_column(label, values)
            return result

        times = entity_df[ENTITY_TIME]
        return LakeRetrievalJob(
            evaluate,
            full_feature_names,
            OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            RetrievalMetadata(
                features=feature_refs,
                keys=[name for name in entity_df.columns if name != ENTITY_TIME],
                # of two values, as pandas takes 20 ms to look at the times of a long column
                min_event_timestamp=pd.to_datetime(times.min(), utc=True).to_pydatetime(warn=False),
                max_event_timestamp=pd.to_datetime(times.max(), utc=True).to_pydatetime(warn=False),
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
            table = scan(_lake(config), data_source, columns, between(timestamp_field, start_date, end_date))
            order = [(key, "ascending") for key in join_key_columns] + [(name, "descending") for name in times]
            return table.take(first_of_each(table, join_key_columns, order))

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
            lambda: scan(_lake(config), data_source, columns, between(timestamp_field, start_date, end_date))
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
