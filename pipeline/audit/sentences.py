"""Each record of the audit trail as a sentence for people who do not know the pipeline."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.audit.records import Record

RESULTS = {
    "published": "a new version was published",
    "unchanged": "nothing changed, so nothing was published",
    "refused": "the model was refused and nothing was published",
    "failed": "it failed",
}
STAGES = {
    "repository": "unified the rows of all sources",
    "prepare": "cleaned the rows, masked personal data and split them",
    "base-model": "brought in the base model",
    "pretrain": "pre-trained the base model further on the company's texts",
    "features": "made features from the rows",
    "train": "fine-tuned the base model",
    "tune": "chose the candidate among the trials",
    "evaluate": "measured the candidate on held-out questions",
    "comply": "checked the candidate against the policy",
    "rate": "brought the reviewers' ratings into the evaluation's report",
    "publish": "committed the release",
}


def describe(record: Record) -> tuple[str, str]:
    """Return a record as a sentence without its subject, and its tone: good, bad or empty."""
    teller = TELLERS.get(record.event)
    return teller(record) if teller else (f"recorded {record.event.replace('_', ' ')}", "")


def _started(record: Record) -> tuple[str, str]:
    reason = record.data.get("reason") or "no reason given"
    return f"started the run of {record.data.get('dag', 'a pipeline')} ({reason})", ""


def _stage(record: Record) -> tuple[str, str]:
    stage = str(record.data.get("stage"))
    if stage.startswith("collect-"):
        text = f"collected the source {stage.removeprefix('collect-')}"
    else:
        text = STAGES.get(stage, f"finished {stage}")
    counts = record.data.get("counts") or {}
    if counts.get("rows_in"):
        text += f": {counts['rows_in']:,} rows in, {counts['rows_out']:,} out, {counts['set_aside']:,} set aside"
    return text + (" (unchanged since an earlier run)" if record.data.get("unchanged") else ""), ""


def _gate(record: Record) -> tuple[str, str]:
    passed = record.data.get("verdict") == "passed"
    return ("let the model pass the compliance gate", "good") if passed else ("refused the model at the gate", "bad")


def _requested(record: Record) -> tuple[str, str]:
    people = ", ".join(map(str, record.data.get("assigned") or [])) or "nobody"
    return f"asked for the {record.data.get('role')} review by {people}", ""


def _reminded(record: Record) -> tuple[str, str]:
    people = ", ".join(map(str, record.data.get("assigned") or [])) or "nobody"
    if record.data.get("kind") == "escalation":
        return f"told others that {people} had not answered the {record.data.get('role')} review", ""
    return f"reminded {people} of the {record.data.get('role')} review", ""


def _answered(record: Record) -> tuple[str, str]:
    role, decision = record.data.get("role"), record.data.get("decision")
    comment = str(record.data.get("comment") or "").strip()
    said = f": “{comment}”" if comment else ""
    if decision == "approve":
        return f"approved in the {role} review{said}", "good"
    if decision == "silent":
        return f"gave no answer to the {role} review in time, which counts as a rejection", "bad"
    return f"rejected in the {role} review{said}", "bad"


def _rated(record: Record) -> tuple[str, str]:
    data = record.data
    said = []
    for author, scales in (data.get("against_people") or {}).items():
        for name, found in scales.items():
            if found.get("difference") is not None:
                interval = "" if found.get("low") is None else f" ({found['low']:+.1f} to {found['high']:+.1f})"
                said.append(f"{author} {name.replace('_', ' ')} {found['difference']:+.1f}{interval}")
    against = f"; against people's own answers, in points: {', '.join(said)}" if said else ""
    return (
        f"gathered blind ratings of {data.get('rated_items')} answers by {data.get('raters')} reviewer(s){against}",
        "",
    )


def _refused(record: Record) -> tuple[str, str]:
    return f"refused publication: {record.data.get('reason')}", "bad"


def _signed_off(record: Record) -> tuple[str, str]:
    numbers = ", ".join(map(str, record.data.get("approvals") or []))
    return f"found the sign-off complete (records {numbers})", "good"


def _published(record: Record) -> tuple[str, str]:
    data = record.data
    return f"published {data.get('repository')} {data.get('version')} at commit {str(data.get('commit'))[:12]}", "good"


def _rolled_back(record: Record) -> tuple[str, str]:
    data = record.data
    return f"moved production from {data.get('from')} back to {data.get('to')}: {data.get('reason')}", ""


def _finished(record: Record) -> tuple[str, str]:
    result = str(record.data.get("result"))
    return f"ended the run: {RESULTS.get(result, result)}", "good" if result == "published" else ""


def _checked(record: Record) -> tuple[str, str]:
    verdict = record.data.get("verdict")
    return (
        f"checked the version in production, {record.data.get('version')}: {verdict}",
        "good" if verdict == "passed" else "bad",
    )


def _erased(record: Record) -> tuple[str, str]:
    rows = sum((record.data.get("rows") or {}).values())
    versions = [name for model in record.data.get("models") or [] for name in model.get("versions", [])]
    learned = f"; released models that learned from it: {', '.join(versions)}" if versions else ""
    left = record.data.get("remaining") or []
    rest = f"; it remains in {len(left)} objects" if left else ""
    return f"erased a subject's data, {rows:,} rows in all datasets{learned}{rest}", "bad" if left else ""


def _rewritten(record: Record) -> tuple[str, str]:
    return (
        f"wrote the manifest of {record.data.get('stage')} again after an erasure ({record.data.get('reference')})",
        "",
    )


TELLERS: dict[str, Callable[[Record], tuple[str, str]]] = {
    "run_started": _started,
    "stage_made": lambda r: (f"made the result of {r.data.get('stage')} and sealed it", ""),
    "stage_completed": _stage,
    "gate_decided": _gate,
    "review_requested": _requested,
    "review_answered": _answered,
    "review_reminded": _reminded,
    "answers_rated": _rated,
    "review_answer_invalid": lambda r: (f"gave an answer that could not be taken: {r.data.get('problem')}", ""),
    "refused": _refused,
    "signed_off": _signed_off,
    "release_verified": lambda r: (
        f"compared what was uploaded as {r.data.get('version')} with what was approved, at commit "
        f"{str(r.data.get('commit'))[:12]}",
        "",
    ),
    "published": _published,
    "rolled_back": _rolled_back,
    "run_finished": _finished,
    "production_files_checked": lambda r: (
        f"looked at the files of the version in production, {r.data.get('version')}: {r.data.get('fault') or 'intact'}",
        "bad" if r.data.get("fault") else "",
    ),
    "production_checked": _checked,
    "deadline_missed": lambda r: (f"missed the deadline of {r.data.get('hours')} hours", "bad"),
    "erasure_started": lambda r: ("began to erase a subject's data", ""),
    "subject_erased": _erased,
    "manifest_rewritten": _rewritten,
    "subject_exported": lambda r: (f"exported {r.data.get('records', 0):,} records of a subject", ""),
    "audit_key_changed": lambda r: (
        f"changed the trail's signing key from {r.data.get('from')} to {r.data.get('to')}",
        "",
    ),
    "damage_released": lambda r: (
        f"let {len(r.data.get('manifests') or [])} stages rebuild data that was damaged or missing",
        "bad",
    ),
    "old_data_deleted": lambda r: ("deleted data that was older than the retention settings allow", ""),
}
