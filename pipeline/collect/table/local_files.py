"""A table's files in a local folder. Links are not followed: who may write there must not choose what else is read."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.collect.table.files import Files, TableFile, chosen, split_pattern
from pipeline.errors import SourceError


class LocalFiles(Files):
    """One file, or the files below a folder; the folder itself may be a link, since the settings name it."""

    def __init__(self, path: str) -> None:
        """Keep the path, which may end in a pattern."""
        super().__init__()
        self._path = path
        self._root = Path()

    def list(self) -> list[TableFile]:
        """Return the files; links among them go to `skipped`."""
        path = Path(self._path).expanduser()
        self.single = path.is_file()
        if self.single:
            if path.is_symlink():
                raise SourceError("The file is a link", where=str(path), remedy="Name the file that it points to")
            self._root = path.parent.resolve()
            return [self._describe(path.name)]
        root, pattern = (path, None) if path.is_dir() else split_pattern(self._path)
        self._root = root.resolve()
        files = [self._describe(name) for name in self._regular()]
        return chosen(files, pattern, self._path, len(self.skipped))

    def _regular(self) -> Iterator[str]:
        self.skipped = []
        for folder, folders, names in os.walk(self._root):
            for name in sorted([*folders, *names]):
                found = Path(folder, name)
                relative = found.relative_to(self._root).as_posix()
                mode = found.lstat().st_mode
                if stat.S_ISLNK(mode):
                    self.skipped.append(relative)
                elif stat.S_ISREG(mode):
                    yield relative

    def _describe(self, name: str) -> TableFile:
        path = self._root / name
        status = path.lstat()
        tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        return TableFile(path.as_uri(), name, status.st_size, tag)

    def fetch(self, file: TableFile, into: Path) -> Path:
        """Copy a file; raises SourceError also when it, or a folder on the way to it, became a link meanwhile."""
        try:
            with _opened(self._root, file.path) as source, into.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except OSError as problem:
            raise SourceError(f"The file cannot be read: {problem.strerror}", where=file.uri) from None
        return into


def _opened(root: Path, path: str) -> BinaryIO:
    """Open a regular file below a folder without following any link."""
    *folders, name = path.split("/")
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        # Not blocking: a pipe that took the file's place would wait for a writer for ever.
        file = os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb")
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return file
