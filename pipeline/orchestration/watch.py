"""Watching the published model: integrity of its files, its performance on new data, today's policy, erased data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.errors import LakeError, Refused
from pipeline.lake import Lake
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review.evidence import STAGE_COMPLETED
from pipeline.stage import Manifest

CHECKED = "production_checked"


@for_airflow
def integrity(run_id: str, *, by_hand: bool = True) -> dict[str, str]:
    """Return the manifests behind the production version, and what is wrong with its files in the store, if anything.

    Raises Refused when nothing is published; a run that nobody asked for is skipped then instead.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from pipeline.publish.release import intact
    from pipeline.publish.store import ModelStore

    run = Run(run_id)
    store = ModelStore(run.settings)
    head = store.head(store.alias)
    release = store.release(head) if head else None
    if head is None or release is None:
        if not by_hand:
            raise AirflowSkipException("No model is published yet, so there is nothing to look at")
        raise Refused("No model is published yet", where=store.url(), remedy="Let llm_pipeline publish one first")
    fault = ""
    with tempfile.TemporaryDirectory(prefix="llmops-watch-") as scratch:
        try:
            intact(store, head, Path(scratch), run.settings.publish.verify_key)
        except Refused as problem:
            fault = problem.what
    return {**{key: str(release[key]) for key in ("version", "candidate", "prepared")}, "fault": fault}


@for_airflow
def performance(run_id: str, published: dict[str, str]) -> str:
    """Evaluate the production version on the test split of the newest prepared rows."""
    run = Run(run_id)
    return run.done(performance_of(run, published["candidate"]))


@for_airflow
def compliance(run_id: str, published: dict[str, str], evaluation: str) -> str:
    """Check the production version against the policy as it is now."""
    run = Run(run_id)
    return run.done(compliance_of(run, published["candidate"], run.manifest(evaluation)))


def performance_of(run: Run, uri: str) -> Manifest:
    """Evaluate the model of a candidate's manifest on the newest held-out rows."""
    from pipeline.evaluate import stage

    candidate = run.manifest(uri)
    base, features, prepared = behind(run, candidate)
    return stage.run(
        run.settings,
        run.lake,
        run_id=run.id,
        candidate=candidate,
        base=base,
        prepared=prepared,
        features=features,
        champion=None,
    )


def compliance_of(run: Run, uri: str, evaluation: Manifest) -> Manifest:
    """Check the model of a candidate's manifest against today's policy."""
    from pipeline.comply import stage

    candidate = run.manifest(uri)
    base, features, prepared = behind(run, candidate)
    return stage.run(
        run.settings,
        run.lake,
        run_id=run.id,
        candidate=candidate,
        base=base,
        prepared=prepared,
        features=features,
        evaluation=evaluation,
        repository=run.manifest(prepared.inputs["repository"].uri),
    )


@for_airflow
def verdict(run_id: str, published: dict[str, str], evaluation: str, report: str) -> list[str]:
    """Record whether the production version is fit, and return the reasons why not.

    A trail that does not hold, also against the heads in releases, is one: nothing proves the approvals any more.
    """
    from pipeline.publish.rollback import erased
    from pipeline.publish.store import ModelStore
    from pipeline.publish.witnesses import released_heads

    run = Run(run_id)
    checked = run.manifest(report)
    version = published["version"]
    reasons = [f"its files: {published['fault']}"] if published.get("fault") else []
    trail = run.audit.trail(tuple(head for _, head in released_heads(ModelStore(run.settings))))
    reasons += [
        f"the audit trail does not hold at record {fault.number}: {fault.problem}" for fault in trail.faults[:5]
    ]
    if len(trail.faults) > 5:
        reasons.append(f"the audit trail has {len(trail.faults) - 5} more faults: llmops audit verify")
    if version in erased(trail, run.settings.publish.repository):
        reasons.append("it learned from rows of a person whose data was erased since")
    reasons += refusals(checked, run.lake)
    data = {
        "version": version,
        "verdict": "refused" if reasons else "passed",
        "reasons": reasons,
        "evaluation": evaluation,
        "compliance": report,
    }
    subject = run.manifest(published["candidate"]).output("model").digest
    try:
        run.audit.append(CHECKED, actor="pipeline", run_id=run_id, subject=subject, data=data)
    except LakeError as problem:  # the trail takes no record: that is a fault of its own, and no fault may go untold
        reasons.append(f"the verdict could not be recorded: {problem.what}")
    return reasons


def refusals(checked: Manifest, lake: Lake) -> list[str]:
    """Return why a compliance report does not let its model pass; empty when it does."""
    from pipeline.comply.gate import enforce

    try:
        enforce(checked, lake)
    except Refused as problem:
        return [problem.what]
    return []


@for_airflow
def retention(run_id: str) -> dict[str, int]:
    """Apply the retention settings; returns the number of deleted objects by kind."""
    from pipeline.privacy.retention import retain

    run = Run(run_id)
    return {kind: count for kind, (count, _) in retain(run.settings, run.lake, actor="pipeline").deleted.items()}


def behind(run: Run, candidate: Manifest) -> tuple[Manifest, Manifest, Manifest]:
    """Return base model, features and prepared rows: the newest that fit the candidate's base model.

    Falls back to those that the candidate was made from when nothing newer was prepared.
    """
    base = run.manifest(candidate.inputs["base-model"].uri)
    if base.stage != "base-model":  # pre-trained further: features and comparisons are of the model that it came from
        base = run.manifest(base.inputs["base-model"].uri)
    features = run.manifest(candidate.inputs["features"].uri)
    for record in reversed(run.audit.find(STAGE_COMPLETED)):
        if record.data.get("stage") == "features":
            newest = run.manifest(str(record.data["manifest"]))
            if newest.inputs["base-model"].digest == base.digest:
                features = newest
                break
    return base, features, run.manifest(features.inputs["prepare"].uri)
