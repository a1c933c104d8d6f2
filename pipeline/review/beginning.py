"""How a run began, as its reviewers are told: who started it, why, from which base model, and what they asked for.

All of it is taken from the audit trail and from a base model that the trail knows: what makes a run unusual is shown by
those who record it, not by those who started it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.audit.records import Record
from pipeline.manifest import Manifest
from pipeline.review.text import cell
from pipeline.settings import Settings

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Changed:
    """A parameter that the run was given, and what it is without that."""

    name: str
    given: object
    usual: object


@dataclass(frozen=True, slots=True)
class Beginning:
    """`starts` are who started the run (again), through which DAG and why; `base` are the facts of its base model."""

    starts: Sequence[tuple[str, str, str]] = ()
    base: Mapping[str, Any] | None = None
    changed: Sequence[Changed] = ()

    def lines(self) -> Iterator[str]:
        """Yield it as paragraphs of Markdown."""
        for who, dag, why in self.starts:
            yield f"Started by {cell(who)} ({cell(dag)}): {cell(why)}"
        if self.base is not None:
            facts = [str(self.base.get(name) or "not stated") for name in ("name", "revision", "licence")]
            yield "Base model {}, revision {}, licence {}".format(*map(cell, facts))
        if self.changed:
            rows = "\n".join(f"| {cell(c.name)} | {cell(c.given)} | {cell(c.usual)} |" for c in self.changed)
            yield f"**Not as configured:**\n\n| parameter | this run | settings |\n|---|---|---|\n{rows}"


NOT_TOLD = Beginning()


def of(started: Sequence[Record], settings: Settings, base: Manifest | None) -> Beginning:
    """Return how a run began from its records of `run_started`, the settings without its own, and its base model."""
    starts = [(record.actor, str(record.data.get("dag")), str(record.data.get("reason"))) for record in started]
    changed = {one.name: one for record in started for one in _changed(record, settings)}
    return Beginning(starts, base.facts if base else None, list(changed.values()))


def _changed(record: Record, settings: Settings) -> Iterator[Changed]:
    """Yield what a run was started with that the settings have not; a later start of it replaces an earlier one."""
    for section, values in (record.data.get("overrides") or {}).items():
        usual = getattr(settings, section)
        for name, given in values.items():
            if given != getattr(usual, name):
                yield Changed(f"{section}.{name}", given, getattr(usual, name))
    snapshot = record.data.get("snapshot")
    if snapshot and snapshot != LATEST:
        yield Changed("data_snapshot", snapshot, LATEST)
