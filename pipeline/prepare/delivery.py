"""A result in a folder outside the lake: the earlier one stays until the new one is whole, wherever the work is killed.

The new result is put together in a folder inside (`COMING`), which is on the same disk. Its new name, `READY`, says
that it is whole; from then on it only has to be moved to its place, and what was not moved yet is moved by whoever
comes next.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.prepare import first_seen
from pipeline.prepare.rows_at import scan

OUTPUTS = ("rows", "set_aside", "vocabulary", "report")
MANIFEST = "manifest.json"
COMING, READY = ".coming", ".ready"


def make_ready(out: Path) -> None:
    """Finish what an earlier run could not put into a folder; raises PipelineError if it holds something else."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not _is_ours(out)):
        raise PipelineError("The output folder holds something else", where=str(out), remedy="Name a new folder")
    if (out / READY).is_dir():
        _move(out)


def deliver(lake: Lake, manifest: Manifest, out: Path, repository: Manifest | None) -> None:
    """Put a result into a folder that is ready for it, with the times of a repository's rows if one is given."""
    coming = out / COMING
    shutil.rmtree(coming, ignore_errors=True)
    coming.mkdir(parents=True)
    for name in OUTPUTS:
        (coming / name).mkdir()
        lake.download_folder(manifest.output(name).uri, coming / name)
        manifest.outputs[name].uri = str((out / name).resolve())
    seen = scan(lake, repository.output("rows").uri, first_seen.READ) if repository is not None else ()
    first_seen.write(coming, (batch for _, batch in seen))
    manifest.outputs = {name: manifest.outputs[name] for name in OUTPUTS}
    manifest.uri = str((out / MANIFEST).resolve())
    (coming / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    coming.rename(out / READY)
    _move(out)


def _is_ours(out: Path) -> bool:
    """Tell whether a folder holds a result or what a killed run left of one, and nothing else."""
    found = {item.name for item in out.iterdir()}
    started = found <= {COMING} or READY in found or MANIFEST in found
    return started and found <= {*OUTPUTS, MANIFEST, first_seen.NAME, COMING, READY}


def _move(out: Path) -> None:
    """Move what is ready to its place, the manifest last: where there is one, everything is what it says."""
    ready = out / READY
    if (ready / MANIFEST).is_file():
        (out / MANIFEST).unlink(missing_ok=True)
    for name in (*OUTPUTS, first_seen.NAME, MANIFEST):
        if (ready / name).is_dir():
            shutil.rmtree(out / name, ignore_errors=True)
        if (ready / name).exists():
            (ready / name).replace(out / name)
    ready.rmdir()
