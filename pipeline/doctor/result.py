"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.scrubbing import without_secrets

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Result:
    """A check's name, how it stands, what was found, and how to mend it (empty when nothing is to be done)."""

    name: str
    status: Status
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Result:
    """Return a result that needs nothing."""
    return Result(name, "ok", found)


def warning(name: str, found: str, remedy: str) -> Result:
    """Return a result that works for now."""
    return Result(name, "warning", without_secrets(found), remedy)


def failed(name: str, found: str, remedy: str) -> Result:
    """Return a result that stops the pipeline."""
    return Result(name, "failed", without_secrets(found), remedy)
