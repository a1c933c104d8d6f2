"""Rollback from Airflow: asked for by a person, or by the daily check when the published model is unfit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.errors import Refused
from pipeline.orchestration import ground, watch
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review.evidence import vouched

if TYPE_CHECKING:
    from pipeline.publish.store import ModelStore, Version

UNFIT = "The model in production is unfit"


@for_airflow
def by_hand(run_id: str, actor: str, version: str, reason: str) -> dict[str, str]:
    """Roll back to a version, or with `previous` to the newest fit earlier one; return what was done.

    A run does it once: tried again or cleared, it returns what it has done, and does not go back further.
    """
    from pipeline.publish.rollback import of_run, rollback
    from pipeline.publish.store import ModelStore
    from pipeline.publish.witnesses import held

    run = Run(run_id)
    publish, store = run.settings.publish, ModelStore(run.settings)
    done = of_run(held(run.audit, store), store.repository, run_id) or rollback(
        store,
        run.lake,
        run.audit,
        to=None if version == "previous" else version,
        actor=actor,
        reason=reason,
        run_id=run_id,
        verify_key=publish.verify_key,
    )
    return {"version": done.version, "before": done.previous, "commit": done.commit, "text": done.text}


@for_airflow
def when_unfit(run_id: str, published: dict[str, str], reasons: list[str]) -> dict[str, str]:
    """Roll back to the newest earlier version that passes the same checks today, when production is unfit.

    It goes by the verdict in the audit trail: what was handed on between tasks can be changed in Airflow. Returns what
    was done as `text`, and as `version` where production went (empty when it stays).
    """
    run = Run(run_id)
    known = watch.recorded(run)
    if known is None:
        return {"version": "", "text": "It stays in production: the audit trail has no verdict of this run"}
    if not known:
        return {"version": "", "text": f"{published['version']} is as it was approved."}
    version, text = _replaced(run, published, known)
    return {"version": version, "text": text}


@for_airflow
def conclude(run_id: str, published: dict[str, str], reasons: list[str], done: dict[str, str]) -> str:
    """Say that production is fit, or raise Refused with the reasons and with what was done, which the mail tells."""
    run = Run(run_id)
    known = watch.recorded(run)
    found = list(dict.fromkeys([*(known or []), *reasons]))
    if known is not None and not found:
        return done["text"]
    raise Refused(
        f"{UNFIT} ({published['version']}): {'; '.join(found) or 'nothing says that it is fit'}. {done['text']}",
        where=run.settings.publish.repository,
        remedy="Look at the compliance report of this run, and release a better version",
    )


def _replaced(run: Run, published: dict[str, str], reasons: list[str]) -> tuple[str, str]:
    from pipeline.publish.store import ModelStore

    if not run.settings.publish.automatic_rollback:
        return "", "It stays in production: publish.automatic_rollback is off"
    store = ModelStore(run.settings)
    present = _present(store)
    try:
        candidates = _candidates(run, store, published["version"], present)
    except Refused as problem:
        return "", f"It stays in production: {problem.what}"
    if candidates is None:
        return _moved(present)
    tried: list[str] = []
    for version in candidates:
        unfit = _unfit(run, store, version)
        if unfit:
            tried.append(f"{version.name} is unfit too ({'; '.join(unfit)})")
            continue
        now = _present(store)
        if now != present:  # somebody moved it while the version was checked
            return _moved(now)
        try:
            done = _rolled_back(run, store, version.name, reasons)
        except Refused as problem:
            tried.append(f"{version.name} cannot go to production ({problem.what})")
            continue
        return done, f"Production was rolled back to {done}"
    return "", "There is no earlier fit version, so it stays in production" + "".join(f"; {text}" for text in tried)


def _candidates(run: Run, store: ModelStore, unfit: str, present: str) -> list[Version] | None:
    """Return the versions that may replace an unfit one, newest first; None when it is not in production any more.

    One that is there already, without a record, is where this rollback was killed: only that one is left to record.
    """
    from pipeline.publish.recorded import standing
    from pipeline.publish.rollback import eligible
    from pipeline.publish.witnesses import held

    trail = held(run.audit, store)
    if present == unfit:
        return eligible(store, trail, unfit)
    known = standing(trail, store.repository)
    if known is None or known.name != unfit:
        return None
    return [version for version in eligible(store, trail, unfit) if version.name == present] or None


def _present(store: ModelStore) -> str:
    return str((store.claim() or {}).get("version"))


def _moved(present: str) -> tuple[str, str]:
    return "", f"Production is {present} by now, so nothing was rolled back"


def _rolled_back(run: Run, store: ModelStore, version: str, reasons: list[str]) -> str:
    from pipeline.publish.rollback import rollback

    return rollback(
        store,
        run.lake,
        run.audit,
        to=version,
        actor="pipeline",
        reason=f"automatically, the daily check found: {'; '.join(reasons)}",
        run_id=run.id,
        verify_key=run.settings.publish.verify_key,
        withdraw=False,  # a release that only lacks its record was not judged here
    ).version


def _unfit(run: Run, store: ModelStore, version: Version) -> list[str]:
    """Check an earlier version as production is checked, today; returns why it is unfit, nothing when it is fit.

    Its reports are not the run's: those are of the version whose check led here.
    """
    release: dict[str, Any] | None = store.release(version.commit)
    if release is None:
        return ["it has no release record"]
    uri = str(release["candidate"])
    try:
        candidate = run.manifest(uri)
        if candidate.output("model").digest != release.get("model"):
            return ["its manifest in the lake is of another model"]
        evaluation = run.accepted(watch.performance_of(run, uri))
        compliance = run.accepted(watch.compliance_of(run, uri, evaluation))
    except Refused as problem:
        return [problem.what]
    trail = run.audit.trail()
    made = {"evaluation": evaluation, "compliance": compliance}
    reasons = [f"{name}: no run recorded that it made it" for name, one in made.items() if not vouched(trail, one)]
    reasons += ground.untied(trail, candidate, evaluation, compliance)
    return reasons + watch.refusals(compliance, run.lake)
