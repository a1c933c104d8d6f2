"""The lake in a local folder, with the same atomic writes as on S3."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import LakeError
from pipeline.whole_file import appearing, replacing

if TYPE_CHECKING:
    import pyarrow.fs as pafs

LOCK = ".lock"


class FolderStore:
    """Objects as files below a folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if needed."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key

    def make_parent(self, key: str) -> None:
        """Make the folder that a file goes into."""
        self._path(key).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, key: str) -> bytes:
        """Return a file's bytes."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise LakeError("There is no such object", where=str(self._path(key))) from None

    def read_tagged(self, key: str) -> tuple[bytes, str] | None:
        """Return a file's bytes and their digest, or None."""
        try:
            data = self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None
        return data, hashlib.sha256(data).hexdigest()

    def write(self, key: str, data: bytes) -> None:
        """Write a file whole."""
        with replacing(self._path(key)) as partial:
            partial.write_bytes(data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write a file unless one is there."""
        try:
            with appearing(self._path(key)) as partial:
                partial.write_bytes(data)
        except FileExistsError:
            return False
        return True

    def swap(self, key: str, data: bytes, etag: str | None) -> bool:
        """Replace a file if it still has this digest."""
        if etag is None:
            return self.put_if_absent(key, data)
        with self._locked():
            present = self.read_tagged(key)
            if present is None or present[1] != etag:
                return False
            self.write(key, data)
        return True

    def upload(self, key: str, file: Path) -> None:
        """Copy a file in."""
        with replacing(self._path(key)) as partial:
            shutil.copyfile(file, partial)

    def download(self, key: str, file: Path) -> None:
        """Copy a file out."""
        try:
            shutil.copyfile(self._path(key), file)
        except FileNotFoundError:
            raise LakeError("There is no such object", where=str(self._path(key))) from None

    def copy(self, source: str, target: str) -> None:
        """Give a file a second name (objects are immutable), or copy it where the file system has no links."""
        self.make_parent(target)
        try:
            os.link(self._path(source), self._path(target))
        except FileNotFoundError:
            raise LakeError("There is no such object", where=str(self._path(source))) from None
        except OSError:
            self.upload(target, self._path(source))

    def delete(self, keys: list[str]) -> None:
        """Delete files."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[tuple[str, int, str]]:
        """Yield key, size and a tag of every file whose key starts with the prefix."""
        folder = self._path(prefix) if prefix.endswith("/") or not prefix else self._path(prefix).parent
        if not folder.is_dir():
            return
        for path in folder.rglob("*"):
            key = path.relative_to(self._folder).as_posix()
            if key.startswith(prefix) and not path.name.startswith((".tmp-", LOCK)):
                try:
                    status = path.stat()
                except FileNotFoundError:  # deleted since it was listed
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield key, status.st_size, f"{status.st_mtime_ns:x}-{status.st_size:x}"

    def filesystem(self) -> tuple[pafs.FileSystem, str]:
        """Return pyarrow's local file system and the folder."""
        import pyarrow.fs as pafs

        return pafs.LocalFileSystem(), str(self._folder)
