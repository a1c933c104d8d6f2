"""The releases of one run in the audit trail: names that were given before, and commits that this pipeline made."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.audit import AuditLog
from pipeline.errors import Refused
from pipeline.publish import alias, erasures
from pipeline.publish.erasures import PUBLISHED
from pipeline.publish.recorded import publications
from pipeline.publish.store import VERSION, ModelStore, Version

VERIFIED = "release_verified"
"""Recorded before the tag is made: a tag on a commit without such a record was made by somebody else."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the trail tells of the versions in a store's repository, and the place to tell it of one more."""

    audit: AuditLog
    store: ModelStore
    run_id: str
    model: str

    def highest(self) -> int:
        """Return the number of the newest version that the trail names: also one whose tag was deleted since.

        Withdrawals and erasures go by name, so no name is given twice.
        """
        trail, repository = self.audit.trail(), self.store.repository
        names = {str(record.data.get("version")) for record in publications(trail, repository)}
        for record in alias.rollbacks(trail, repository):
            names |= {str(record.data.get("from")), str(record.data.get("to"))}
        found = (VERSION.fullmatch(name) for name in names | erasures.versions(trail, repository))
        return max((int(match[1]) for match in found if match), default=0)

    def note(self, version: str, commit: str) -> None:
        """Record a verified commit that is about to get its tag."""
        data = {"repository": self.store.repository, "version": version, "commit": commit}
        self.audit.append(VERIFIED, actor="pipeline", run_id=self.run_id, subject=self.model, data=data)

    def require(self, version: Version) -> None:
        """Raise Refused unless this commit was noted or published under this name: its card could be anybody's.

        Releases that were made before commits were noted have only the record of their publication.
        """
        wanted = {"repository": self.store.repository, "version": version.name, "commit": version.commit}
        trail = self.audit.trail()
        known = [
            *trail.find(VERIFIED, run_id=self.run_id, subject=self.model),
            *trail.find(PUBLISHED, run_id=self.run_id, subject=self.model),
        ]
        if not any(all(record.data.get(key) == value for key, value in wanted.items()) for record in known):
            raise Refused(
                f"{version.name} carries this run's model, but nobody recorded releasing it",
                where=self.store.url(),
                remedy=f"Find out who writes to the model store, delete the tag {version.name} there, and run again",
            )
