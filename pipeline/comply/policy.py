"""The policy: what a model must achieve, which licences are allowed, who signs off, and what is waived until when.

It is one readable file (`policy.yaml`). A key that nobody reads is a mistake and is refused, because a misspelt
threshold would be no threshold at all. Nothing here imports anything heavy: DAG files read it while they are parsed.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pipeline.errors import SettingsError
from pipeline.manifest import digest_of
from pipeline.review.signoff import Rule

Role = Literal["model", "legal"]
ROLES: tuple[Role, ...] = ("model", "legal")
"""Both must approve; a policy that names nobody for one of them lets nothing be published."""
IntendedUse = Literal["commercial", "non_commercial", "research"]
Distribution = Literal["internal", "public"]
Action = Literal["refuse", "warn"]
Judgement = Literal["significant", "point", "off"]


class Part(BaseModel):
    """A part of the policy; unknown keys are refused, and so is what is no number: nothing is above `.nan`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RolePolicy(Part):
    """Who may sign off in a role, and how many of them must."""

    reviewers: tuple[str, ...] = ()
    approvals: int = Field(1, ge=1, le=10)

    @field_validator("reviewers")
    @classmethod
    def _named(cls, reviewers: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() or name != name.strip() for name in reviewers):
            raise ValueError("a reviewer's name is empty or has blanks around it")
        if len({name.casefold() for name in reviewers}) != len(reviewers):
            raise ValueError("a reviewer is named twice")
        return reviewers


class SignOffPolicy(Part):
    """Sign-off: roles, for how many days an approval holds, and whether the audit trail must be signed.

    An unsigned trail proves nothing against someone who can write to the lake, so signing is left out knowingly only.
    """

    max_age_days: float = Field(7.0, gt=0, le=365)
    require_signature: bool = True
    roles: dict[Role, RolePolicy] = {}

    def role(self, name: Role) -> RolePolicy:
        """Return a role's rule; without reviewers when the policy does not mention it."""
        return self.roles.get(name, RolePolicy())


class PerformancePolicy(Part):
    """The performance gate (F1).

    `metric` is compared with the base model and with the champion by a paired bootstrap over the held-out questions.
    `significant`: the 95 % interval and the p-value decide; `point`: the plain difference decides. `minimum` holds
    absolute floors by metric name, in the metric's own unit (token_f1 from 0 to 1, bleu and chrf from 0 to 100); of a
    metric of which less is better it is the most that is allowed.
    """

    metric: str = "token_f1"
    improvement_over_base: Judgement = "significant"
    regression_against_champion: Judgement = "significant"
    minimum: dict[str, float] = {}
    minimum_questions: int = Field(10, ge=1)
    maximum_wrong_refusals: float = Field(0.5, ge=0, le=1)


class LicencePolicy(Part):
    """Which SPDX licences may be used for what.

    A licence expression is allowed when it can be satisfied with allowed licences only: one side of an OR, both of an
    AND. `unknown` says what to do about data or models whose licence nobody stated. `base_models` names the base models
    that a retraining may be triggered with, and their licences: who triggers a run does not state a licence. A
    revision of one may be named only where it stands there too, as `owner/name@revision`.
    """

    intended_use: IntendedUse = "commercial"
    distribution: Distribution = "internal"
    release: str = "LicenseRef-Proprietary"
    data: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    base_models: dict[str, str] = {}
    unknown: Action = "refuse"

    def of_base_model(self, name: str) -> str | None:
        """Return the licence under which the policy knows a base model, None for one or for a revision not listed.

        Nobody has looked at a revision that is not listed: any proposed change to a repository is one.
        """
        return self.base_models.get(name)

    def lists(self, name: str) -> bool:
        """Tell whether the policy lists a base model, at whichever revision."""
        return any(listed == name or listed.startswith(f"{name}@") for listed in self.base_models)


class SupplyChainPolicy(Part):
    """The software that makes and runs the model. Paths are relative to the policy file."""

    lock: str = "constraints.txt"
    drift: Action = "warn"
    advisories: str | None = None
    advisories_missing: Action = "warn"
    advisories_max_age_days: int | None = Field(None, ge=1)


class CheckPolicy(Part):
    """What the policy changes about one check."""

    on_failure: Action = "refuse"
    thresholds: dict[str, float] = {}


class Waiver(Part):
    """An accepted risk: one check may fail until a day, for a reason that somebody answers for.

    `owner` is a role of the RACI chart or a reviewer. `subject` narrows it to one model, by the first 12 or more
    characters of its digest.
    """

    check: str
    owner: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=20)]
    expires: date
    subject: Annotated[str, StringConstraints(strip_whitespace=True, min_length=12)] | None = None

    def holds(self, check: str, model: str, today: date) -> bool:
        """Tell whether the waiver excuses a failed check of a model on a day."""
        return (
            self.check == check and today <= self.expires and (self.subject is None or model.startswith(self.subject))
        )


class Policy(Part):
    """Everything that the compliance gate and the sign-off go by."""

    version: Literal[1]
    sign_off: SignOffPolicy = SignOffPolicy()
    performance: PerformancePolicy = PerformancePolicy()
    licences: LicencePolicy = LicencePolicy()
    supply_chain: SupplyChainPolicy = SupplyChainPolicy()
    require_all_probes: bool = False
    checks: dict[str, CheckPolicy] = {}
    waivers: tuple[Waiver, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Policy:
        seen = [(waiver.check, waiver.subject) for waiver in self.waivers]
        if len(set(seen)) != len(seen):
            raise ValueError("two waivers are for the same check and subject")
        return self

    def sign_off_rules(self) -> list[Rule]:
        """Return one rule for each role that must approve: both, also when the policy forgets one."""
        found = []
        for name in ROLES:
            role = self.sign_off.role(name)
            found.append(Rule(role=name, reviewers=frozenset(role.reviewers), approvals=role.approvals))
        return found

    def reviewers(self) -> set[str]:
        """Return everyone who may sign off in some role."""
        return {name for role in self.sign_off.roles.values() for name in role.reviewers}

    def check(self, slug: str) -> CheckPolicy:
        """Return what the policy says about a check; the defaults when it says nothing."""
        return self.checks.get(slug, CheckPolicy())

    def waiver(self, check: str, model: str, today: date) -> Waiver | None:
        """Return the waiver that excuses a failed check of a model on a day, if any."""
        return next((waiver for waiver in self.waivers if waiver.holds(check, model, today)), None)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the policy's meaning: comments and order of keys do not count."""
        return digest_of(self.model_dump(mode="json"))


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently keep the last."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.YAMLError(f"stands twice: {', '.join(twice)} (line {node.start_mark.line + 1})")
    return dict(loader.construct_mapping(node, deep=True))


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file; raises SettingsError when it is missing or no YAML, or a key stands twice."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise SettingsError(
            "The file does not exist", where=str(file), remedy="Copy the sample that comes with the project"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise SettingsError(f"The file cannot be read: {problem}", where=str(file)) from None


def load_policy(file: Path) -> Policy:
    """Read and validate the policy.

    Raises SettingsError naming each wrong key, so that no run goes by a policy that says something else than meant.
    """
    content = read_yaml(file)
    try:
        return Policy.model_validate(content)
    except ValidationError as problem:
        lines = [
            f"{'.'.join(str(part) for part in error['loc']) or 'policy'}: {error['msg']}" for error in problem.errors()
        ]
        raise SettingsError(
            "The policy is not valid: " + "; ".join(lines),
            where=str(file),
            remedy="Correct these keys; the sample policy.yaml explains each",
        ) from None
