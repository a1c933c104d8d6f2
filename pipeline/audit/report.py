"""The audit trail for people: what was done with data and models, by whom, and whether that can be relied on.

Every sentence is made from records of the trail. Where a record names a manifest that is still in the lake, the
manifest's facts are added; where it is gone, the report says so instead of leaving it out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.audit.records import Fault, Head, Record
from pipeline.audit.sentences import RESULTS, describe
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent.parent / "evaluate" / "report" / "style.css"
OUTSIDE = "outside any run"


@dataclass(frozen=True, slots=True)
class Line:
    """One record as a sentence."""

    number: int
    at: str
    actor: str
    event: str
    text: str
    tone: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Chapter:
    """Everything that happened in one run."""

    run: str
    lines: list[Line] = field(default_factory=list)
    starter: str | None = None
    begun: str | None = None
    result: str = "no end was recorded"
    data: dict[str, str] = field(default_factory=dict)
    findings: list[Mapping[str, Any]] = field(default_factory=list)
    approvals: list[Line] = field(default_factory=list)
    model: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """The whole report."""

    chapters: list[Chapter]
    faults: list[Fault]
    head: Head
    signed: bool
    witnesses: Sequence[str]
    made_at: str
    records: int


def build(
    lake: Lake,
    records: Iterable[Record],
    faults: list[Fault],
    head: Head,
    *,
    signed: bool,
    witnesses: Sequence[str] = (),
    run: str | None = None,
    now: datetime | None = None,
) -> Trail:
    """Gather the report; with `run`, only that run's chapter, while the verification covers the whole trail."""
    chapters: dict[str, Chapter] = {}
    count = 0
    for record in records:
        count += 1
        name = record.run_id or OUTSIDE
        if run is not None and not record.of_run(run):
            continue
        chapter = chapters.setdefault(name, Chapter(name))
        line = _line(record)
        chapter.lines.append(line)
        _note(lake, chapter, record, line)
    made = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    return Trail(list(chapters.values()), faults, head, signed, witnesses, made, count)


def to_html(trail: Trail) -> str:
    """Return the report as one self-contained page without scripts; everything recorded is escaped."""
    template = _environment().get_template("audit.html.j2")
    return str(template.render(trail=trail, style=STYLE.read_text(encoding="utf-8")))


@functools.cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _line(record: Record) -> Line:
    text, tone = describe(record)
    at = record.at.isoformat(timespec="seconds")
    return Line(record.number, at, record.actor, record.event, text, tone, record.data)


def _note(lake: Lake, chapter: Chapter, record: Record, line: Line) -> None:
    """Put what the summary of a run is made of in its place."""
    data = record.data
    if record.event == "run_started":
        chapter.starter, chapter.begun = record.actor, line.at
    elif record.event == "run_finished":
        chapter.result = RESULTS.get(str(data.get("result")), str(data.get("result")))
    elif record.event == "review_answered":
        chapter.approvals.append(line)
    elif record.event == "published":
        chapter.version = f"{data.get('repository')} {data.get('version')}"
    elif record.event == "gate_decided":
        chapter.model = record.subject
    elif record.event == "stage_completed":
        _stage_facts(lake, chapter, data)


def _stage_facts(lake: Lake, chapter: Chapter, data: Mapping[str, Any]) -> None:
    stage = data.get("stage")
    if stage not in ("repository", "prepare", "base-model", "comply"):
        return
    manifest = _manifest(lake, str(data.get("manifest")))
    if manifest is None:
        chapter.data[f"{stage}"] = "its manifest is no longer in the lake"
    elif stage == "repository":
        for name, source in (manifest.facts.get("sources") or {}).items():
            if isinstance(source, Mapping):
                chapter.data[f"source {name}"] = f"{source.get('rows')} rows, licence {source.get('licence')}"
    elif stage == "base-model":
        facts = manifest.facts
        chapter.data["base model"] = (
            f"{facts.get('name')}, revision {facts.get('revision')}, licence {facts.get('licence')}"
        )
    elif stage == "comply":
        chapter.findings = list(manifest.facts.get("findings") or [])


def _manifest(lake: Lake, uri: str) -> Manifest | None:
    try:
        return load_manifest(lake, uri)
    except LakeError:
        return None
