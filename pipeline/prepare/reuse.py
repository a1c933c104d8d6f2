"""Taking over rows from an earlier run: a daily run pays for new and changed rows only.

The repository and the cleaned dataset are both in the order of question ids, so what an earlier run made of a batch of
rows lies together, and the row groups' statistics tell where: no shuffle, no index.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.lake import Lake, open_lake
from pipeline.lake.check import altered
from pipeline.lake.errors import said
from pipeline.log import get_logger
from pipeline.manifest import Manifest, load_manifest
from pipeline.prepare.schema import CLEANED, PASSED_ON
from pipeline.settings import LakeSettings
from pipeline.spark.partitions import parquet_files
from pipeline.witness import believed

log = get_logger(__name__)

if TYPE_CHECKING:
    from pipeline.prepare.privacy.replace import Protector

    Fresh = Callable[[pa.RecordBatch, pa.Array, Protector], pa.RecordBatch]


class Earlier:
    """The cleaned dataset of an earlier run."""

    def __init__(self, settings: LakeSettings, uri: str) -> None:
        """Open it; nothing is read yet."""
        self._uri = uri
        lake = open_lake(settings)
        filesystem, _ = lake.arrow(uri)
        files = [lake.arrow(file)[1] for file in parquet_files(lake, uri)]
        self._dataset = ds.dataset(files, filesystem=filesystem, format="parquet", schema=CLEANED)

    def complete(self, batch: pa.RecordBatch, hashes: pa.Array, protector: Protector, fresh: Fresh) -> pa.RecordBatch:
        """Return the cleaned rows of a batch: what the earlier run made of equal rows, and `fresh` for the others."""
        ids = batch["question_id"]
        bounds = pc.min_max(ids)
        near = (pc.field("question_id") >= bounds["min"]) & (pc.field("question_id") <= bounds["max"])
        with said(self._uri):
            known = self._dataset.to_table(filter=near).combine_chunks()
        places = pc.index_in(
            hashes, known["raw_hash"].combine_chunks() if known.num_rows else pa.array([], pa.string())
        )
        new = np.flatnonzero(pc.is_null(places).to_numpy(zero_copy_only=False))
        if len(new) == batch.num_rows:
            return fresh(batch, hashes, protector)
        old = pa.table(known.take(pc.drop_null(places)), schema=CLEANED)
        # What says where a row comes from may have changed without its text.
        kept = batch.filter(pc.is_valid(places))
        for name in PASSED_ON:
            index = CLEANED.get_field_index(name)
            old = old.set_column(index, CLEANED.field(index), kept[name].cast(CLEANED.field(index).type))
        made = [old]
        if len(new):
            made.append(
                pa.Table.from_batches([fresh(batch.take(pa.array(new)), hashes.take(pa.array(new)), protector)])
            )
        order = np.empty(batch.num_rows, np.int64)
        order[np.flatnonzero(pc.is_valid(places).to_numpy(zero_copy_only=False))] = np.arange(old.num_rows)
        order[new] = old.num_rows + np.arange(len(new))
        whole = pa.concat_tables(made).take(pa.array(order)).combine_chunks()
        return pa.RecordBatch.from_arrays([whole[f.name].combine_chunks() for f in CLEANED], schema=CLEANED)


def earlier_run(lake: Lake, stage: str, identity: str) -> Manifest | None:
    """Return the latest finished run of a stage whose rows were cleaned by the same code with the same settings.

    A run that nobody recorded, or whose rows somebody changed since, is passed over: its rows would come in uncleaned.
    """
    found = []
    for info in lake.objects(lake.uri(stage)):
        if info.uri.endswith("/manifest.json"):
            manifest = load_manifest(lake, info.uri)
            if manifest.facts.get("cleaning") == identity and "cleaned" in manifest.outputs:
                found.append(manifest)
    found.sort(key=lambda manifest: (manifest.started_at, manifest.key), reverse=True)
    for manifest in filter(functools.partial(believed, lake), found):
        damage = altered(lake, manifest.output("cleaned"))
        if not damage:
            return manifest
        log.warning("an earlier run's rows are not taken over", manifest=manifest.uri, cause=damage[0])
    return None
