"""Local copies of models in the lake, by digest: what one stage downloaded or made, the next one finds."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.manifest import Output
from pipeline.model_folder import file_digest
from pipeline.settings import Settings
from pipeline.whole_file import BUILDING, appearing_folder

KEPT = 6
"""Copies that stay on this machine; the ones used longest ago go first."""


def cache_folder(settings: Settings) -> Path:
    """Return where local copies lie."""
    return settings.state_dir / "cache" / "models"


def checkout(settings: Settings, lake: Lake, output: Output) -> Path:
    """Return a local folder with exactly the files of a model output; downloaded at most once per machine.

    Every file's SHA-256 is compared with the manifest before the folder becomes visible. Raises LakeError when the lake
    holds something else than the manifest promises.
    """
    folder = cache_folder(settings) / output.digest[:32]
    with _locked(folder):
        if not folder.is_dir():
            with appearing_folder(folder) as building:
                for file in output.files:
                    path = lake.download(f"{output.uri}/{file.path}", building / file.path)
                    if file_digest(path) != file.sha256:
                        raise LakeError(
                            "A file of the model is not what its manifest says",
                            where=f"{output.uri}/{file.path}",
                            remedy="Delete the manifest beside it and run its stage again",
                        )
        folder.touch()
        _evict(folder)
    return folder


def keep(settings: Settings, made: Path, output: Output) -> None:
    """Put a model folder that was just made and uploaded into the cache, so that nobody downloads it here.

    A folder whose files differ from the output's is left out.
    """
    folder = cache_folder(settings) / output.digest[:32]
    with _locked(folder):
        if not folder.is_dir() and all(
            (made / file.path).is_file() and file_digest(made / file.path) == file.sha256 for file in output.files
        ):
            with appearing_folder(folder) as building:
                for file in output.files:
                    (building / file.path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(made / file.path, building / file.path)
        _evict(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _evict(used: Path) -> None:
    """Remove the copies used longest ago, and what a killed process left half built more than a day ago."""
    folders = [path for path in used.parent.iterdir() if path.is_dir()]
    built = sorted((p for p in folders if not p.name.startswith(".")), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in built[KEPT:]:
        if path != used:
            shutil.rmtree(path, ignore_errors=True)
    newest = used.stat().st_mtime if used.exists() else 0
    for path in folders:
        if path.name.startswith(BUILDING) and path.stat().st_mtime < newest - 86_400:
            shutil.rmtree(path, ignore_errors=True)
