"""Which models learned from a subject's rows, and under which versions they were released."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from pipeline.audit import AuditLog
from pipeline.privacy.inventory import MODEL_OUTPUTS, Inventory
from pipeline.publish.erasures import PUBLISHED

TRAINED = ("pretrain", "train", "tune")


class AffectedModel(BaseModel):
    """A model whose training set held the subject: weights cannot be erased row by row, so people have to decide."""

    stage: str
    manifest: str
    run_id: str
    digest: str
    versions: list[str] = []


def affected_models(inventory: Inventory, manifests: Iterable[str], audit: AuditLog) -> list[AffectedModel]:
    """Return the models made from any of these manifests (URIs), with the versions that the audit trail names."""
    released: dict[str, list[str]] = {}
    for record in audit.find(PUBLISHED):
        version = f"{record.data.get('repository')}@{record.data.get('version')}"
        released.setdefault(record.subject or "", []).append(version)
    found = []
    for manifest in inventory.descendants(manifests):
        outputs = [output for name, output in manifest.outputs.items() if name in MODEL_OUTPUTS]
        if manifest.stage not in TRAINED or not outputs:
            continue
        found.append(
            AffectedModel(
                stage=manifest.stage,
                manifest=manifest.uri,
                run_id=manifest.run_id,
                digest=outputs[0].digest,
                versions=released.get(outputs[0].digest, []),
            )
        )
    return sorted(found, key=lambda model: (model.stage, model.manifest))
