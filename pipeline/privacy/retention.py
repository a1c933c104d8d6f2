"""Retention: data is kept as long as the settings say, and no longer.

Never deleted by age: the audit trail, models and what released models were made from, the last manifest of each stage,
and what a reference names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from pipeline.audit import AuditLog, open_audit
from pipeline.lake import Lake
from pipeline.lake.errors import said
from pipeline.manifest import Manifest
from pipeline.privacy.inventory import MODEL_OUTPUTS, Inventory, Kind, files_of, take
from pipeline.publish.erasures import PUBLISHED
from pipeline.settings import Settings

RETAINED = "old_data_deleted"
REFERENCES = ("refs", "feature_store")
CHUNK = 1000
URI_IN_TEXT = re.compile(rb'"([^"]+/manifest\.json)"')


class RetentionReport(BaseModel):
    """What was deleted (or would be): by kind, the number of objects and their bytes."""

    dry_run: bool
    deleted: dict[str, tuple[int, int]] = {}


def retain(
    settings: Settings, lake: Lake, *, actor: str, now: datetime | None = None, dry_run: bool = False
) -> RetentionReport:
    """Delete what is too old, and record it in the audit trail."""
    moment = now or datetime.now(UTC)
    inventory = take(lake)
    audit = open_audit(settings, lake)
    chosen = settings.retention
    doomed = {
        "raw": _old(lake, [i.uri for i in inventory.of(Kind.RAW)], chosen.raw_days, moment),
        "cache": _old(lake, [i.uri for i in inventory.of(Kind.CACHE)], chosen.cache_days, moment),
        "unfinished": _abandoned(lake, _unfinished(lake, inventory), chosen.unfinished_days, moment),
        "datasets": _datasets(lake, inventory, audit, chosen.dataset_days, moment),
    }
    sizes = {info.uri: info.size for kind in inventory.objects.values() for info in kind}
    report = RetentionReport(dry_run=dry_run)
    for name, uris in doomed.items():
        report.deleted[name] = len(uris), sum(sizes[uri] for uri in uris)
        if not dry_run:
            lake.delete(sorted(uris, key=lambda uri: not uri.endswith("/manifest.json")))
    if not dry_run and any(doomed.values()):
        audit.append(RETAINED, actor=actor, data=report.model_dump(mode="json"))
    return report


def _old(lake: Lake, uris: list[str], days: int | None, now: datetime) -> list[str]:
    if days is None:
        return []
    oldest = now - timedelta(days=days)
    found = []
    for start in range(0, len(uris), CHUNK):
        places = {lake.arrow(uri)[1]: uri for uri in uris[start : start + CHUNK]}
        with said(lake.root):
            found_there = lake.arrow(lake.root)[0].get_file_info(list(places))
        for info in found_there:
            if info.mtime is not None and info.mtime < oldest:
                found.append(places[info.path])
    return found


def _abandoned(lake: Lake, uris: list[str], days: int | None, now: datetime) -> list[str]:
    """Return the files of attempts that have written nothing new: one at work may name old files a second time."""
    attempts: dict[str, list[str]] = {}
    for uri in uris:
        before, _, behind = uri.rpartition("/attempts/")
        attempts.setdefault(f"{before}/{behind.partition('/')[0]}", []).append(uri)
    old = set(_old(lake, uris, days, now))
    return [uri for files in attempts.values() if old.issuperset(files) for uri in files]


def _unfinished(lake: Lake, inventory: Inventory) -> list[str]:
    """Return the files of attempts that no manifest names: what killed stages left behind."""
    named = {uri for manifest in inventory.manifests.values() for uri in files_of(manifest)}
    everything = inventory.of(Kind.ROWS, Kind.TEXT, Kind.MODEL, Kind.OTHER)
    return [info.uri for info in everything if "/attempts/" in lake.key(info.uri) and info.uri not in named]


def _datasets(lake: Lake, inventory: Inventory, audit: AuditLog, days: int | None, now: datetime) -> list[str]:
    """Return old manifests with the files that only they name."""
    if days is None:
        return []
    oldest = now - timedelta(days=days)
    kept = _needed(lake, inventory, audit)
    kept |= {uri for uri, manifest in inventory.manifests.items() if manifest.started_at >= oldest}
    doomed = [manifest for uri, manifest in inventory.manifests.items() if uri not in kept]
    shared = {file for uri in kept for file in files_of(inventory.manifests[uri])}
    files = {file for manifest in doomed for file in files_of(manifest)} - shared
    present = {info.uri for kind in inventory.objects.values() for info in kind}
    return sorted({*(manifest.uri for manifest in doomed), *(files & present)})


def _needed(lake: Lake, inventory: Inventory, audit: AuditLog) -> set[str]:
    """Return the manifests that must stay: of releases, of references and the last of each stage, with their inputs."""
    released = {record.subject for record in audit.find(PUBLISHED)}
    wanted = {uri for uri, manifest in inventory.manifests.items() if released & set(_models(manifest))}
    for folder in REFERENCES:
        for info in lake.objects(lake.uri(folder)):
            wanted |= {uri.decode() for uri in URI_IN_TEXT.findall(lake.read(info.uri))}
    newest: dict[str, Manifest] = {}
    for manifest in inventory.manifests.values():
        if manifest.stage not in newest or newest[manifest.stage].started_at < manifest.started_at:
            newest[manifest.stage] = manifest
    wanted |= {manifest.uri for manifest in newest.values()}
    return _with_inputs(inventory, wanted)


def _models(manifest: Manifest) -> Iterable[str]:
    return (output.digest for name, output in manifest.outputs.items() if name in MODEL_OUTPUTS)


def _with_inputs(inventory: Inventory, uris: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = [uri for uri in uris if uri in inventory.manifests]
    while waiting:
        uri = waiting.pop()
        if uri not in found:
            found.add(uri)
            inputs = inventory.manifests[uri].inputs.values()
            waiting += [source.uri for source in inputs if source.uri in inventory.manifests]
    return found
