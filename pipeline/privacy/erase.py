"""Erasure: a subject's data leaves the lake and the online store, and what cannot be erased is named.

Derived data goes first and the sources' own rows last: a run that was killed finds the same subject again and goes on.
Files that are written again are noted before, so that the manifests that name them are set right whatever happens.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from pipeline.audit import AuditLog, open_audit
from pipeline.audit.records import Record
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.privacy import elsewhere, online, rows
from pipeline.privacy.affected import AffectedModel, affected_models
from pipeline.privacy.inventory import Inventory, Kind, take
from pipeline.privacy.manifests import refresh
from pipeline.privacy.search import Found, manifests_with_rows, search
from pipeline.privacy.subject import Subject
from pipeline.privacy.suppression import ENTRY, ERASED, REPLACES, STARTED, ids_of, suppress
from pipeline.privacy.texts import Eraser
from pipeline.privacy.vouching import Plan, Vouching
from pipeline.settings import Settings

log = get_logger(__name__)
ORDER = ("comply", "evaluate", "tune", "train", "features", "pretrain", "prepare", "repository")
"""Stages from the last to the first; those of collection come after them."""


class ErasureReport(BaseModel):
    """What was erased and what was not. It holds no personal data; `reference` goes to the person who asked."""

    reference: str
    dry_run: bool
    rows: dict[str, int] = {}
    files_written_again: int = 0
    files_deleted: int = 0
    deleted_unsearched: list[str] = []
    online: dict[str, int] = {}
    local_copies: list[str] = []
    models: list[AffectedModel] = []
    by_hand: list[str] = []
    remaining: list[str] = []


def erase(
    settings: Settings,
    lake: Lake,
    subject: Subject,
    *,
    actor: str,
    dry_run: bool = False,
    delete_unsearched: bool = False,
    replaces: str | None = None,
) -> ErasureReport:
    """Erase a subject everywhere and return the report; with `dry_run` only say what would go.

    Payloads of sources that nobody can search remain and are named, or go too with `delete_unsearched`. `replaces` is
    the reference of an earlier erasure of the same subject whose entry in the list of erased subjects is lost.
    Recorded in the audit trail before and after, under a reference and without the subject's name. Raises LakeError
    when the lake cannot be read whole: then nothing was overlooked, because nothing was said to be done; Refused when
    there was no erasure to replace.
    """
    audit = open_audit(settings, lake)
    replaced = audit.find(STARTED, subject=replaces) if replaces else []
    if replaces and not replaced:
        raise Refused("There was no such erasure", where=replaces, remedy=f"llmops audit show --event {STARTED}")
    hidden = [name for begun in replaced for name in ids_of(lake, begun, subject)]
    earlier = [] if dry_run else _finish_earlier(lake, audit, actor)
    inventory = take(lake)
    found = search(lake, inventory, subject)
    report = ErasureReport(
        reference=f"erasure-{uuid.uuid4().hex[:12]}",
        dry_run=dry_run,
        rows=_by_dataset(lake, inventory, found),
        local_copies=elsewhere.present(settings),
    )
    holding = manifests_with_rows(inventory, found)
    report.models = affected_models(inventory, holding, audit)
    report.by_hand = elsewhere.by_hand(inventory, audit, holding, report.models)
    for begun in earlier:
        _take_over(report, begun)
    if delete_unsearched:
        report.deleted_unsearched = sorted(found.unsearched)
        found.raw, found.unsearched = sorted([*found.raw, *found.unsearched]), {}
    if dry_run:
        report.files_written_again = len(found.rows) + len(found.lists) + len(found.texts)
        report.files_deleted = len(found.raw)
        report.remaining = found.remaining
        return report
    plan = Plan.of(lake, inventory, [*found.texts, *_in_order(lake, {*found.rows, *found.lists})])
    # the entry first: from the record on it is missed if it is not there
    hiding = {*found.traces.ids, *hidden}
    entry = {ENTRY: suppress(lake, report.reference, subject, hiding), REPLACES: replaces}
    audit.append(STARTED, actor=actor, subject=report.reference, data={**_begun(report, plan), **entry})
    if not found.nothing:
        vouching = Vouching(audit, report.reference, plan, actor=actor)
        _work(settings, lake, inventory, found, subject, report, vouching)
    elsewhere.clear(settings)
    report.remaining = _check(lake, subject)
    audit.append(ERASED, actor=actor, subject=report.reference, data=report.model_dump(mode="json"))
    return report


def _work(
    settings: Settings,
    lake: Lake,
    inventory: Inventory,
    found: Found,
    subject: Subject,
    report: ErasureReport,
    vouching: Vouching,
) -> None:
    eraser = Eraser.of(subject, found.traces.ids, found.traces.passages)
    note = lake.uri("privacy", "unfinished", f"{report.reference}.json")
    lake.write(note, vouching.plan.model_dump_json().encode())
    for uri in found.texts:
        lake.write(uri, eraser.erased(uri, lake.read(uri)))
    cached = [info.uri for info in inventory.of(Kind.CACHE)]
    lake.delete(cached)
    report.online = online.remove(settings, lake, found.traces.ids)
    for uri in _in_order(lake, {*found.rows, *found.lists}):
        rows.take_out(lake, uri, subject, found.traces.ids)
    refresh(lake, inventory, vouching.plan.files, eraser, vouching.rewritten)
    forgotten = _forget_collections(lake, inventory, found)
    lake.delete([*found.raw, *forgotten])
    lake.delete([note])
    report.files_written_again = len(vouching.plan.files)
    report.files_deleted = len(found.raw) + len(cached)
    log.info("erased", reference=report.reference, rows=sum(report.rows.values()), files=report.files_written_again)


def _begun(report: ErasureReport, plan: Plan) -> dict[str, Any]:
    """Return what the trail keeps of an erasure's beginning; when a killed one is repeated, its rows may be gone."""
    return {**report.model_dump(mode="json", include={"rows", "models", "by_hand"}), "plan": plan.digest}


def _take_over(report: ErasureReport, begun: Record) -> None:
    """Name what an erasure that was killed had found."""
    models = [AffectedModel.model_validate(model) for model in begun.data.get("models") or []]
    report.models += [model for model in models if model not in report.models]
    report.by_hand += [text for text in begun.data.get("by_hand") or [] if text not in report.by_hand]


def _finish_earlier(lake: Lake, audit: AuditLog, actor: str) -> list[Record]:
    """Set right the manifests of erasures that were killed, record them, and return the records of their beginnings."""
    begun: list[Record] = []
    notes = lake.objects(lake.uri("privacy", "unfinished"))
    if notes:
        inventory = take(lake)
        for info in notes:
            plan = Plan.load(lake, info.uri)
            reference = info.uri.rpartition("/")[2].removesuffix(".json")
            begun += audit.find(STARTED, subject=reference)
            vouching = Vouching(audit, reference, plan, actor=actor)
            refresh(lake, inventory, plan.files, None, vouching.rewritten)
            lake.delete([info.uri])
    return begun


def _in_order(lake: Lake, uris: Iterable[str]) -> list[str]:
    def place(uri: str) -> tuple[int, str]:
        stage = lake.key(uri).split("/")[0]
        if stage in ORDER:
            return ORDER.index(stage) + 1, uri
        return (len(ORDER) + 1 if stage.startswith("collect-") else 0), uri

    return sorted(uris, key=place)


def _by_dataset(lake: Lake, inventory: Inventory, found: Found) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for uri, count in found.rows.items():
        parts = lake.key(uri).split("/")
        counts[f"{parts[0]}/{parts[4]}" if len(parts) > 5 else parts[0]] += count
    return dict(sorted(counts.items()))


def _forget_collections(lake: Lake, inventory: Inventory, found: Found) -> list[str]:
    """Return the references to last collections that lost rows: their sources are collected anew, not merged."""
    touched = {m.uri for m in inventory.naming({*found.rows, *found.lists}) if m.stage.startswith("collect-")}
    references = lake.objects(lake.uri("refs", "collect"))
    return [info.uri for info in references if json.loads(lake.read(info.uri)).get("manifest") in touched]


def _check(lake: Lake, subject: Subject) -> list[str]:
    """Search again, and return where the subject still is."""
    left = search(lake, take(lake), subject)
    return sorted({*left.rows, *left.lists, *left.texts, *left.manifests, *left.raw, *left.remaining})
