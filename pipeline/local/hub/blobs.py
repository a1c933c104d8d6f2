"""File contents on disk, addressed by their SHA-256.

A content is written to a staging file, flushed to the disk and hashed, and only then renamed to its final place: a
name in `blobs/` always holds exactly the bytes it promises, whenever the process or the machine stops.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Container, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

CHUNK = 1 << 20


class StagedPart:
    """Bytes on their way in; they are deleted at the end of the `with` block unless they were kept.

    A part is neither hashed nor flushed: it counts only once it is joined into a whole that is both.
    """

    def __init__(self, folder: Path) -> None:
        """Open a new private file in `folder`."""
        handle, name = tempfile.mkstemp(dir=folder)
        self.path = Path(name)
        self.size = 0
        self._file: BinaryIO = os.fdopen(handle, "wb")

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        self._file.write(data)
        self.size += len(data)

    def finish(self) -> None:
        """Hand the bytes to the operating system; nothing can be written afterwards."""
        self._file.close()

    def __enter__(self) -> Self:
        """Start receiving."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what nobody adopted."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class StagedFile(StagedPart):
    """A whole content on its way in, hashed while it is written."""

    def __init__(self, folder: Path) -> None:
        """Open a new private file in `folder`."""
        super().__init__(folder)
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        self._hash.update(data)
        super().write(data)

    def finish(self) -> None:
        """Force the bytes to the disk; nothing can be written afterwards."""
        self._file.flush()
        os.fsync(self._file.fileno())
        super().finish()


class BlobStore:
    """The folders `blobs` (finished), `staging` (arriving) and `parts` (pieces of large uploads) under one root."""

    def __init__(self, root: Path) -> None:
        """Create the folders and throw away what an interrupted process left in staging."""
        self._blobs = root / "blobs"
        self._staging = root / "staging"
        self._parts = root / "parts"
        shutil.rmtree(self._staging, ignore_errors=True)
        for folder in (self._blobs, self._staging, self._parts):
            folder.mkdir(mode=0o700, exist_ok=True)

    @staticmethod
    def occupies(root: Path) -> bool:
        """Whether the root already has folders of the names used here."""
        return any((root / name).exists() for name in ("blobs", "staging", "parts"))

    def path(self, sha256: str) -> Path:
        """Return where the content with this hash is or will be."""
        return self._blobs / sha256[:2] / sha256[2:4] / sha256

    def read(self, sha256: str, limit: int | None = None) -> bytes:
        """Return a content, or its first `limit` bytes."""
        with self.path(sha256).open("rb") as file:
            return file.read(-1 if limit is None else limit)

    def stage(self) -> StagedFile:
        """Return a new staging file."""
        return StagedFile(self._staging)

    def stage_part(self) -> StagedPart:
        """Return a new staging file for a part of a large upload."""
        return StagedPart(self._staging)

    def adopt(self, staged: StagedFile) -> None:
        """Give a finished staging file its final name.

        Call it inside the write transaction that records the content, so that `drop` cannot come in between.
        """
        target = self.path(staged.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        _rename(staged.path, target)

    def drop(self, sha256: str) -> None:
        """Delete a content; call it inside a write transaction that found no record of it."""
        self.path(sha256).unlink(missing_ok=True)

    def sweep(self, known: Container[str], parts_older_than: float) -> int:
        """Delete contents that are not `known` and part folders untouched for that many seconds; return how many."""
        removed = 0
        for sha256 in self._stored():
            if sha256 not in known:
                self.drop(sha256)
                removed += 1
        for folder in self._parts.iterdir():
            if folder.stat().st_mtime < time.time() - parts_older_than:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def _stored(self) -> Iterator[str]:
        for file in self._blobs.glob("??/??/*"):
            yield file.name

    def _part(self, upload: str, number: int) -> Path:
        return self._parts / upload / str(number)

    def keep_part(self, staged: StagedPart, upload: str, number: int) -> None:
        """Keep a finished staging file as one part of a large upload; a part sent again replaces the first."""
        target = self._part(upload, number)
        target.parent.mkdir(exist_ok=True)
        os.replace(staged.path, target)

    def join_parts(self, upload: str, count: int, into: StagedFile) -> None:
        """Copy the parts 1 to `count` into one staging file, which is hashed on the way.

        Copying, instead of writing parts straight into the final file, means that the bytes hashed are the bytes kept
        even if somebody sends a part again at the same time. Raises FileNotFoundError when a part is missing.
        """
        for number in range(1, count + 1):
            with self._part(upload, number).open("rb") as file:
                while chunk := file.read(CHUNK):
                    into.write(chunk)
        into.finish()

    def forget_parts(self, upload: str) -> None:
        """Delete the parts of an upload that is complete."""
        shutil.rmtree(self._parts / upload, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    os.replace(source, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
