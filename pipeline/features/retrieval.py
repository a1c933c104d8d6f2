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
from pipeline.features.schema import ENTITY, EVENT_TIME, KEYS, QA
from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.manifest import Manifest
from pipeline.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore

CHUNK = 16_384
"""Questions in one retrieval at most, about a Parquet row group."""
CHUNK_TOKENS = 4_000_000
"""Tokens in one retrieval, about: with `CHUNK` it bounds a reader's memory whatever the number and length of rows."""
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
    chunk: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the token features of a split in the order of their files, further windows over long contexts last.

    Files are sorted by question, and so is the whole where ids are digests, as the repository's are. `columns` are
    `question_id` and columns of `schema.TOKENS`. With `as_of` (a time with a zone) rows that changed later are left
    out. Raises PipelineError at an unknown split or column, or when the data are not what was registered.
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
    chunk: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the texts of a split's questions as dictionaries with the columns of `schema.QA`, in the files' order.

    Includes rows whose tokens did not fit the base model: evaluation asks them all.
    """
    store = stores.open_pinned(settings, lake, features)
    hidden = {field.name for field in KEYS} - {ENTITY}
    columns = [name for name in QA.names if name not in hidden]
    for batch in _history(store, lake, features, features.facts["views"]["qa"], split, columns, as_of, chunk):
        yield from batch.to_pylist()


def question_batches(
    settings: Settings, lake: Lake, features: Manifest, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield columns of `schema.QA` of all questions of every split, also of those whose tokens did not fit."""
    from pipeline.features.point_in_time import dataset

    view = _view(stores.open_pinned(settings, lake, features), features.facts["views"]["qa"])
    with said(view.batch_source.path):
        yield from dataset(lake, view.batch_source.path).to_batches(columns=list(columns))


def online_features(settings: Settings, question_ids: Sequence[str], view: str | None = None) -> list[dict[str, Any]]:
    """Return what the online store holds for each question, in their order.

    `view` is a feature view's name, `qa_features` by default. Each dictionary has `question_id`, `found` and the view's
    features, all None when the store does not hold the question. Raises ServiceError when the store does not answer.
    """
    from pipeline.features.definitions import QA_VIEW
    from pipeline.features.online import HASH
    from pipeline.lake import open_lake

    if not question_ids:
        return []
    store, name = stores.open_shared(settings, open_lake(settings.lake)), view or QA_VIEW
    fields = [field.name for field in _view(store, name).features]
    with stores.answering(settings):
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
    chunk: int | None,
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
    moment = as_of or datetime.fromisoformat(features.facts["as_of"])
    asked = [name for name in columns if name not in keys]
    # always one that is never null, to tell absent rows from rows with empty values
    references = [f"{view}:{name}" for name in dict.fromkeys([*asked, "feature_hash"])]
    for entities in _entities(lake, definition.batch_source.path, keys, split, chunk or _chunk(features)):
        frame = entities.to_pandas().assign(**{EVENT_TIME: moment})
        table = store.get_historical_features(entity_df=frame, features=references).to_arrow()
        _check(table, as_of, view)
        if table["feature_hash"].null_count:
            table = table.filter(pc.is_valid(table["feature_hash"]))
        yield from table.select(list(columns)).replace_schema_metadata(None).combine_chunks().to_batches()


def _chunk(features: Manifest) -> int:
    """Return how many questions to retrieve at once: fewer where rows are long."""
    length = features.facts.get("tokens", 0) / max(1, features.counts.rows_out)
    return max(1, min(CHUNK, int(CHUNK_TOKENS / max(1.0, length))))


def _entities(lake: Lake, uri: str, keys: list[str], split: str, chunk: int) -> Iterator[pa.Table]:
    """Yield who is asked about, `chunk` at a time at most, in the order of the files.

    A chunk ends with a row group where it can: what two chunks share of a row group is read twice.
    """
    from pipeline.features.point_in_time import dataset

    held: list[pa.RecordBatch] = []
    with said(uri):
        for group in dataset(lake, uri).to_batches(columns=keys, filter=pc.field("split") == split):
            if held and sum(batch.num_rows for batch in held) + group.num_rows > chunk:
                yield pa.Table.from_batches(held)
                held = []
            parts = [group.slice(start, chunk) for start in range(0, group.num_rows, chunk)]
            for part in parts[:-1]:
                yield pa.Table.from_batches([part])
            held += parts[-1:]
    if held:
        yield pa.Table.from_batches(held)


def _check(table: pa.Table, as_of: datetime | None, view: str) -> None:
    missing = table["feature_hash"].null_count
    if missing and as_of is None:
        raise PipelineError(
            f"{missing} questions of the manifest have no features at the manifest's own time",
            where=view,
            remedy="The data were changed after they were written; run the features stage again",
        )
