"""Reading features back: point-in-time history for training and evaluation, the online store for serving.

Historical retrieval goes through the registry that the features manifest froze, so the same manifest gives the same
rows for ever, whatever runs came after. It streams: a chunk of questions at a time, as record batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import PipelineError
from pipeline.features import store as stores
from pipeline.features.schema import ENTITY, EVENT_TIME, KEYS, QA, WINDOW
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.stage import Manifest

if TYPE_CHECKING:
    from feast import FeatureStore

CHUNK = 16_384
"""Questions in one retrieval, about a Parquet row group: bounds a reader's memory whatever the size of the dataset."""
TRAINING_COLUMNS = (ENTITY, "token_ids", "attention_mask", "labels")
SPLITS = ("train", "validation", "test")


def training_batches(
    settings: Settings,
    lake: Lake,
    features: Manifest,
    split: str,
    columns: Sequence[str] = TRAINING_COLUMNS,
    *,
    as_of: datetime | None = None,
    chunk: int = CHUNK,
) -> Iterator[pa.RecordBatch]:
    """Yield the token features of a split, sorted by question, further windows over long contexts last.

    `columns` are `question_id` and columns of `schema.TOKENS`. With `as_of` (a time with a zone) only what was true
    then is given. Raises PipelineError at an unknown split or column, or when the data are not what was registered.
    """
    store = stores.open_pinned(settings, lake, features)
    views = features.facts["views"]
    for view in (views["tokens"], views.get("windows")):
        if view:
            yield from _history(store, lake, features, view, split, columns, as_of, chunk)


def qa_rows(
    settings: Settings,
    lake: Lake,
    features: Manifest,
    split: str,
    *,
    as_of: datetime | None = None,
    chunk: int = CHUNK,
) -> Iterator[dict[str, Any]]:
    """Yield the texts of a split's questions, sorted by question, as dictionaries with the columns of `schema.QA`.

    Includes rows whose tokens did not fit the base model: evaluation asks them all.
    """
    store = stores.open_pinned(settings, lake, features)
    hidden = {field.name for field in KEYS} - {ENTITY}
    columns = [name for name in QA.names if name not in hidden]
    for batch in _history(store, lake, features, features.facts["views"]["qa"], split, columns, as_of, chunk):
        yield from batch.to_pylist()


def online_features(settings: Settings, question_ids: Sequence[str], view: str | None = None) -> list[dict[str, Any]]:
    """Return what the online store holds for each question, in their order.

    `view` is a feature view's name, `qa_features` by default. Each dictionary has `question_id`, `found` and the view's
    features, all None when the store does not hold the question.
    """
    from pipeline.features.definitions import QA_VIEW
    from pipeline.features.online import HASH
    from pipeline.lake import open_lake

    if not question_ids:
        return []
    store = stores.open_shared(settings, open_lake(settings.lake))
    name = view or QA_VIEW
    fields = [field.name for field in _view(store, name).features]
    answer = store.get_online_features(
        features=[f"{name}:{field}" for field in fields],
        entity_rows=[{ENTITY: question_id} for question_id in question_ids],
    ).to_dict()
    return [
        {
            ENTITY: question_id,
            "found": answer[HASH][row] is not None,
            **{field: answer[field][row] for field in fields},
        }
        for row, question_id in enumerate(question_ids)
    ]


def _view(store: FeatureStore, name: str) -> Any:
    from feast.errors import FeatureViewNotFoundException

    try:
        return store.get_feature_view(name)
    except FeatureViewNotFoundException:
        known = ", ".join(sorted(view.name for view in store.list_feature_views()))
        raise PipelineError(
            f"There is no feature view named {name}",
            where=f"project {store.project}",
            remedy=f"Known are: {known}" if known else "Run the features stage first",
        ) from None


def _history(
    store: FeatureStore,
    lake: Lake,
    features: Manifest,
    view: str,
    split: str,
    columns: Sequence[str],
    as_of: datetime | None,
    chunk: int,
) -> Iterator[pa.RecordBatch]:
    definition = _view(store, view)
    keys = [field.name for field in definition.entity_columns]
    known = {*keys, *(field.name for field in definition.features)}
    if split not in SPLITS or not set(columns) <= known:
        raise PipelineError(
            f"The features have no split {split!r} with the columns {', '.join(columns)}",
            where=view,
            remedy=f"Splits: {', '.join(SPLITS)}; columns: {', '.join(sorted(known))}",
        )
    if as_of is not None and as_of.tzinfo is None:
        raise PipelineError("The time of a point-in-time retrieval needs a zone", where=as_of.isoformat())
    entities = _entities(lake, definition.batch_source.path, keys, split)
    moment = as_of or datetime.fromisoformat(features.facts["as_of"])
    asked = [name for name in columns if name not in keys]
    # always one that is never null, to tell absent rows from rows with empty values
    references = [f"{view}:{name}" for name in dict.fromkeys([*asked, "feature_hash"])]
    for start in range(0, entities.num_rows, chunk):
        frame = entities.slice(start, chunk).to_pandas().assign(**{EVENT_TIME: moment})
        table = store.get_historical_features(entity_df=frame, features=references).to_arrow()
        _check(table, as_of, view)
        table = table.filter(pc.is_valid(table["feature_hash"])).select(list(columns))
        yield from table.replace_schema_metadata(None).combine_chunks().to_batches()


def _entities(lake: Lake, uri: str, keys: list[str], split: str) -> pa.Table:
    """Return who is asked about: the split's questions, in order, so that chunks meet few row groups."""
    table = lake.read_table(uri, columns=keys, filter=pc.field("split") == split)
    order = [(key, "ascending") for key in reversed(keys)] if WINDOW in keys else [(key, "ascending") for key in keys]
    return table.sort_by(order)


def _check(table: pa.Table, as_of: datetime | None, view: str) -> None:
    missing = table["feature_hash"].null_count
    if missing and as_of is None:
        raise PipelineError(
            f"{missing} questions of the manifest have no features at the manifest's own time",
            where=view,
            remedy="The data were changed after they were written; run the features stage again",
        )
