"""What each Airflow task calls: a stage with its manifests, recorded in the audit trail and in the run's index.

Arguments and results are manifest URIs, which is all that ever goes through XCom. Errors become Airflow's: a refusal is
final, anything else is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.errors import Refused
from pipeline.orchestration import newest, runs
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review.evidence import vouched


@for_airflow
def start(
    run_id: str,
    dag_id: str,
    actor: str,
    reason: str,
    overrides: dict[str, Any],
    interval: Sequence[str] = (),
    snapshot: str | None = None,
) -> None:
    """Record who started the run, why and with what; the sign-off later refuses this person's own approval."""
    from pipeline.records import UNKNOWN_LICENCE
    from pipeline.review.signoff import RUN_STARTED

    run = Run(run_id, overrides)
    data = {"dag": dag_id, "reason": reason, "overrides": overrides, "interval": list(interval), "snapshot": snapshot}
    run.audit.append(RUN_STARTED, actor=actor, run_id=run_id, data=data)
    model = overrides.get("model") or {}
    if model.get("licence") == UNKNOWN_LICENCE:
        named = "@".join(filter(None, (model["base"], model.get("revision"))))
        raise Refused(
            f"The policy does not know the licence of {named}",
            where="base_model",
            remedy="Look it up and add it to licences.base_models of the policy; who triggers a run does not state it",
        )


@for_airflow
def collect(run_id: str, source: str) -> str:
    """Collect one configured source."""
    from pipeline.collect import stage

    run = Run(run_id)
    return run.done(stage.run(run.settings, run.lake, run_id=run_id, source=source))


@for_airflow
def unify(run_id: str, collected: list[str]) -> str:
    """Bring all sources into the one repository of rows."""
    from pipeline.collect import repository

    run = Run(run_id)
    manifests = [run.manifest(uri) for uri in collected]
    return run.done(repository.run(run.settings, run.lake, run_id=run_id, collected=manifests))


@for_airflow
def snapshot(run_id: str, wanted: str) -> str:
    """Return the repository that a retraining starts from: the latest, or the one whose manifest is named."""
    run = Run(run_id)
    uri = wanted
    if wanted == "latest":
        found = newest.repositories(run.audit.records())
        if not found:
            raise Refused(
                "There is no data to retrain on yet", where="data_snapshot", remedy="Let llm_pipeline run once first"
            )
        uri = str(found[-1].data["manifest"])
    manifest = run.manifest(uri)
    if manifest.stage != "repository":
        raise Refused(
            f"This is a manifest of {manifest.stage}, not of a repository", where=uri, remedy="Name a repository's"
        )
    if manifest.uri != uri or not vouched(run.audit.trail(), manifest):
        raise Refused(
            "The audit trail does not know this repository: nothing says which sources its rows came from",
            where=uri,
            remedy="Name one that a run has made (llmops audit show --event stage_completed)",
        )
    manifest.cached = True  # it was found, not made: so the trail says, and the figures of the run
    return run.done(manifest)


@for_airflow
def prepare(run_id: str, repository: str) -> str:
    """Clean, protect, de-duplicate, check and split on Spark."""
    from pipeline.prepare import stage

    run = Run(run_id)
    return run.done(stage.run(run.settings, run.lake, run_id=run_id, repository=run.manifest(repository)))


@for_airflow
def base_model(run_id: str, overrides: dict[str, Any]) -> str:
    """Bring the foundation model into the lake."""
    from pipeline.train import base_model as stage

    run = Run(run_id, overrides)
    return run.done(stage.run(run.settings, run.lake, run_id=run_id))


@for_airflow
def pretrain(run_id: str, overrides: dict[str, Any], base: str, prepared: str) -> str:
    """Pre-train the foundation model further on the training split's texts."""
    from pipeline.train import pretraining

    run = Run(run_id, overrides)
    made = pretraining.run(
        run.settings, run.lake, run_id=run_id, base=run.manifest(base), prepared=run.manifest(prepared)
    )
    return run.done(made)


@for_airflow
def features(run_id: str, overrides: dict[str, Any], prepared: str, base: str) -> str:
    """Tokenise on Spark, register and materialise in Feast."""
    from pipeline.features import stage

    run = Run(run_id, overrides)
    made = stage.run(run.settings, run.lake, run_id=run_id, prepared=run.manifest(prepared), base=run.manifest(base))
    return run.done(made)


@for_airflow
def rows_are_new(run_id: str) -> bool:
    """Tell whether this run prepared rows, rather than found that nothing had changed."""
    run = Run(run_id)
    prepared = runs.manifests(run.lake, run_id).get("prepare")
    return prepared is not None and not prepared.cached


@for_airflow
def train(run_id: str, overrides: dict[str, Any], base: str, features: str) -> str:
    """Fine-tune with the configured hyperparameters."""
    from pipeline.train import stage

    run = Run(run_id, overrides)
    made = stage.run(run.settings, run.lake, run_id=run_id, base=run.manifest(base), features=run.manifest(features))
    return run.done(made)


@for_airflow
def tune(run_id: str, overrides: dict[str, Any], base: str, features: str, trained: str) -> str:
    """Search hyperparameters; the best trial's model is the candidate."""
    from pipeline.tune import stage

    run = Run(run_id, overrides)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        base=run.manifest(base),
        features=run.manifest(features),
        trained=run.manifest(trained),
    )
    return run.done(made)


@for_airflow
def is_new(run_id: str, candidate: str) -> bool:
    """Tell whether the candidate differs from the published model; if not, the run has nothing left to do."""
    from pipeline.publish.champion import champion

    run = Run(run_id)
    published = champion(run.settings, run.lake)
    return published is None or published.output("model").digest != run.manifest(candidate).output("model").digest


@for_airflow
def evaluate(run_id: str, overrides: dict[str, Any], candidate: str, base: str, prepared: str, features: str) -> str:
    """Measure the candidate against the base model, the champion and a trivial baseline."""
    from pipeline.evaluate import stage
    from pipeline.publish.champion import champion

    run = Run(run_id, overrides)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        candidate=run.manifest(candidate),
        base=run.manifest(base),
        prepared=run.manifest(prepared),
        features=run.manifest(features),
        champion=champion(run.settings, run.lake),
    )
    return run.done(made)


@for_airflow
def comply(
    run_id: str,
    overrides: dict[str, Any],
    candidate: str,
    base: str,
    prepared: str,
    features: str,
    evaluation: str,
    repository: str,
) -> str:
    """Run every compliance check and join them with the evaluation into one verdict."""
    from pipeline.comply import stage

    run = Run(run_id, overrides)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        candidate=run.manifest(candidate),
        base=run.manifest(base),
        prepared=run.manifest(prepared),
        features=run.manifest(features),
        evaluation=run.manifest(evaluation),
        repository=run.manifest(repository),
    )
    return run.done(made)


@for_airflow
def gate(run_id: str, candidate: str, evaluation: str, compliance: str) -> None:
    """Record the verdict, and stop the run when it is not a pass."""
    from pipeline.orchestration import reviews

    reviews.gate(Run(run_id), candidate, evaluation, compliance)


@for_airflow
def sign_off(run_id: str, candidate: str, evaluation: str, compliance: str) -> None:
    """Stop the run unless everyone whose approval is needed has approved exactly this."""
    from pipeline.orchestration import reviews

    reviews.decide(Run(run_id), candidate, evaluation, compliance)


@for_airflow
def publish(run_id: str, candidate: str, base: str, prepared: str, evaluation: str, compliance: str) -> str:
    """Release the candidate, pull it back, verify it and make it the production version."""
    from pipeline.publish import stage

    run = Run(run_id)
    made = stage.run(
        run.settings,
        run.lake,
        run_id=run_id,
        candidate=run.manifest(candidate),
        base=run.manifest(base),
        prepared=run.manifest(prepared),
        evaluation=run.manifest(evaluation),
        compliance=run.manifest(compliance),
    )
    return run.done(made)
