"""What a finished stage leaves behind: its manifest, which names every file that it made, by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.lake.lake import stays_inside


def _inside(path: str) -> str:
    if not stays_inside(path):
        raise ValueError(f"the path {path!r} leads out of its output")
    return path


class FileEntry(BaseModel):
    """A file of an output: its path below the output's URI, its size in bytes and its SHA-256."""

    path: Annotated[str, AfterValidator(_inside)]
    size: int
    sha256: str


class Output(BaseModel):
    """A dataset, model or report: where it lies, what it is made of and one digest over its content."""

    uri: str
    digest: str
    files: list[FileEntry]
    rows: int | None = None


class InputReference(BaseModel):
    """What a stage read."""

    uri: str
    digest: str


class Counts(BaseModel):
    """Rows in = rows out + rows set aside."""

    rows_in: int = 0
    rows_out: int = 0
    set_aside: int = 0
    reasons: dict[str, int] = {}


class Manifest(BaseModel):
    """The mark of a stage's completion and everything needed to trust or repeat it."""

    stage: str
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
    uri: str
    run_id: str
    code_version: str
    parameters: dict[str, Any]
    inputs: dict[str, InputReference]
    outputs: dict[str, Output]
    counts: Counts
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    started_at: datetime
    seconds: float
    cached: bool = False

    @property
    def digest(self) -> str:
        """Return the digest of the outputs' content: equal content, however and whenever made, is equal here."""
        return digest_of({name: output.digest for name, output in self.outputs.items()})

    def output(self, name: str) -> Output:
        """Return an output by name; raises LakeError naming those that exist."""
        try:
            return self.outputs[name]
        except KeyError:
            raise LakeError(
                f"The manifest of {self.stage} has no output named {name}",
                where=self.uri,
                remedy=f"It has: {', '.join(sorted(self.outputs))}",
            ) from None


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def load_manifest(lake: Lake, uri: str) -> Manifest:
    """Read a manifest; raises LakeError when there is none or it is damaged.

    Damaged is also one whose digests are not those of the files that it lists: a stage's key and the audit trail go by
    the digests, readers by the files.
    """
    try:
        manifest = Manifest.model_validate_json(lake.read(uri))
    except ValueError as problem:
        raise _damaged(uri, str(problem)) from None
    for name, output in manifest.outputs.items():
        if output.digest != content_digest(output.files):
            raise _damaged(uri, f"the digest of {name} is not that of its files")
    return manifest


def _damaged(uri: str, why: str) -> LakeError:
    return LakeError(
        f"The manifest is damaged: {why}",
        where=uri,
        remedy="Delete it and run its stage again; the stage rebuilds it",
    )


def content_digest(files: Iterable[FileEntry]) -> str:
    """Return the digest of an output: over the paths and the SHA-256 of its files."""
    return digest_of(sorted((file.path, file.sha256) for file in files))
