"""Local files and folders that appear whole or not at all, however many processes write the same one at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield an empty file that only its owner can read; it takes the place of `path` when the block ends well."""
    with _unseen(path.parent) as partial:
        yield partial
        _keep(partial)
        partial.replace(path)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield an empty file that becomes `path` when the block ends well. Raises FileExistsError if there is one."""
    with _unseen(path.parent) as partial:
        yield partial
        _keep(partial)
        os.link(partial, path)


BUILDING = ".building-"
"""What the names of folders begin with that are not whole yet."""


@contextmanager
def appearing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder` when the block ends well; one that is there by then stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=BUILDING))
    try:
        yield building
        try:
            building.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def _unseen(folder: Path) -> Iterator[Path]:
    """Yield a file whose name is the system's choice.

    Anything of the process itself, an object's address too, is the same in the workers that one parent forked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".tmp-")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _keep(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())
