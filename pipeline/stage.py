"""The contract of every stage: inputs by manifest, outputs immutable, the manifest last.

A stage's key is the digest of its name, its code, its parameters and its inputs' digests. If a manifest with that key
exists, the stage returns it without working. Otherwise it writes into an attempt's own prefix and publishes by putting
the manifest, if absent, at the key's place: readers look for nothing else, so a killed stage leaves nothing visible,
and of two that run at once one wins and both return the same manifest.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from pipeline.errors import LakeError, PipelineError
from pipeline.lake import Lake
from pipeline.lake.errors import is_about_the_lake, lake_error
from pipeline.lake.lake import stays_inside
from pipeline.log import get_logger
from pipeline.manifest import (
    Counts,
    FileEntry,
    InputReference,
    Manifest,
    Output,
    content_digest,
    digest_of,
    load_manifest,
)
from pipeline.witness import witness_of

log = get_logger(__name__)
PACKAGE = Path(__file__).resolve().parent
SHARED = ("records.py", "manifest.py", "stage.py", "lake/lake.py")


@dataclass
class Attempt:
    """A stage at work: it writes below `prefix` and reports what it counted."""

    lake: Lake
    prefix: str
    run_id: str
    inputs: Mapping[str, Manifest]
    counts: Counts = field(default_factory=Counts)
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    kept: dict[str, Output] = field(default_factory=dict)
    carried: dict[str, FileEntry] = field(default_factory=dict)

    def keep(self, name: str, output: Output) -> None:
        """Take over an output of an earlier manifest as it is: immutable, so it is named again instead of copied."""
        self.kept[name] = output

    def carry(self, source: str, target: str, file: FileEntry) -> None:
        """Copy one file of an earlier output inside the lake, at the store's own speed.

        Its digest is the one that the earlier manifest states, not a new one: a copy of a file that was damaged in
        between does not become right by being copied.
        """
        self.lake.copy(source, target)
        self.carried[target] = file

    @property
    def key(self) -> str:
        """Return the stage's key: the same for every attempt at this piece of work, so that checkpoints are found."""
        return self.prefix.split("/")[-3]

    def uri(self, *parts: str) -> str:
        """Return a URI below this attempt; the first part is the output's name."""
        return "/".join([self.prefix, *parts])

    def warn(self, message: str) -> None:
        """Record a warning in the manifest and the log."""
        self.warnings.append(message)
        log.warning(message)

    def set_aside(self, reasons: Mapping[str, int]) -> None:
        """Count rows that were set aside, by reason."""
        for reason, count in reasons.items():
            self.counts.reasons[reason] = self.counts.reasons.get(reason, 0) + count
            self.counts.set_aside += count


@functools.cache
def code_version(*packages: str) -> str:
    """Return a digest of the sources that decide a stage's result: its packages and the shared contract."""
    digest = hashlib.sha256(version("llmops-pipeline").encode())
    files = [PACKAGE / name for name in SHARED]
    for package in packages:
        place = PACKAGE / package
        files += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def run_stage(
    lake: Lake,
    stage: str,
    work: Callable[[Attempt], None],
    *,
    run_id: str,
    inputs: Mapping[str, Manifest] | None = None,
    parameters: Mapping[str, Any] | None = None,
    packages: tuple[str, ...] = (),
    fresh: bool = False,
) -> Manifest:
    """Run a stage under the contract and return its manifest.

    `work` writes its outputs below `attempt.uri(name, …)`; each first path part becomes an output. `fresh` makes the
    key unique to this run, for stages whose input is the outside world (collection, publication). Raises whatever
    `work` raises; nothing is visible then.
    """
    inputs = inputs or {}
    plain: dict[str, Any] = json.loads(json.dumps(dict(parameters or {}), default=str))
    code = code_version(*(packages or (stage,)))
    identity = {
        "stage": stage,
        "code": code,
        "parameters": plain,
        "inputs": {name: manifest.digest for name, manifest in inputs.items()},
    }
    if fresh:
        identity["run"] = run_id
    key = digest_of(identity)[:24]
    uri = lake.uri(stage, key, "manifest.json")
    found = _finished(lake, uri)
    if found is not None:
        log.info("nothing changed", stage=stage, run=run_id, manifest=uri)
        return found
    attempt = Attempt(lake, lake.uri(stage, key, "attempts", uuid.uuid4().hex[:12]), run_id, inputs)
    started, clock = datetime.now(UTC), time.monotonic()
    log.info("stage started", stage=stage, run=run_id)
    try:
        # Whatever is logged on the way carries these, so that one run, stage or dataset can be followed.
        with structlog.contextvars.bound_contextvars(run=run_id, stage=stage, dataset=f"{stage}/{key}"):
            work(attempt)
        _check_balance(attempt, stage)
        manifest = Manifest(
            stage=stage,
            key=key,
            uri=uri,
            run_id=run_id,
            code_version=code,
            parameters=plain,
            inputs={name: InputReference(uri=m.uri, digest=m.digest) for name, m in inputs.items()},
            outputs=_outputs(attempt),
            counts=attempt.counts,
            facts=attempt.facts,
            warnings=attempt.warnings,
            started_at=started,
            seconds=round(time.monotonic() - clock, 3),
        )
    except OSError as problem:
        _discard(attempt)
        if is_about_the_lake(problem):
            raise lake_error(problem, attempt.prefix) from problem
        raise
    except BaseException:
        _discard(attempt)
        raise
    if (witness := witness_of(lake)) is not None:
        witness.saw(manifest)
    if not lake.put_if_absent(uri, manifest.model_dump_json(indent=2).encode()):
        _discard(attempt)
        # What lies there was not made here: whoever put it there has to have recorded that it was made.
        return load_manifest(lake, uri).model_copy(update={"cached": True})
    log.info("stage finished", stage=stage, run=run_id, seconds=manifest.seconds, manifest=uri)
    return manifest


def _finished(lake: Lake, uri: str) -> Manifest | None:
    if lake.read_tagged(uri) is None:
        return None
    manifest = load_manifest(lake, uri)
    manifest.cached = True
    return manifest


def _outputs(attempt: Attempt) -> dict[str, Output]:
    entries: dict[str, list[FileEntry]] = {}
    found = attempt.lake.objects(attempt.prefix)
    if lost := attempt.carried.keys() - {info.uri for info in found}:
        raise LakeError(
            f"{len(lost)} files that were carried over are gone before the stage ended",
            where=min(lost),
            remedy="Find out what else deletes objects of the lake while a stage works, then run the stage again",
        )
    for info in found:
        name, _, path = info.uri[len(attempt.prefix) + 1 :].partition("/")
        if not stays_inside(f"{name}/{path}"):
            raise LakeError(
                "There is a file in an output that no stage writes",
                where=info.uri,
                remedy="Find out who writes to the lake, delete the object, and run the stage again",
            )
        known = attempt.carried.get(info.uri)
        if known and known.size != info.size:
            raise LakeError(
                f"A file carried over from an earlier run has {info.size} bytes instead of {known.size}",
                where=info.uri,
                remedy="The earlier output is damaged: check it with llmops lake verify, then collect it anew",
            )
        entry = FileEntry(path=path, size=info.size, sha256=known.sha256 if known else attempt.lake.digest(info.uri))
        entries.setdefault(name, []).append(entry)
    return attempt.kept | {
        name: Output(
            uri=attempt.uri(name),
            digest=content_digest(files),
            files=files,
            rows=attempt.rows.get(name),
        )
        for name, files in entries.items()
    }


def _check_balance(attempt: Attempt, stage: str) -> None:
    counts = attempt.counts
    if counts.rows_in != counts.rows_out + counts.set_aside:
        raise PipelineError(
            f"{stage} lost rows: {counts.rows_in} in, {counts.rows_out} out, {counts.set_aside} set aside",
            where=attempt.prefix,
            remedy="This is a defect of the stage; please report it with the manifest of its input",
        )


def _discard(attempt: Attempt) -> None:
    try:
        attempt.lake.delete([info.uri for info in attempt.lake.objects(attempt.prefix)])
    except LakeError as problem:
        log.warning("an unfinished attempt could not be removed", prefix=attempt.prefix, cause=str(problem))
