"""The models that are evaluated: where their files are and what identifies them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import LakeError
from pipeline.lake.lake import CHUNK, Lake
from pipeline.manifest import Output

if TYPE_CHECKING:
    from pipeline.settings import Settings

Role = Literal["candidate", "base", "champion"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model folder in a role; `digest` identifies its bytes and is what answers are cached under."""

    role: Role
    name: str
    digest: str
    folder: Path | None = None
    output: Output | None = None

    def local(self, settings: Settings, lake: Lake) -> Path:
        """Return the folder with the model's files, fetched and checked when it is not there yet.

        Raises LakeError when a file is not what the manifest promises.
        """
        if self.folder is not None:
            return self.folder
        if self.output is None:
            raise LakeError(f"Nothing says where the {self.role} model is", where=self.name)
        return fetched(lake, self.output, settings.state_dir / "models")


def fetched(lake: Lake, output: Output, cache: Path) -> Path:
    """Return a local copy of an output's files, one folder per content digest, each file checked by SHA-256.

    Raises LakeError when a file is not what the manifest promises.
    """
    folder = cache / output.digest[:24]
    for entry in output.files:
        file = folder / entry.path
        if file.is_file() and file.stat().st_size == entry.size and _sha256(file) == entry.sha256:
            continue
        lake.download(f"{output.uri}/{entry.path}", file)
        if _sha256(file) != entry.sha256:
            file.unlink()
            raise LakeError(
                "A file is not what its manifest promises",
                where=f"{output.uri}/{entry.path}",
                remedy="It was changed after its stage finished: run the stage again and look into the audit trail",
            )
    known = {folder / entry.path for entry in output.files}
    for stray in [path for path in folder.rglob("*") if path.is_file() and path not in known]:
        if not stray.name.startswith(".tmp-"):  # what another process is fetching
            stray.unlink()
    return folder


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
