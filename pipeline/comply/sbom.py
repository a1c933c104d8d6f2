"""The bill of materials: every package, the models and the data, as a CycloneDX document (https://cyclonedx.org)."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from pipeline.comply.subject import Subject
from pipeline.errors import SettingsError
from pipeline.manifest import digest_of
from pipeline.settings import PROJECT_ROOT

SPECIFICATION = "1.6"
UNLOCKED = frozenset({"llmops-pipeline", "pip", "setuptools", "wheel"})
"""Packages that no lock has: the project itself, and what installs the others and takes no part in a run."""
_BASE_MODEL = re.compile(r"^pypi:([^=]+)==(.+)$")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;#]+)")
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package; its own metadata state `licence`, and in `demands` the versions that it needs exactly."""

    name: str
    version: str
    licence: str | None
    demands: tuple[tuple[str, str], ...] = ()

    @property
    def purl(self) -> str:
        """Return its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def normal(name: str) -> str:
    """Return a package's name in the form in which two spellings meet (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def installed() -> tuple[Package, ...]:
    """Return the packages of this environment, sorted; of two that shadow each other the one that is imported."""
    found: dict[str, Package] = {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name and normal(name) not in found:
            found[normal(name)] = Package(
                normal(name),
                distribution.version,
                _licence(distribution.metadata),
                tuple((normal(pin[1]), pin[2]) for line in distribution.requires or () if (pin := _PIN.match(line))),
            )
    return tuple(found[name] for name in sorted(found))


def lock_file(subject: Subject) -> Path:
    """Return the lock file that the policy names: beside the policy, else the project's own."""
    beside = subject.root / subject.policy.supply_chain.lock
    return beside if beside.is_file() else PROJECT_ROOT / subject.policy.supply_chain.lock


def pins(lock: Path) -> dict[str, str]:
    """Return the pinned versions of a lock file by package. Raises SettingsError when it cannot be read."""
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"The lock file cannot be read: {problem}", where=str(lock), remedy="Set supply_chain.lock in the policy"
        ) from None
    return {normal(found[1]): found[2] for line in lines if (found := _PIN.match(line.strip()))}


def drifted(package: Package, locked: Mapping[str, str]) -> bool:
    """Tell whether a package is in another version than its pin; a build's local label (`+cpu`) is no other version."""
    pinned = locked.get(package.name)
    return pinned is not None and pinned.split("+")[0] != package.version.split("+")[0]


def unlocked(packages: Iterable[Package], locked: Mapping[str, str], base_models: Iterable[str]) -> list[Package]:
    """Return the packages that the lock does not have and should.

    A base model that comes as a package is none of them in the version under which the policy lists it
    (`pypi:name==version`), nor is what a package of the lock, in its version of the lock, demands in exactly this
    version: torch's builds for GPUs bring their libraries so.
    """
    known = {(normal(found[1]), found[2]) for name in base_models if (found := _BASE_MODEL.match(name))}
    left = list(packages)
    trusted = [package for package in left if package.name in locked and not drifted(package, locked)]
    while trusted:
        known |= {pin for package in trusted for pin in package.demands}
        left = [package for package in left if package not in trusted]
        trusted = [
            package for package in left if package.name not in locked and (package.name, package.version) in known
        ]
    return [package for package in left if package.name not in locked and package.name not in UNLOCKED]


def bill(subject: Subject, locked: Mapping[str, str]) -> dict[str, Any]:
    """Return the CycloneDX document: no time and a derived serial number, so the same things give the same bytes."""
    components = [_package(package, locked) for package in installed()]
    components += _models(subject)
    components += [
        {
            "type": "data",
            "bom-ref": f"data:{source}:{licence}",
            "name": source,
            "licenses": [_licences(licence)],
            "data": [{"type": "dataset", "name": source, "description": f"{rows} rows"}],
        }
        for (source, licence), rows in subject.rows.licences_by_source().items()
    ]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, digest_of(components))
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {"type": "machine-learning-model", "bom-ref": "candidate", "name": subject.candidate.name},
            "tools": {"components": [{"type": "application", "name": "llmops-pipeline"}]},
        },
        "components": components,
        "dependencies": [{"ref": "candidate", "dependsOn": ["base-model"] if subject.origin.name else []}],
    }


def _package(package: Package, locked: Mapping[str, str]) -> dict[str, Any]:
    pinned = locked.get(package.name)
    state = f"pinned to {pinned}" if drifted(package, locked) else "as pinned" if pinned else "not pinned"
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "properties": [{"name": "llmops:lock", "value": state}],
    }
    if package.licence:
        entry["licenses"] = [{"license": {"name": package.licence}}]
    return entry


def _models(subject: Subject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if subject.origin.name:
        found.append(
            {
                "type": "machine-learning-model",
                "bom-ref": "base-model",
                "name": subject.origin.name,
                "version": subject.origin.revision or "unknown",
                "licenses": [_licences(subject.origin.licence)],
            }
        )
    output = subject.candidate.output
    if output is not None:
        found += [
            {
                "type": "file",
                "bom-ref": f"candidate/{entry.path}",
                "name": entry.path,
                "hashes": [{"alg": "SHA-256", "content": entry.sha256}],
            }
            for entry in output.files
        ]
    return found


def _licences(expression: str) -> dict[str, Any]:
    return {"expression": expression}


def _licence(metadata: Any) -> str | None:
    stated = metadata.get("License-Expression") or metadata.get("License")
    if stated and len(stated) <= 80 and "\n" not in stated:
        return str(stated)
    for classifier in metadata.get_all("Classifier") or ():
        if classifier.startswith(_CLASSIFIER):
            return str(classifier[len(_CLASSIFIER) :])
    return None
