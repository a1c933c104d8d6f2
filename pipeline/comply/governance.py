"""Governance kept as files: who does what, what can go wrong, what the model is for, and which data are used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from pipeline.comply import owasp
from pipeline.comply.policy import Part, read_yaml
from pipeline.errors import SettingsError
from pipeline.settings import PROJECT_ROOT

FOLDER = "governance"


class Activity(Part):
    """What is done, who does it (R), who answers for it (A), who is asked (C) and who is told (I)."""

    title: str
    R: tuple[str, ...] = Field(min_length=1)
    A: str
    C: tuple[str, ...] = ()
    I: tuple[str, ...] = ()  # noqa: E741 (the chart's own letter)

    def roles(self) -> set[str]:
        """Return every role that has a part in it."""
        return {*self.R, self.A, *self.C, *self.I}


class Raci(Part):
    """The RACI chart."""

    version: Literal[1]
    roles: dict[str, str] = Field(min_length=1)
    activities: dict[str, Activity] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Raci:
        for name, activity in self.activities.items():
            unknown = activity.roles() - set(self.roles)
            if unknown:
                raise ValueError(f"{name} names roles that do not exist: {', '.join(sorted(unknown))}")
        return self


class Risk(Part):
    """A risk; likelihood and impact from 1 (rare, slight) to 5 (certain, ruinous), residual as their product after."""

    id: str = Field(pattern=r"^R\d{2,3}$")
    title: str = Field(min_length=5)
    owasp: tuple[str, ...] = ()
    likelihood: int = Field(ge=1, le=5)
    impact: int = Field(ge=1, le=5)
    treatment: Literal["avoid", "reduce", "transfer", "accept"]
    measures: str = Field(min_length=10)
    checks: tuple[str, ...] = ()
    residual: int = Field(ge=1, le=25)
    owner: str
    review_by: date

    @property
    def score(self) -> int:
        """Return likelihood times impact."""
        return self.likelihood * self.impact

    @model_validator(mode="after")
    def _sound(self) -> Risk:
        unknown = set(self.owasp) - set(owasp.RISKS)
        if unknown:
            raise ValueError(f"{self.id} names risks that OWASP does not list: {', '.join(sorted(unknown))}")
        if self.residual > self.score:
            raise ValueError(f"{self.id} is said to be worse after its treatment than before")
        return self


class RiskRegister(Part):
    """All risks; together they cover the OWASP Top 10 for LLM applications."""

    version: Literal[1]
    risks: tuple[Risk, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> RiskRegister:
        ids = [risk.id for risk in self.risks]
        if len(set(ids)) != len(ids):
            raise ValueError("two risks have the same id")
        missing = set(owasp.RISKS) - {name for risk in self.risks for name in risk.owasp}
        if missing:
            raise ValueError(f"no risk covers: {', '.join(sorted(missing))}")
        return self


class AcceptableUse(Part):
    """What the model is for, what it must not be used for, and what its users must do."""

    version: Literal[1]
    purpose: str = Field(min_length=20)
    audience: str
    allowed: tuple[str, ...] = Field(min_length=1)
    forbidden: tuple[str, ...] = Field(min_length=1)
    obligations: tuple[str, ...] = Field(min_length=1)
    limits: tuple[str, ...] = Field(min_length=1)
    contact: str


class DataSource(Part):
    """A registered source; retention in days."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str
    kind: Literal["web", "jira", "table"]
    licence: str
    owner: str
    lawful_basis: str = Field(min_length=5)
    personal_data: bool
    retention_days: int = Field(ge=1)


class DataSources(Part):
    """The register of data sources."""

    version: Literal[1]
    sources: tuple[DataSource, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> DataSources:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError("a source is registered twice")
        return self

    def source(self, name: str) -> DataSource | None:
        """Return a registered source, None when it is not registered."""
        return next((source for source in self.sources if source.name == name), None)


class Governance(Part):
    """The four records."""

    raci: Raci
    risks: RiskRegister
    use: AcceptableUse
    sources: DataSources

    def problems(self, today: date) -> Iterator[str]:
        """Yield what is wrong between the records, or out of date."""
        roles = set(self.raci.roles)
        for risk in self.risks.risks:
            if risk.owner not in roles:
                yield f"the owner of risk {risk.id} ({risk.owner}) is no role of the RACI chart"
            if risk.review_by < today:
                yield f"risk {risk.id} should have been looked at again by {risk.review_by}"
        for source in self.sources.sources:
            if source.owner not in roles:
                yield f"the owner of the source {source.name} ({source.owner}) is no role of the RACI chart"


FILES: dict[str, tuple[str, type[Part]]] = {
    "raci": ("raci.yaml", Raci),
    "risks": ("risk_register.yaml", RiskRegister),
    "use": ("acceptable_use.yaml", AcceptableUse),
    "sources": ("data_sources.yaml", DataSources),
}


def folder(root: Path) -> Path:
    """Return where the records are: beside the policy, else the project's own."""
    return root / FOLDER if (root / FOLDER).is_dir() else PROJECT_ROOT / FOLDER


def load(root: Path) -> Governance:
    """Read and validate the records; raises SettingsError naming the file and what is wrong in it."""
    parts = {}
    for name, (file, kind) in FILES.items():
        path = folder(root) / file
        try:
            parts[name] = kind.model_validate(read_yaml(path))
        except ValidationError as problem:
            lines = [f"{'.'.join(map(str, error['loc'])) or file}: {error['msg']}" for error in problem.errors()]
            raise SettingsError(
                "A governance record is not valid: " + "; ".join(lines),
                where=str(path),
                remedy="docs/governance.md explains each record",
            ) from None
    return Governance.model_validate(parts)


def summary(root: Path) -> dict[str, Any] | None:
    """Return the records for a report, None when they are not valid (a check of its own says why)."""
    try:
        found = load(root)
    except SettingsError:
        return None
    return found.model_dump(mode="json")


def roles(root: Path) -> frozenset[str] | None:
    """Return the roles of the RACI chart, None when the records are not valid (a check of its own says why)."""
    try:
        return frozenset(load(root).raci.roles)
    except SettingsError:
        return None


def overdue(root: Path, today: date) -> list[str]:
    """Return the risks whose review day has passed; empty when the register is not valid."""
    try:
        return [risk.id for risk in load(root).risks.risks if risk.review_by < today]
    except SettingsError:
        return []


def digest(root: Path) -> str:
    """Return a digest of the records' files."""
    content = hashlib.sha256()
    for file, _ in FILES.values():
        path = folder(root) / file
        content.update(file.encode() + b"\0" + (path.read_bytes() if path.is_file() else b""))
    return content.hexdigest()[:16]
