"""What the audit trail is made of: records, the head that names the last one, and faults."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

GENESIS = "0" * 64


class Record(BaseModel):
    """One event: who did what to which thing, when, and the chain that proves its place."""

    model_config = ConfigDict(extra="forbid")

    number: int
    at: datetime
    event: str
    actor: str
    run_id: str | None = None
    subject: str | None = None
    data: dict[str, Any] = {}
    previous: str
    hash: str = ""
    signature: str | None = None

    def computed_hash(self) -> str:
        """Return the SHA-256 over everything but the hash and the signature."""
        body = self.model_dump(mode="json", exclude={"hash", "signature"})
        return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def of_run(self, run: str) -> bool:
        """Tell whether this belongs to a run, named as `<dag>/<run>` or, by people, as Airflow shows it."""
        return self.run_id is not None and run in (self.run_id, self.run_id.rpartition("/")[2])

    def to_bytes(self) -> bytes:
        """Return the one form in which a record is kept; any other bytes of the same meaning are an edit."""
        return self.model_dump_json(indent=1).encode()


class Head(BaseModel):
    """The last record's number and hash."""

    number: int
    hash: str


class Fault(BaseModel):
    """A place where the trail does not hold."""

    number: int
    problem: str
