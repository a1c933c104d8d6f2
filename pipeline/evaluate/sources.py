"""What the command may be given: models as folders, manifests or repositories of the model store; data likewise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError
from pipeline.evaluate.models import Model, Role
from pipeline.hub_snapshot import snapshot
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest

if TYPE_CHECKING:
    from pipeline.settings import Settings

WEIGHTS = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model")
"""What is fetched of a repository: weights without code, configuration and tokenizer files."""


def model_at(place: str, role: Role, settings: Settings, lake: Lake) -> Model:
    """Return the model that a folder, a manifest's URI or `repository[@revision]` names.

    Raises PipelineError when there is none.
    """
    folder = Path(place)
    if folder.is_dir():
        return _in_folder(folder, place, role)
    if place.endswith("manifest.json"):
        output = load_manifest(lake, place).output("model")
        return Model(role, place, output.digest, output=output)
    if "://" in place or place.count("/") > 1 or place.startswith((".", "/")):
        raise PipelineError(
            "There is no such model", where=place, remedy="Give a folder, a manifest's URI, or repository[@revision]"
        )
    return _in_folder(snapshot(place, settings, settings.state_dir / "models", patterns=WEIGHTS), place, role)


def _in_folder(folder: Path, name: str, role: Role) -> Model:
    from pipeline.answering import folder_digest

    return Model(role, name, folder_digest(folder), folder=folder)


def rows_at(place: str, lake: Lake, split: str) -> list[dict[str, Any]]:
    """Return the rows that a folder of Parquet, a Parquet or JSON Lines file, or a prepare manifest's URI holds.

    Rows that name a split are taken only from the one asked for. Raises PipelineError when there are none.
    """
    found = list(_rows(place, lake))
    kept = [row for row in found if row.get("split") in (None, split)]
    if not kept:
        raise PipelineError(
            f"There are no rows of the split {split} among {len(found)} rows",
            where=place,
            remedy="Give prepared rows, or JSON lines with question, answer and context, or another --split",
        )
    return kept


def _rows(place: str, lake: Lake) -> Iterator[dict[str, Any]]:
    path = Path(place)
    if place.endswith("manifest.json") and not path.is_file():
        manifest = load_manifest(lake, place)
        yield from lake.read_table(manifest.output("rows").uri).to_pylist()
    elif path.name == "manifest.json":
        yield from _parquet(_rows_of(path))
    elif path.is_dir():
        yield from _parquet(path / "rows" if (path / "rows").is_dir() else path)
    elif path.suffix == ".parquet" and path.is_file():
        yield from _parquet(path)
    elif path.is_file():
        yield from _json_lines(path)
    else:
        raise PipelineError(
            "There is no such data", where=place, remedy="Give a folder, a Parquet or JSON Lines file, or a manifest"
        )


def _rows_of(file: Path) -> Path:
    """A manifest in a local folder stands beside its rows (`llmops prepare --out`) or names them."""
    if (file.parent / "rows").is_dir():
        return file.parent / "rows"
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValueError as problem:
        raise PipelineError(f"The manifest cannot be read: {problem}", where=str(file)) from None
    return Path(manifest.output("rows").uri.removeprefix("file://"))


def _parquet(place: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.dataset as ds
    from pyarrow import ArrowInvalid

    try:
        yield from ds.dataset(place, format="parquet").to_table().to_pylist()
    except (ArrowInvalid, OSError) as problem:
        raise PipelineError(f"This is not readable as Parquet: {problem}", where=str(place)) from None


def _json_lines(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise PipelineError(f"This line is not JSON: {problem}", where=f"{file}, line {number}") from None
        if not isinstance(row, dict):
            raise PipelineError("This line is not a JSON object", where=f"{file}, line {number}")
        yield row
