"""Watching the published model: integrity of its files, its performance on new data, today's policy."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.errors import Refused
from pipeline.orchestration.tasks import Run, for_airflow
from pipeline.review.evidence import STAGE_COMPLETED
from pipeline.stage import Manifest

CHECKED = "production_checked"


@for_airflow
def integrity(run_id: str) -> dict[str, str]:
    """Return the manifests behind the production version, after comparing its files with its release record.

    Raises Refused when nothing is published, or when a file in the store is not the one that was released.
    """
    from pipeline.publish.release import compare, pull
    from pipeline.publish.store import RELEASE_FILE, ModelStore

    run = Run(run_id)
    store = ModelStore(run.settings)
    release = store.production()
    if release is None:
        raise Refused("No model is published yet", where=store.url(), remedy="Let llm_pipeline publish one first")
    with tempfile.TemporaryDirectory(prefix="llmops-watch-") as scratch:
        found = pull(store, store.head(store.alias) or store.alias, Path(scratch))
    found.pop(RELEASE_FILE, None)
    compare(release["files"], found)
    return {key: str(release[key]) for key in ("version", "candidate", "prepared")}


@for_airflow
def performance(run_id: str, published: dict[str, str]) -> str:
    """Evaluate the production version on the test split of the newest prepared rows."""
    from pipeline.evaluate import stage

    run = Run(run_id)
    candidate = run.manifest(published["candidate"])
    base, features, prepared = behind(run, candidate)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        candidate=candidate,
        base=base,
        prepared=prepared,
        features=features,
        champion=None,
    )
    return run.done(made)


@for_airflow
def compliance(run_id: str, published: dict[str, str], evaluation: str) -> str:
    """Check the production version against the policy as it is now."""
    from pipeline.comply import stage

    run = Run(run_id)
    candidate = run.manifest(published["candidate"])
    base, features, prepared = behind(run, candidate)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        candidate=candidate,
        base=base,
        prepared=prepared,
        features=features,
        evaluation=run.manifest(evaluation),
        repository=run.manifest(prepared.inputs["repository"].uri),
    )
    return run.done(made)


@for_airflow
def verdict(run_id: str, published: dict[str, str], evaluation: str, report: str) -> None:
    """Record whether the production version is fit; raises Refused with the reasons when it is not."""
    from pipeline.comply.gate import enforce

    run = Run(run_id)
    checked = run.manifest(report)
    data = {
        "version": published["version"],
        "verdict": checked.facts.get("verdict"),
        "evaluation": evaluation,
        "compliance": report,
    }
    subject = run.manifest(published["candidate"]).output("model").digest
    run.audit.append(CHECKED, actor="pipeline", run_id=run_id, subject=subject, data=data)
    enforce(checked, run.lake)


def behind(run: Run, candidate: Manifest) -> tuple[Manifest, Manifest, Manifest]:
    """Return base model, features and prepared rows: the newest that fit the candidate's base model.

    Falls back to those that the candidate was made from when nothing newer was prepared.
    """
    base = run.manifest(candidate.inputs["base-model"].uri)
    features = run.manifest(candidate.inputs["features"].uri)
    for record in reversed(run.audit.find(STAGE_COMPLETED)):
        if record.data.get("stage") == "features":
            newest = run.manifest(str(record.data["manifest"]))
            if newest.inputs["base-model"].digest == base.digest:
                features = newest
                break
    return base, features, run.manifest(features.inputs["prepare"].uri)
