"""Watching the published model: integrity of its files, its performance on new data, today's policy, erased data."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from pipeline.audit.records import Record
from pipeline.errors import LakeError, Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.orchestration import ground
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review.evidence import unmade

CHECKED = "production_checked"
LOOKED_AT = "production_files_checked"


@for_airflow
def integrity(run_id: str, *, by_hand: bool = True) -> dict[str, str]:
    """Return the manifests behind the production version, and what is wrong with its files in the store, if anything.

    The manifests are those of the version that the audit trail has in production; that the store holds another one is a
    fault, and `version` is what that calls itself. A branch that is gone or holds no release is such a fault too.
    Raises Refused when nothing is published; a run that nobody asked for is skipped then instead. Raises StoreError
    when the store shows nothing although something was published.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from pipeline.publish.recorded import refuse_forgotten, settled, standing
    from pipeline.publish.release import intact
    from pipeline.publish.store import ModelStore

    run = Run(run_id)
    store = ModelStore(run.settings)
    trail, astray = settled(store, run.lake, run.audit.trail)
    head, known = store.head(store.alias), standing(trail, store.repository)
    named = store.claim()
    release = store.release(known.commit) if known else named
    refuse_forgotten(store, trail, release is not None and store.versions())
    if release is None:
        if not by_hand:
            raise AirflowSkipException("No model is published yet, so there is nothing to look at")
        raise Refused("No model is published yet", where=store.url(), remedy="Let llm_pipeline publish one first")
    faults = [astray]
    with tempfile.TemporaryDirectory(prefix="llmops-watch-") as scratch:
        try:
            if head:
                intact(store, head, Path(scratch), run.settings.publish.verify_key)
        except Refused as problem:
            faults.insert(0, problem.what)
    fault = "; ".join(filter(None, faults))
    found = {key: str(release.get(key)) for key in ("candidate", "prepared")}
    found["version"] = str((named or {}).get("version"))
    with suppress(LakeError):  # the verdict says when the trail takes no record
        run.audit.append(
            LOOKED_AT,
            actor="pipeline",
            run_id=run_id,
            subject=str(release.get("model")),
            data={"version": found["version"], "candidate": found["candidate"], "fault": fault},
        )
    return {**found, "fault": fault}


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
    base, features, prepared = ground.behind(run, candidate)
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
    base, features, prepared = ground.behind(run, candidate)
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

    A trail that does not hold, also against the heads in releases, is one: nothing proves the approvals any more. What
    the tasks before this one handed over is believed as far as the trail says the same.
    """
    from pipeline.publish.recorded import settled
    from pipeline.publish.rollback import erased
    from pipeline.publish.store import ModelStore
    from pipeline.publish.witnesses import compared, told

    run = Run(run_id)
    store = ModelStore(run.settings)
    checked, versions = load_manifest(run.lake, report), store.versions()
    read, astray = settled(store, run.lake, run.audit.trail)
    trail, heads = compared(store, versions, read)
    looked = trail.find(LOOKED_AT, run_id=run_id)
    candidate, evaluated = load_manifest(run.lake, published["candidate"]), load_manifest(run.lake, evaluation)
    reasons = _handed_over(looked[-1] if looked else None, published, candidate)
    reasons += [*unmade(trail, run_id, "evaluation", evaluated), *unmade(trail, run_id, "compliance", checked)]
    reasons += ground.untied(trail, candidate, evaluated, checked)
    if astray and not any(astray in reason for reason in reasons):
        reasons.append(astray)
    reasons += [f"the audit trail does not hold at record {fault}" for fault in told(trail, heads)[:5]]
    if len(trail.faults) > 5:
        reasons.append(f"the audit trail has {len(trail.faults) - 5} more faults: llmops audit verify")
    if published["version"] in erased(trail, run.settings.publish.repository):
        reasons.append("it learned from rows of a person whose data was erased since")
    reasons += refusals(checked, run.lake)
    data = {
        "version": published["version"],
        "verdict": "refused" if reasons else "passed",
        "reasons": reasons,
        "evaluation": evaluation,
        "compliance": report,
    }
    try:
        run.audit.append(CHECKED, actor="pipeline", run_id=run_id, subject=candidate.output("model").digest, data=data)
    except LakeError as problem:  # the trail takes no record: that is a fault of its own, and no fault may go untold
        reasons.append(f"the verdict could not be recorded: {problem.what}")
    exposed = store.exposure()  # told, but not in the record that a rollback goes by: every version lies in the open
    return [*reasons, exposed] if exposed else reasons


def _handed_over(looked: Record | None, published: dict[str, str], candidate: Manifest) -> list[str]:
    """Return what is wrong with the published files, and with what the task that looked at them handed over."""
    if looked is None:
        return ["the audit trail does not say that its files were looked at in this run"]
    found = [f"its files: {looked.data['fault']}"] if looked.data.get("fault") else []
    if any(looked.data.get(name) != published.get(name) for name in ("version", "candidate", "fault")):
        found.append("what was handed on about it is not what was found when its files were looked at")
    if looked.subject != candidate.output("model").digest:
        found.append("its manifest in the lake is of another model than the one in production")
    return found


def recorded(run: Run) -> list[str] | None:
    """Return the reasons that the verdict of this run has in the audit trail; None when there is no verdict."""
    found = run.audit.find(CHECKED, run_id=run.id)
    return [str(reason) for reason in found[-1].data.get("reasons") or []] if found else None


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
