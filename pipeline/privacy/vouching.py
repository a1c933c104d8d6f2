"""The audit trail and the manifests that an erasure writes again.

The trail knows a manifest by the seal over all that it says, so one that was written again is unknown to it. An erasure
therefore records each of them, but only as far as the trail could be relied on before: a manifest that no stage
recorded, or one whose files somebody had changed, does not become right by being written again.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from pipeline.audit import AuditLog
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import Manifest
from pipeline.privacy.inventory import Inventory, files_of
from pipeline.review.evidence import REWRITTEN, seal, vouched

log = get_logger(__name__)


class Plan(BaseModel):
    """What an erasure is about to change: noted in the lake before, for the case that it is killed.

    `files` are written again; `doubtful` are those among them that were not what their manifest promised even before.
    """

    files: list[str]
    doubtful: list[str] = []
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, lake: Lake, inventory: Inventory, files: list[str]) -> Plan:
        """Compare the files with what manifests promise of them, and return the plan to write them again."""
        promised: dict[str, set[str]] = {}
        for manifest in inventory.manifests.values():
            for output in manifest.outputs.values():
                for file in output.files:
                    promised.setdefault(f"{output.uri}/{file.path}", set()).add(file.sha256)
        return cls(
            files=files, doubtful=[uri for uri in files if uri in promised and {lake.digest(uri)} != promised[uri]]
        )

    @classmethod
    def load(cls, lake: Lake, uri: str) -> Plan:
        """Read the plan of an erasure that was killed; raises LakeError when it is damaged."""
        try:
            return cls.model_validate_json(lake.read(uri))
        except ValueError:
            raise LakeError(
                "The note of an erasure that was not finished is damaged",
                where=uri,
                remedy="Delete it and run: llmops lake verify; it names the manifests whose files are others",
            ) from None

    @property
    def digest(self) -> str:
        """Return the SHA-256 that the record of the erasure's beginning keeps: a plan that others wrote is not it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Vouching:
    """Records the manifests of one erasure."""

    def __init__(self, audit: AuditLog, reference: str, plan: Plan, *, actor: str) -> None:
        """Read from the trail which manifests it knows, and whether the erasure began with this plan."""
        self.plan = plan
        self._audit, self._actor, self._reference = audit, actor, reference
        self._trail = audit.trail()
        began = any(r.subject == reference and r.data.get("plan") == plan.digest for r in self._trail.records)
        self._doubtful = set(plan.doubtful) | (set() if began else set(plan.files))

    def rewritten(self, old: Manifest, new: Manifest) -> None:
        """Record that a manifest is about to be written again.

        Before and not after: a manifest that nothing vouches for would be lost to later runs, while a record of one
        that a killed erasure did not write says nothing about any other.
        """
        if not vouched(self._trail, old) or not self._doubtful.isdisjoint(files_of(old)):
            log.warning("the audit trail could not vouch for this manifest, and does not now", manifest=old.uri)
            return
        data = {
            "stage": new.stage,
            "manifest": new.uri,
            "seal": seal(new),
            "was": old.digest,
            "reference": self._reference,
        }
        self._audit.append(REWRITTEN, actor=self._actor, subject=new.digest, data=data)
