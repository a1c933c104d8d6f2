"""Known vulnerabilities, from advisories in the OSV format (https://ossf.github.io/osv-schema) on this machine.

No service is asked: the machine that checks a model may reach none. Whoever runs the pipeline puts a copy of the
advisories for PyPI where the policy says, and the report states how old it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from pipeline.comply.sbom import Package, normal
from pipeline.errors import SettingsError

ECOSYSTEM = "pypi"


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A package in use that an advisory is about."""

    package: str
    version: str
    id: str
    summary: str
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Advisories:
    """Advisories that were read: how many, and the latest day on which one of them was changed."""

    count: int
    modified: str | None
    found: tuple[Vulnerability, ...]


def match(place: Path, packages: Iterable[Package]) -> Advisories:
    """Return which packages the advisories of a file or a folder are about.

    Raises SettingsError when a document cannot be read: an advisory that is skipped in silence is worse than none.
    """
    in_use = {package.name: package for package in packages}
    count, modified = 0, ""
    found: dict[tuple[str, str], Vulnerability] = {}
    for advisory in _documents(place):
        count += 1
        modified = max(modified, str(advisory.get("modified") or ""))
        if advisory.get("withdrawn"):
            continue
        for vulnerability in _matches(advisory, in_use):
            found[vulnerability.package, vulnerability.id] = vulnerability
    return Advisories(count, modified or None, tuple(found[key] for key in sorted(found)))


def _documents(place: Path) -> Iterator[Mapping[str, Any]]:
    files = sorted(place.rglob("*.json*")) if place.is_dir() else [place]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".jsonl":
                yield from (json.loads(line) for line in text.split("\n") if line.strip())
            else:
                content = json.loads(text)
                yield from content if isinstance(content, list) else [content]
        except (OSError, ValueError) as problem:
            raise SettingsError(
                f"The advisories cannot be read: {problem}",
                where=str(file),
                remedy="Give OSV documents: one JSON document each file, or JSON Lines",
            ) from None


def _matches(advisory: Mapping[str, Any], in_use: Mapping[str, Package]) -> Iterator[Vulnerability]:
    for affected in advisory.get("affected") or ():
        package = affected.get("package") or {}
        if str(package.get("ecosystem", "")).lower() != ECOSYSTEM:
            continue
        used = in_use.get(normal(str(package.get("name", ""))))
        if used is None or not _affects(affected, used.version):
            continue
        text = str(advisory.get("summary") or advisory.get("details") or "").strip().splitlines()
        yield Vulnerability(
            used.name, used.version, str(advisory.get("id")), text[0][:200] if text else "", _fixed(affected)
        )


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in (affected.get("versions") or ()):
        return True
    try:
        mine = Version(version)
    except InvalidVersion:
        return True  # what cannot be compared is not proven to be safe
    return any(_in_range(entry, mine) for entry in affected.get("ranges") or () if entry.get("type") == "ECOSYSTEM")


def _in_range(entry: Mapping[str, Any], mine: Version) -> bool:
    """Walk the events in the order of their versions: introduced switches on, fixed and past last_affected off."""
    events: list[tuple[Version, int, bool]] = []
    for event in entry.get("events") or ():
        for kind, value in event.items():
            try:
                at = Version("0" if value == "0" else str(value))
            except InvalidVersion:
                continue
            if kind == "introduced":
                events.append((at, 0, True))
            elif kind == "fixed":
                events.append((at, 0, False))
            elif kind == "last_affected":
                events.append((at, 1, False))
    vulnerable = False
    for at, after, switch in sorted(events, key=lambda one: (one[0], one[1])):
        if mine > at or (mine == at and not after):
            vulnerable = switch
    return vulnerable


def _fixed(affected: Mapping[str, Any]) -> str | None:
    versions = [
        str(event["fixed"])
        for entry in affected.get("ranges") or ()
        for event in entry.get("events") or ()
        if "fixed" in event and entry.get("type") == "ECOSYSTEM"
    ]
    return versions[-1] if versions else None
