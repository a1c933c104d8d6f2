"""The models that are evaluated: where their files are and what identifies them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.errors import LakeError
from pipeline.lake import Lake
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
        from pipeline.model_cache import checkout

        return checkout(settings, lake, self.output)
