"""Manifests after an erasure: they name what their files are now, and say that something was erased."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection

import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.manifest import FileEntry, Manifest, Output, content_digest
from pipeline.privacy.inventory import Inventory, files_of
from pipeline.privacy.texts import Eraser

MARK = "erased_from"


def refresh(
    lake: Lake,
    inventory: Inventory,
    changed: Collection[str],
    eraser: Eraser | None,
    told: Callable[[Manifest, Manifest], None],
) -> None:
    """Write every manifest that names a changed file again, with its new digests, and the run indexes behind it.

    A manifest's key stays: it tells which work was done. The digest of its content changes, so every later stage sees
    new input and works again. `told` is called with each manifest as it was and as it is about to be written.
    """
    files = set(changed)
    digests: dict[str, str] = {}
    for manifest in list(inventory.manifests.values()):
        new = manifest if files.isdisjoint(files_of(manifest)) else _refreshed(lake, manifest, files)
        new = described(new, eraser) if eraser else new
        if new is manifest or new == manifest:
            continue
        told(manifest, new)
        lake.write(manifest.uri, new.model_dump_json(indent=2).encode())
        inventory.manifests[manifest.uri] = new
        digests[manifest.uri] = new.digest
    for info in lake.objects(lake.uri("runs")):
        _index(lake, info.uri, digests)


def described(manifest: Manifest, eraser: Eraser) -> Manifest:
    """Return a manifest without the subject in what it says about itself."""
    said = manifest.model_dump(mode="json", include={"facts", "warnings", "parameters"})
    return manifest.model_copy(update=eraser.value(said))


def _refreshed(lake: Lake, manifest: Manifest, changed: set[str]) -> Manifest:
    new = manifest.model_copy(deep=True)
    touched = []
    for name, output in new.outputs.items():
        places = {file.path: f"{output.uri}/{file.path}" for file in output.files}
        if changed.isdisjoint(places.values()):
            continue
        files = [
            _entry(lake, places[file.path], file.path) if places[file.path] in changed else file
            for file in output.files
        ]
        digest = content_digest(files)
        if digest != output.digest:
            touched.append(name)
        new.outputs[name] = Output(uri=output.uri, digest=digest, files=files, rows=_rows(lake, output))
    _recount(lake, manifest, new)
    new.facts[MARK] = sorted({*new.facts.get(MARK, []), *touched})
    return new


def _recount(lake: Lake, old: Manifest, new: Manifest) -> None:
    """Take what was erased out of the counts too, so that rows in are still rows out and rows set aside."""
    gone = {name: (old.outputs[name].rows or 0) - (new.outputs[name].rows or 0) for name in new.outputs}
    counts = new.counts
    if not counts.rows_in:
        return
    counts.rows_out -= gone.get("rows", gone.get("token_features", 0))
    if gone.get("set_aside"):
        table = lake.read_table(new.outputs["set_aside"].uri, columns=["reason"])
        counts.reasons = dict(sorted(Counter(table["reason"].to_pylist()).items()))
        counts.set_aside = table.num_rows
    counts.rows_in = counts.rows_out + counts.set_aside


def _entry(lake: Lake, uri: str, path: str) -> FileEntry:
    size = next(info.size for info in lake.objects(uri.rsplit("/", 1)[0]) if info.uri == uri)
    return FileEntry(path=path, size=size, sha256=lake.digest(uri))


def _rows(lake: Lake, output: Output) -> int | None:
    if output.rows is None or not all(file.path.endswith(".parquet") for file in output.files):
        return output.rows
    total = 0
    for file in output.files:
        filesystem, path = lake.arrow(f"{output.uri}/{file.path}")
        with said(f"{output.uri}/{file.path}"):
            total += pq.read_metadata(path, filesystem=filesystem).num_rows
    return total


def _index(lake: Lake, uri: str, digests: dict[str, str]) -> None:
    try:
        entry = json.loads(lake.read(uri))
    except ValueError:
        return
    if isinstance(entry, dict) and entry.get("uri") in digests:
        lake.write(uri, json.dumps({**entry, "digest": digests[entry["uri"]]}).encode())
