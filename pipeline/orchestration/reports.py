"""What reviewers read of a run: its reports, as far as the audit trail vouches for them, to the byte.

The lake's own notes of a run are for its tasks. People decide on what they read here, so which manifest is a run's is
taken from the trail, and a file is compared with its manifest before it is shown: whoever writes to the lake could
otherwise have a reviewer approve a fiction.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from pipeline.audit import AuditLog
from pipeline.audit.records import Head, Record
from pipeline.audit.trail import Trail
from pipeline.errors import LakeError, Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.review.evidence import REWRITTEN, STAGE_COMPLETED, STAGE_MADE, tells_of, vouched

TOLD = frozenset({STAGE_MADE, STAGE_COMPLETED, REWRITTEN})
_read: dict[str, tuple[Head, Trail]] = {}
NAME = re.compile(r"[\w.:+~-]{1,250}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made last in a stage: its manifest, or why there is none that can be relied on."""

    manifest: Manifest | None
    unchanged: bool = False
    problem: str = ""


def is_run(dag_id: str, run_id: str) -> bool:
    """Tell whether these can name one run of one DAG; Airflow takes `~` for all of them."""
    return all(NAME.fullmatch(name) and name not in ("~", ".", "..") for name in (dag_id, run_id))


def made(lake: Lake, audit: AuditLog, run: str) -> dict[str, Made]:
    """Return by stage what a run made last, in the order in which it was made; empty for a run that is not known.

    Raises Refused when the trail does not hold: then nothing vouches for any report.
    """
    trail = _trail(lake, audit)
    latest: dict[str, Record] = {}
    for record in trail.find(STAGE_COMPLETED, run_id=run):
        latest[str(record.data.get("stage"))] = record
    if latest and trail.faults:
        fault = trail.faults[0]
        raise Refused(
            f"The audit trail does not hold at record {fault.number} ({fault.problem}), so nothing vouches for reports",
            remedy="See: llmops audit verify",
        )
    return {stage: _made(lake, trail, record) for stage, record in latest.items()}


def content(lake: Lake, manifest: Manifest, path: str) -> bytes | None:
    """Return a file of a report, None when its manifest lists no such file; raises Refused for other bytes than its."""
    output = manifest.outputs.get("report")
    file = next((file for file in output.files if file.path == path), None) if output else None
    if output is None or file is None:
        return None
    found = lake.read(f"{output.uri}/{path}")
    if hashlib.sha256(found).hexdigest() != file.sha256:
        raise Refused(
            f"The file {path} of the report of {manifest.stage} is not the one that was made",
            where=output.uri,
            remedy="Find out who writes to the lake; llmops lake verify names every such file",
        )
    return found


def _trail(lake: Lake, audit: AuditLog) -> Trail:
    """Return what the trail says about stages, read again only when it went on: a page asks for it at every click."""
    head = audit.head()
    known = _read.get(lake.root)
    if known is not None and known[0] == head and known[1].signed == audit.signed:
        return known[1]
    whole = audit.trail()
    kept = tuple(record for record in whole.records if record.event in TOLD)
    trail = Trail(kept, whole.faults, whole.signed)
    if not trail.faults:
        _read[lake.root] = whole.head, trail
    return trail


def _made(lake: Lake, trail: Trail, record: Record) -> Made:
    try:
        manifest = load_manifest(lake, str(record.data.get("manifest")))
    except LakeError as problem:
        return Made(None, problem=problem.what)
    ours = tells_of(record, manifest) and vouched(trail, manifest)
    erased = any(tells_of(again, manifest) for again in trail.find(REWRITTEN, subject=manifest.digest))
    if not ours and not (erased and manifest.uri == record.data.get("manifest")):
        return Made(None, problem="the manifest in the lake is not the one that was made")
    return Made(manifest, unchanged=bool(record.data.get("unchanged")))
