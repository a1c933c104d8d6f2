"""The online store: only rows that changed are written, rows that are gone are removed.

Feast's own incremental materialisation goes by event time and so misses a row that is collected today but was last
changed before the previous run. Here each row carries a hash of its features and the online store itself is asked which
hashes it holds: a store that was emptied or fell behind fills up again by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import PipelineError, SettingsError
from pipeline.features.schema import ENTITY
from pipeline.lake import Lake
from pipeline.lake.errors import said

if TYPE_CHECKING:
    from feast import FeatureStore

HASH = "feature_hash"
READ_CHUNK = 1000
WRITE_CHUNK = 500
READ_AHEAD = {"batch_size": 4 * WRITE_CHUNK, "batch_readahead": 2, "fragment_readahead": 1}
"""How much of the files is in memory while their rows are written."""


@dataclass(frozen=True)
class Materialised:
    """What bringing one view of the online store up to date took, in rows."""

    written: int
    removed: int
    unchanged: int


class OnlineView:
    """One feature view in the online store."""

    def __init__(self, store: FeatureStore, view: str) -> None:
        """Both must be registered; see `registration`."""
        self.store = store
        self.view = store.get_feature_view(view)

    def hashes(self, ids: Sequence[str]) -> dict[str, str | None]:
        """Return the feature hash that the online store holds for each question, None where it holds none."""
        found: dict[str, str | None] = {}
        for chunk in _chunks(ids, READ_CHUNK):
            answer = self.store.get_online_features(
                features=[f"{self.view.name}:{HASH}"], entity_rows=[{ENTITY: name} for name in chunk]
            ).to_dict()
            found.update(zip(answer[ENTITY], answer[HASH], strict=True))
        return found

    def bring_up_to(self, lake: Lake, uri: str, earlier: Sequence[str] = ()) -> Materialised:
        """Write what differs from the dataset at `uri`; remove those of the `earlier` questions that it lacks."""
        wanted = lake.read_table(uri, columns=[ENTITY, HASH])
        ids: list[str] = wanted[ENTITY].to_pylist()
        present = self.hashes(ids)
        changed = [
            name for name, digest in zip(ids, wanted[HASH].to_pylist(), strict=True) if present.get(name) != digest
        ]
        self._write(lake, uri, changed)
        self._confirm(dict(zip(ids, wanted[HASH].to_pylist(), strict=True)), changed)
        gone = sorted(set(earlier) - set(ids))
        removed = self.remove([name for name, digest in self.hashes(gone).items() if digest is not None])
        return Materialised(len(changed), removed, len(ids) - len(changed))

    def remove(self, ids: Sequence[str]) -> int:
        """Delete questions from the online store, not merely hide them, and return how many there were."""
        for chunk in _chunks(ids, WRITE_CHUNK):
            _delete(self.store, self.view, chunk)
        return len(ids)

    def _confirm(self, wanted: dict[str, str], changed: Sequence[str]) -> None:
        """Read back what was written: stores drop writes by rules of their own without saying so."""
        refused = [name for name, digest in self.hashes(changed).items() if digest != wanted[name]]
        if refused:
            raise PipelineError(
                f"The online store dropped {len(refused)} of {len(changed)} rows that were written to it",
                where=f"{self.view.name}, for example {refused[0]}",
                remedy="Look at the store's own options (features.online_store_options), then run the stage again",
            )

    def _write(self, lake: Lake, uri: str, ids: Sequence[str]) -> None:
        for rows in self._rows(lake, uri, ids) if ids else ():
            self.store.write_to_online_store(self.view.name, df=rows.to_pandas())

    def _rows(self, lake: Lake, uri: str, ids: Sequence[str]) -> Iterator[pa.Table]:
        """Yield these questions' rows, a chunk at a time, in one pass over the files."""
        from pipeline.features.point_in_time import dataset

        source = self.view.batch_source
        times = [source.timestamp_field, source.created_timestamp_column]
        columns = [ENTITY, *(field.name for field in self.view.features), *times]
        wanted = pa.array(ids, pa.string())
        # the bounds let Parquet skip row groups; the list alone would not
        condition = pc.field(ENTITY).isin(wanted)
        condition &= (pc.field(ENTITY) >= pc.min(wanted)) & (pc.field(ENTITY) <= pc.max(wanted))
        with said(uri):
            found = dataset(lake, uri).to_batches(columns=columns, filter=condition, **READ_AHEAD)
            yield from _tables(found, WRITE_CHUNK)


def _tables(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """Yield rows in tables of `size`, however many the batches have."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        table = pa.Table.from_batches(held)
        whole = table.num_rows // size * size
        for start in range(0, whole, size):
            yield table.slice(start, size)
        held = table.slice(whole).to_batches()
    if held:
        yield pa.Table.from_batches(held)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _delete(store: FeatureStore, view: Any, ids: Sequence[str]) -> None:
    """Delete entities with the online store's own client: Feast has a call for whole views only."""
    kind = store.config.online_store.type
    delete = {"sqlite": _delete_sqlite, "redis": _delete_redis, "dynamodb": _delete_dynamodb}.get(kind)
    if delete is None:
        raise SettingsError(
            f"Rows cannot be deleted from an online store of the type {kind}",
            where="features.online_store",
            remedy="Use sqlite, redis or dynamodb",
        )
    delete(store, view, [_key(name) for name in ids])


def _key(question_id: str) -> Any:
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    return EntityKey(join_keys=[ENTITY], entity_values=[Value(string_val=question_id)])


def _delete_sqlite(store: FeatureStore, view: Any, keys: list[Any]) -> None:
    from feast.infra.key_encoding_utils import serialize_entity_key

    version = store.config.entity_key_serialization_version
    table = f"{store.project}_{view.name}".replace('"', '""')
    with sqlite3.connect(store.config.online_store.path, timeout=60) as connection:
        connection.execute("PRAGMA secure_delete = ON")  # overwrite the freed pages: erased means unreadable
        connection.executemany(
            f'DELETE FROM "{table}" WHERE entity_key = ?',  # noqa: S608 - the table's name is quoted above
            [(serialize_entity_key(key, entity_key_serialization_version=version),) for key in keys],
        )
    connection.close()


def _delete_redis(store: FeatureStore, view: Any, keys: list[Any]) -> None:
    from feast.infra.online_stores.helpers import _mmh3, _redis_key

    config = store.config
    online: Any = store._get_provider().online_store
    client = online._get_client(config.online_store)
    fields = [_mmh3(f"{view.name}:{feature.name}") for feature in view.features]
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            name = _redis_key(store.project, key, config.entity_key_serialization_version)
            pipe.hdel(name, *fields, f"_ts:{view.name}")
        pipe.execute()


def _delete_dynamodb(store: FeatureStore, view: Any, keys: list[Any]) -> None:
    import boto3
    from feast.infra.online_stores.helpers import compute_entity_id

    config = store.config.online_store
    table = boto3.resource("dynamodb", region_name=config.region, endpoint_url=config.endpoint_url).Table(
        config.table_name_template.format(project=store.project, table_name=view.name)
    )
    with table.batch_writer() as batch:
        for key in keys:
            identity = compute_entity_id(key, store.config.entity_key_serialization_version)
            batch.delete_item(Key={"entity_id": identity})
