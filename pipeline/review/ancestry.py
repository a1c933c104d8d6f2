"""What a candidate was made from, as the audit trail tells it: nothing but what was judged, and all of it made here.

Evaluation and compliance judge a candidate together with a base model, features and prepared rows. Whoever puts other
ones under it, in the lake or in an address between two tasks, would have those judged and these published. So the trail
is followed from the candidate back to the repository: every task records the digests of what it read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.manifest import Manifest
from pipeline.review.evidence import STAGE_COMPLETED, Evidence, made

EARLIER = "earlier-features"
"""Rows of an earlier run that training may repeat: the trail has to know them, and compliance judges them anew."""
JUDGED = {"base-model": "base", "features": "features", "prepare": "prepared", "repository": "repository"}
"""By stage, what evaluation and compliance name its manifest."""
WAY = frozenset({*JUDGED, "pretrain", "train"})


def problems(trail: Trail, run_id: str, evidence: Evidence) -> Iterator[str]:
    """Yield every reason why the candidate does not rest on what was judged."""
    met: dict[str, set[str]] = {stage: set() for stage in JUDGED}
    seen: set[str] = set()
    waiting = [(name, reference.digest) for name, reference in sorted(evidence.candidate.inputs.items())]
    while waiting:
        name, digest = waiting.pop()
        if digest in seen:
            continue
        seen.add(digest)
        if not made(trail, digest):
            yield f"candidate: the audit trail does not know that anybody made its {name} ({digest[:12]})"
        elif name != EARLIER:
            record = _of_run(trail, run_id, digest)
            if record is None:
                yield f"candidate: no task of this run has made or found its {name} ({digest[:12]})"
                continue
            stage = str(record.data["stage"])
            met.setdefault(stage, set()).add(digest)
            inputs = sorted(_inputs(record).items())
            if stage == "repository":
                unknown = [source for source, content in inputs if not made(trail, content)]
                yield from (f"repository: the audit trail does not know who collected {source}" for source in unknown)
            else:
                waiting += inputs
    yield from (f"candidate: it was made from the result of {stage}" for stage in sorted(set(met) - WAY))
    yield from _judged(met, {"evaluation": evidence.evaluation, "compliance": evidence.compliance})


def _judged(met: Mapping[str, set[str]], reports: Mapping[str, Manifest]) -> Iterator[str]:
    for report, manifest in reports.items():
        for stage, name in JUDGED.items():
            reference = manifest.inputs.get(name)
            if reference is not None and {reference.digest} != met[stage]:
                yield f"{report}: it was made with another {name} than the candidate"


def _of_run(trail: Trail, run_id: str, digest: str) -> Record | None:
    """Return the run's record of this content; a single source's rows may be those of the whole repository."""
    found = trail.find(STAGE_COMPLETED, run_id=run_id, subject=digest)
    return max(found, key=lambda record: (record.data.get("stage") in WAY, record.number), default=None)


def _inputs(record: Record) -> dict[str, Any]:
    found = record.data.get("inputs")
    return found if isinstance(found, dict) else {}
