"""The sample ticket server's issues, and the failures that it was told to make."""

from __future__ import annotations

import gzip
import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).with_name("samples") / "tickets.json"


@dataclass(slots=True)
class Fault:
    """A failure for requests whose path and query match: its status, headers and body, and how many requests get it.

    `mode` "truncate" cuts the right answer in half, "drip" sends it a byte at a time, "hang_up" closes the
    connection; "answer" sends status, headers and body.
    """

    pattern: str
    status: int = 429
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    mode: str = "answer"


@dataclass(slots=True)
class TicketStore:
    """Issues in the shape of the API, each with all its comments, and what a test wants to know afterwards."""

    issues: dict[str, dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, file: Path = SAMPLES) -> TicketStore:
        """Read issues from a JSON file, gzipped or not."""
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        return cls({issue["id"]: issue for issue in json.loads(raw)["issues"]})

    def find(self, name: str) -> dict[str, Any] | None:
        """Return an issue by id or key."""
        found = self.issues.get(name)
        return found or next((issue for issue in self.issues.values() if issue["key"] == name), None)

    def fault_for(self, target: str) -> Fault | None:
        """Return the fault that a request meets, and count it."""
        with self.lock:
            self.requests.append(target)
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, target):
                    fault.times -= 1
                    return fault
        return None
