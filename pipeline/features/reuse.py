"""Taking over tokens from an earlier run: a daily run tokenises new and changed rows only.

Both runs cut the questions into parts by their ids and sort within them, so what an earlier run made of a part's rows
lies in the same part, in the same order: two streams are read side by side. When there are so many more or fewer rows
that the number of parts is another one, all are tokenised once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.features import catalogue
from pipeline.features.schema import CREATED_TIME, ENTITY, EVENT_TIME, QA, TOKENS, WINDOW
from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.log import get_logger
from pipeline.manifest import Manifest, digest_of, load_manifest
from pipeline.spark.parts import part_name
from pipeline.witness import believed

log = get_logger(__name__)
HASH = "feature_hash"
HASHES = pa.schema([QA.field(ENTITY), QA.field(HASH)])
BATCH = 2048
Parts = Mapping[str, tuple[str, str]]
"""The parts of a dataset by file name: each one's URI and SHA-256."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier run made in the same way and into as many parts."""

    texts: Parts
    tokens: Parts
    windows: Parts

    def of_part(self, lake: Lake, number: int) -> EarlierPart | None:
        """Return what it made of the rows of a part; None when that is not what was written."""
        texts, tokens, windows = (found.get(part_name(number)) for found in (self.texts, self.tokens, self.windows))
        for uri, digest in filter(None, (texts, tokens, windows)):
            if not lake.exists(uri) or lake.digest(uri) != digest:  # damage does not become right by being taken over
                log.warning("a part of an earlier run is not what was written; nothing is taken over", file=uri)
                return None
        return EarlierPart(
            _Sorted(lake, texts, HASHES), [_Sorted(lake, tokens, TOKENS), _Sorted(lake, windows, TOKENS)]
        )


def earlier_run(lake: Lake, view: str, way: Mapping[str, Any]) -> Earlier | None:
    """Return what a token view serves now, when it was made in this way (the `way` of its facts)."""
    served = catalogue.find(lake, view)
    if served is None or not lake.exists(served.manifest):
        return None
    found = load_manifest(lake, served.manifest)
    if found.facts.get("way") != digest_of(way) or not believed(lake, found):
        return None
    return Earlier(*(_parts(found, name) for name in ("qa_features", "token_features", "token_windows")))


def _parts(manifest: Manifest, name: str) -> Parts:
    output = manifest.outputs.get(name)
    return {file.path: (f"{output.uri}/{file.path}", file.sha256) for file in output.files} if output else {}


class EarlierPart:
    """An earlier run's features of one partition, read once from front to back."""

    def __init__(self, texts: _Sorted, tokens: list[_Sorted]) -> None:
        """`texts` have the questions' hashes; `tokens` are the features and further windows."""
        self._texts, self._tokens = texts, tokens

    def unchanged(self, texts: pa.RecordBatch) -> pa.Table:
        """Return the token features, windows included, of those questions whose texts are what they were.

        Asked for questions in rising order. Rows that were set aside are not among them.
        """
        first, last = texts[ENTITY][0].as_py(), texts[ENTITY][-1].as_py()
        known = self._texts.up_to(first, last)
        same = pc.is_in(_keys(texts), value_set=_keys(known).combine_chunks())
        ids = texts[ENTITY].filter(same)
        found = pa.concat_tables([tokens.up_to(first, last) for tokens in self._tokens])
        found = found.filter(pc.is_in(found[ENTITY], value_set=ids))
        moments = texts[EVENT_TIME].take(pc.index_in(found[ENTITY], value_set=texts[ENTITY]).combine_chunks())
        for name in (EVENT_TIME, CREATED_TIME):  # a row may have another time without another text
            found = found.set_column(found.schema.get_field_index(name), TOKENS.field(name), moments)
        return found


def merged(kept: pa.Table, made: pa.RecordBatch) -> pa.RecordBatch:
    """Return kept and newly made token features in the order in which all would have been made."""
    if not kept.num_rows:
        return made
    whole = pa.concat_tables([kept, pa.Table.from_batches([made])])
    whole = whole.sort_by([(ENTITY, "ascending"), (WINDOW, "ascending")]).combine_chunks()
    return pa.RecordBatch.from_arrays([whole[name].combine_chunks() for name in TOKENS.names], schema=TOKENS)


def _keys(rows: pa.Table | pa.RecordBatch) -> Any:
    return pc.binary_join_element_wise(rows[ENTITY], rows[HASH], " ")


class _Sorted:
    """Rows sorted by question, of which a few thousand are in memory."""

    def __init__(self, lake: Lake, file: tuple[str, str] | None, schema: pa.Schema) -> None:
        """Read nothing yet; no file has no rows."""
        self._batches = _read(lake, file[0], schema) if file else iter(())
        self._held = schema.empty_table()

    def up_to(self, first: str, last: str) -> pa.Table:
        """Return the rows of questions from `first` to `last` and forget them and what is before."""
        while not self._held.num_rows or self._held[ENTITY][-1].as_py() <= last:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._held = pa.concat_tables([self._held.slice(self._before(first)), pa.Table.from_batches([batch])])
        start, end = self._before(first), pc.sum(pc.less_equal(self._held[ENTITY], last)).as_py() or 0
        found, self._held = self._held.slice(start, end - start), self._held.slice(end)
        return found

    def _before(self, first: str) -> int:
        return pc.sum(pc.less(self._held[ENTITY], first)).as_py() or 0


def _read(lake: Lake, uri: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    filesystem, path = lake.arrow(uri)
    with said(uri), filesystem.open_input_file(path) as source:
        for batch in pq.ParquetFile(source).iter_batches(batch_size=BATCH, columns=schema.names):
            yield batch.select(schema.names).cast(schema)
