"""What a published model is checked against, and whether a check's reports rest on it: as the audit trail tells it.

Whoever writes to the lake could otherwise have production measured on easy rows, or an old version judged by reports
that nobody made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.audit.trail import Trail
from pipeline.errors import Refused
from pipeline.manifest import Manifest
from pipeline.orchestration import newest
from pipeline.orchestration.run import Run
from pipeline.review.evidence import REWRITTEN, made, vouched

GROUND = ("base", "prepared", "features")
"""What evaluation and compliance name the manifests that a model is judged with."""


def behind(run: Run, candidate: Manifest) -> tuple[Manifest, Manifest, Manifest]:
    """Return base model, features and prepared rows: the newest that fit the candidate's base model.

    Falls back to those that the candidate was made from when nothing newer was prepared. Raises Refused when the newest
    are not what a run made: older ones in their place would be somebody's choice.
    """
    base = run.manifest(candidate.inputs["base-model"].uri)
    if base.stage != "base-model":  # pre-trained further: features and comparisons are of the model that it came from
        base = run.manifest(base.inputs["base-model"].uri)
    trail = run.audit.trail()
    features = _newest_features(run, trail, base) or run.manifest(candidate.inputs["features"].uri)
    if not vouched(trail, features):
        raise Refused("No run recorded that it made the newest features", where=features.uri)
    return base, features, run.manifest(features.inputs["prepare"].uri)


def _newest_features(run: Run, trail: Trail, base: Manifest) -> Manifest | None:
    for record in newest.features(trail):
        found = run.manifest(str(record.data["manifest"]))
        if found.inputs["base-model"].digest == base.digest:
            return found
    return None


def untied(trail: Trail, candidate: Manifest, evaluation: Manifest, compliance: Manifest) -> Iterator[str]:
    """Yield why an evaluation and a compliance report are not of this candidate, on one ground that was made here."""
    expected = {"candidate": candidate.digest, "evaluation": evaluation.digest}
    expected |= {name: evaluation.inputs[name].digest for name in GROUND if name in evaluation.inputs}
    for name, manifest, inputs in (
        ("evaluation", evaluation, ("candidate", *GROUND)),
        ("compliance", compliance, ("candidate", "evaluation", *GROUND)),
    ):
        for one in inputs:
            reference = manifest.inputs.get(one)
            if reference is None or one not in expected or not _same(trail, reference.digest, expected[one]):
                yield f"{name}: it was made for another {one}"
    if not vouched(trail, candidate):
        yield "its manifest in the lake is not the one that was made"
    if set(GROUND) <= set(expected):
        yield from _ground(trail, candidate, *(_known_as(trail, expected[name]) for name in GROUND))


def _ground(trail: Trail, candidate: Manifest, base: set[str], prepared: set[str], features: set[str]) -> Iterator[str]:
    started = candidate.inputs.get("base-model")
    if started is None or base.isdisjoint({started.digest, *_inputs(trail, {started.digest}, "base-model")}):
        yield "evaluation: it was made with another base model than the one that the model came from"
    if prepared.isdisjoint(_inputs(trail, features, "prepare")) or base.isdisjoint(
        _inputs(trail, features, "base-model")
    ):
        yield "evaluation: no run made its features of its prepared rows and base model"


def _inputs(trail: Trail, digests: Iterable[str], name: str) -> set[str]:
    """Return the digests that any of these was made from, under one name."""
    found = [record.data.get("inputs") or {} for digest in digests for record in made(trail, digest)]
    return {str(inputs[name]) for inputs in found if name in inputs}


def _known_as(trail: Trail, digest: str) -> set[str]:
    """Return a digest, and those that the same manifest had before erasures took rows out of its files."""
    found = {digest}
    for record in reversed(trail.find(REWRITTEN)):
        if record.subject in found:
            found.add(str(record.data.get("was")))
    return found


def _same(trail: Trail, one: str, other: str) -> bool:
    """Tell whether two digests are of one manifest; an erasure may have come between the two readings."""
    return one == other or one in _known_as(trail, other) or other in _known_as(trail, one)
