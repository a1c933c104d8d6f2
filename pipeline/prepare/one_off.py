"""Preparing files outside the lake: the same stage, on a lake of its own that lasts as long as the work."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.prepare import first_seen, stage
from pipeline.prepare.delivery import deliver, make_ready
from pipeline.prepare.files import local_files
from pipeline.prepare.first_seen import FirstSeen
from pipeline.prepare.local_rows import ordered_rows
from pipeline.prepare.schema import CLUSTERS
from pipeline.records import SCHEMA
from pipeline.settings import LakeSettings, PrepareSettings, Settings
from pipeline.stage import Attempt, run_stage

RUN = "command"


def prepare_files(
    settings: Settings, given: Sequence[str], out: Path, columns: Mapping[str, str], *, strict: bool = False
) -> Manifest:
    """Prepare the rows of files into a folder and return the manifest, whose outputs are in that folder.

    Expectations about the whole dataset stop the work only if `strict`; otherwise they are warnings, because a file is
    not a company's data. Raises PipelineError when the folder holds something else, SourceError when a file cannot be
    read, QualityError when no row can be used.
    """
    make_ready(out)
    files = local_files(given)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".prepare-", dir=out.parent) as scratch:
        own = settings.model_copy(
            update={
                "lake": LakeSettings(uri=scratch),
                "prepare": settings.prepare if strict else lenient(settings.prepare),
            }
        )
        lake = open_lake(own.lake)
        with tempfile.TemporaryDirectory(prefix=".rows-", dir=out.parent) as folder:
            earlier = FirstSeen.beside(out)
            repository = _repository(lake, ordered_rows(files, columns, Path(folder), earlier), out / "rows")
        manifest = stage.run(own, lake, run_id=RUN, repository=repository)
        deliver(lake, manifest, out, repository)
    return manifest


def prepare_repository(settings: Settings, uri: str, out: Path | None) -> Manifest:
    """Prepare the repository that a manifest in the lake names, and copy the result to a folder if one is given."""
    if out is not None:
        make_ready(out)
    lake = open_lake(settings.lake)
    manifest = stage.run(settings, lake, run_id=RUN, repository=load_manifest(lake, uri))
    if out is not None:
        deliver(lake, manifest, out, None)
    return manifest


def lenient(chosen: PrepareSettings) -> PrepareSettings:
    """Return settings under which only a dataset without any usable row stops the work."""
    limits = {**chosen.limits, "poisoning_share": 1.0, "leaking_rows": 1.0, "training_rows": 0.0}
    return chosen.model_copy(update={"min_rows": 1, "max_set_aside_share": 1.0, "limits": limits})


def _repository(lake: Lake, given: Iterable[pa.RecordBatch], earlier: Path) -> Manifest:
    """Publish rows, which come in the order of their ids, as a repository, with the clusters of an earlier result."""

    def work(attempt: Attempt) -> None:
        place = attempt.uri("clusters", "part-00000.parquet")
        attempt.rows["clusters"] = lake.write_batches(place, first_seen.clusters(earlier), CLUSTERS)
        number = lake.write_batches(attempt.uri("rows", "part-00000.parquet"), given, SCHEMA)
        attempt.rows["rows"] = attempt.counts.rows_in = attempt.counts.rows_out = number

    return run_stage(lake, "repository", work, run_id=RUN, packages=("records",), fresh=True)
