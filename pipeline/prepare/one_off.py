"""Preparing files outside the lake: the same stage, on a lake of its own that lasts as long as the work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.errors import PipelineError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.prepare import first_seen, stage
from pipeline.prepare.files import local_files
from pipeline.prepare.first_seen import FirstSeen
from pipeline.prepare.local_rows import ordered_rows
from pipeline.prepare.rows_at import scan
from pipeline.prepare.schema import CLUSTERS
from pipeline.records import SCHEMA
from pipeline.settings import LakeSettings, PrepareSettings, Settings
from pipeline.stage import Attempt, run_stage

OUTPUTS = ("rows", "set_aside", "vocabulary", "report")
RUN = "command"


def prepare_files(
    settings: Settings, given: Sequence[str], out: Path, columns: Mapping[str, str], *, strict: bool = False
) -> Manifest:
    """Prepare the rows of files into a folder and return the manifest, whose outputs are in that folder.

    Expectations about the whole dataset stop the work only if `strict`; otherwise they are warnings, because a file is
    not a company's data. Raises PipelineError when the folder holds something else, SourceError when a file cannot be
    read, QualityError when no row can be used.
    """
    _check_folder(out)
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
        _deliver(lake, manifest, out, repository)
    return manifest


def prepare_repository(settings: Settings, uri: str, out: Path | None) -> Manifest:
    """Prepare the repository that a manifest in the lake names, and copy the result to a folder if one is given."""
    if out is not None:
        _check_folder(out)
    lake = open_lake(settings.lake)
    manifest = stage.run(settings, lake, run_id=RUN, repository=load_manifest(lake, uri))
    if out is not None:
        _deliver(lake, manifest, out, None)
    return manifest


def lenient(chosen: PrepareSettings) -> PrepareSettings:
    """Return settings under which only a dataset without any usable row stops the work."""
    limits = {**chosen.limits, "poisoning_share": 1.0, "leaking_rows": 1.0, "training_rows": 0.0}
    return chosen.model_copy(update={"min_rows": 1, "max_set_aside_share": 1.0, "limits": limits})


def _check_folder(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not _is_ours(out)):
        raise PipelineError("The output folder holds something else", where=str(out), remedy="Name a new folder")


def _is_ours(out: Path) -> bool:
    return {item.name for item in out.iterdir()} <= {*OUTPUTS, "manifest.json", first_seen.NAME} and (
        out / "manifest.json"
    ).is_file()


def _repository(lake: Lake, given: Iterable[pa.RecordBatch], earlier: Path) -> Manifest:
    """Publish rows, which come in the order of their ids, as a repository, with the clusters of an earlier result."""

    def work(attempt: Attempt) -> None:
        place = attempt.uri("clusters", "part-00000.parquet")
        attempt.rows["clusters"] = lake.write_batches(place, first_seen.clusters(earlier), CLUSTERS)
        number = lake.write_batches(attempt.uri("rows", "part-00000.parquet"), given, SCHEMA)
        attempt.rows["rows"] = attempt.counts.rows_in = attempt.counts.rows_out = number

    return run_stage(lake, "repository", work, run_id=RUN, packages=("records",), fresh=True)


def _deliver(lake: Lake, manifest: Manifest, out: Path, repository: Manifest | None) -> None:
    """Put the outputs into the folder, with the times of a repository's rows if one is given, the manifest last."""
    (out / "manifest.json").unlink(missing_ok=True)
    (out / first_seen.NAME).unlink(missing_ok=True)
    for name in OUTPUTS:
        shutil.rmtree(out / name, ignore_errors=True)
        lake.download_folder(manifest.output(name).uri, out / name)
        manifest.outputs[name].uri = str((out / name).resolve())
    if repository is not None:
        seen = scan(lake, repository.output("rows").uri, first_seen.READ)
        first_seen.write(out, (batch for _, batch in seen))
    manifest.outputs = {name: manifest.outputs[name] for name in OUTPUTS}
    manifest.uri = str((out / "manifest.json").resolve())
    (out / "manifest.json").write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
