"""What the lake's data became outside the lake: copies on this machine are deleted, the rest is named for people.

What is named comes from the audit trail. It goes into the erasure's report and record: it holds no personal data.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.privacy.affected import AffectedModel
from pipeline.privacy.inventory import Inventory
from pipeline.publish.erasures import PUBLISHED
from pipeline.review.evidence import STAGE_COMPLETED
from pipeline.review.signoff import REQUESTED
from pipeline.settings import Settings

COPIES = ("reports", "store-cache", "cache/states", "cache/checked", "cache/suspect", "evaluate", "comply")
"""Folders below the state folder with reports, answers and what training kept of rows: all can be made or got again."""
MODELS = ("models", "cache/models")
"""Copies of models, which stay; the reports that a released one carries do not."""
REPORTS = ("evaluation.json", "compliance.json")
JUDGED = ("evaluate", "comply")
PUSHED = ("pretrain", "train")


def clear(settings: Settings) -> list[str]:
    """Delete the copies on this machine, and return which of them there were, as paths below the state folder."""
    found = []
    for name in COPIES:
        folder = settings.state_dir / name
        if folder.is_dir():
            shutil.rmtree(folder.resolve())  # it may be a link to a larger disk
            found.append(name)
    for file in _reports(settings):
        file.unlink()
        found.append(file.relative_to(settings.state_dir).as_posix())
    return found


def present(settings: Settings) -> list[str]:
    """Return what `clear` would delete."""
    folders = [name for name in COPIES if (settings.state_dir / name).is_dir()]
    return folders + [file.relative_to(settings.state_dir).as_posix() for file in _reports(settings)]


def _reports(settings: Settings) -> list[Path]:
    return sorted(
        file for name in MODELS for file in (settings.state_dir / name).rglob("*.json") if file.name in REPORTS
    )


def by_hand(
    inventory: Inventory, audit: AuditLog, manifests: Collection[str], models: Iterable[AffectedModel]
) -> list[str]:
    """Return what people have to look at in the model store and in Airflow.

    `manifests` are those whose datasets held the subject's rows.
    """
    records = list(audit.records())
    runs = _runs(inventory, records, manifests)
    versions = [
        f"{record.data.get('repository')}@{record.data.get('version')}"
        for record in records
        if record.event == PUBLISHED and record.run_id in runs
    ]
    reviewed = sorted({str(r.run_id) for r in records if r.event == REQUESTED and r.run_id in runs})
    branches = sorted({_branch(model.manifest) for model in models if model.stage in PUSHED})
    return [
        *(f"model store: {' and '.join(REPORTS)} of {name} quote questions and answers" for name in versions),
        *(f"model store: branch {name}, if checkpoints were pushed" for name in branches),
        *(f"Airflow: texts and answers of the reviews of run {name}" for name in reviewed),
    ]


def _runs(inventory: Inventory, records: Iterable[Record], manifests: Collection[str]) -> set[str | None]:
    """Return the runs whose evaluation or compliance report was made from these manifests, or is no longer there."""
    made = {manifest.uri for manifest in inventory.descendants(manifests)} if manifests else set()
    found = set()
    for record in records:
        uri = record.data.get("manifest")
        judged = record.event == STAGE_COMPLETED and record.data.get("stage") in JUDGED
        if judged and (uri in made or uri not in inventory.manifests):
            found.add(record.run_id)
    return found


def _branch(manifest: str) -> str:
    from pipeline.train.checkpoint_branch import branch_of

    return branch_of(manifest.rpartition("/")[0])
