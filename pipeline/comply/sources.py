"""Where models and rows come from: manifests in the lake, or folders, files and repositories named by a person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.comply.rows import COLUMNS, Rows
from pipeline.comply.subject import ModelFiles
from pipeline.errors import PipelineError
from pipeline.hub_snapshot import snapshot
from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.manifest import Manifest, Output, load_manifest
from pipeline.records import UNKNOWN_LICENCE

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.features.replayed import Replayed
    from pipeline.settings import Settings

BATCH = 8192
MANIFEST = "manifest.json"


def model_of(settings: Settings, lake: Lake, output: Output, name: str) -> ModelFiles:
    """Return a local copy of a candidate's model output, as the lake holds it now.

    Where the lake holds what the manifest promises, a copy that is on this machine already will do. Where it does not,
    what is there instead is fetched, so that the digest check can say what was changed.
    """
    from pipeline.model_cache import checkout

    if _as_promised(lake, output):
        return ModelFiles(checkout(settings, lake, output), name, output)
    folder = settings.state_dir / "cache" / "suspect" / output.digest[:32]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return ModelFiles(lake.download_folder(output.uri, folder), name, output)


def base_of(settings: Settings, lake: Lake, output: Output, name: str) -> ModelFiles:
    """Return a local copy of a base model's output with exactly the promised files; raises LakeError at any other.

    What a candidate is compared with is the measure of everything that it may do: a base model that somebody swapped
    for the candidate would excuse all of it, and its answers would be kept under the true one's digest.
    """
    from pipeline.model_cache import checkout

    return ModelFiles(checkout(settings, lake, output), name, output)


def _as_promised(lake: Lake, output: Output) -> bool:
    found = {info.uri for info in lake.objects(output.uri)}
    expected = {f"{output.uri}/{entry.path}": entry.sha256 for entry in output.files}
    return found == set(expected) and all(lake.digest(uri) == sha256 for uri, sha256 in expected.items())


def model_at(place: str, settings: Settings, lake: Lake, *, of: Callable[..., ModelFiles] = model_of) -> ModelFiles:
    """Return the model that a folder, a manifest's URI or `repository[@revision]` names; everything in it is fetched.

    Nothing is loaded. `of` fetches what a manifest names: `base_of` for a base model. Raises PipelineError when there
    is none.
    """
    folder = Path(place)
    if folder.is_dir():
        return ModelFiles(folder.resolve(), place)
    if place.endswith(MANIFEST):
        manifest = _manifest(place, lake)
        return of(settings, lake, manifest.output("model"), f"{manifest.stage}/{manifest.key}")
    if "://" in place or place.count("/") > 1 or place.startswith((".", "/")):
        raise PipelineError(
            "There is no such model", where=place, remedy="Give a folder, a manifest's URI, or repository[@revision]"
        )
    return ModelFiles(snapshot(place, settings, settings.state_dir / "cache" / "checked"), place)


def rows_of(lake: Lake, prepared: Manifest, replayed: Replayed | None = None) -> Rows:
    """Return the rows of a prepare manifest, and behind them those of an earlier run that were learnt again."""
    uri = prepared.output("rows").uri
    more = replayed or ()
    return Rows(lambda: chain(_lake_rows(lake, uri), more), origin=uri, collected=True, replayed=len(more))


def rows_at(place: str, lake: Lake, licence: str = UNKNOWN_LICENCE) -> Rows:
    """Return the rows of a folder of Parquet, a Parquet or JSON Lines file, or a prepare manifest.

    `licence` is stated for rows that state none. Raises PipelineError when there is nothing to read.
    """
    path = Path(place)
    if "://" in place or (place.endswith(MANIFEST) and not path.is_file()):
        manifest = _manifest(place, lake)
        return rows_of(lake, manifest)
    if path.name == MANIFEST and (path.parent / "rows").is_dir():
        path = path.parent / "rows"
    elif path.is_dir() and (path / "rows").is_dir():
        path = path / "rows"
    if path.is_dir() or path.suffix == ".parquet":
        return Rows(lambda: _parquet_rows(path), origin=place, default_licence=licence)
    if path.is_file():
        return Rows(lambda: _json_rows(path), origin=place, default_licence=licence)
    raise PipelineError(
        "There is no such data", where=place, remedy="Give a folder, a Parquet or JSON Lines file, or a manifest"
    )


def _manifest(place: str, lake: Lake) -> Manifest:
    path = Path(place)
    if path.is_file():
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except ValueError as problem:
            raise PipelineError(f"The manifest cannot be read: {str(problem).splitlines()[0]}", where=place) from None
    return load_manifest(lake, place)


def _lake_rows(lake: Lake, uri: str) -> Iterator[dict[str, Any]]:
    import pyarrow.dataset as ds

    filesystem, path = lake.arrow(uri)
    files = [lake.arrow(info.uri)[1] for info in lake.objects(uri)] or [path]
    with said(uri):
        yield from _batches(ds.dataset(files, filesystem=filesystem, format="parquet"))


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.dataset as ds
    from pyarrow import ArrowInvalid

    try:
        yield from _batches(ds.dataset(path, format="parquet"))
    except (ArrowInvalid, OSError) as problem:
        raise PipelineError(f"This is not readable as Parquet: {problem}", where=str(path)) from None


def _batches(dataset: Any) -> Iterator[dict[str, Any]]:
    names = [name for name in COLUMNS if name in dataset.schema.names]
    batch: pa.RecordBatch
    for batch in dataset.to_batches(columns=names, batch_size=BATCH):
        yield from batch.to_pylist()


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as problem:
                raise PipelineError(f"This line is not JSON: {problem}", where=f"{file}, line {number}") from None
            if not isinstance(row, dict):
                raise PipelineError("This line is not a JSON object", where=f"{file}, line {number}")
            yield row
