"""Checking a model that did not come out of the pipeline: less is promised about it, so less can be proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pipeline.comply import governance, held_out, report
from pipeline.comply.model_card import stated_licence
from pipeline.comply.policy import Policy, load_policy
from pipeline.comply.probing import Prober
from pipeline.comply.registry import require_known
from pipeline.comply.runner import run_checks
from pipeline.comply.sources import base_of, model_at, rows_at
from pipeline.comply.stage import conclude, files
from pipeline.comply.subject import Origin, Subject
from pipeline.encoding import prompt_limit
from pipeline.lake import Lake
from pipeline.records import UNKNOWN_LICENCE
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it: the report's files by name, and the facts of a manifest."""

    files: dict[str, bytes]
    facts: dict[str, Any]
    report: dict[str, Any]


def check(
    settings: Settings,
    lake: Lake,
    *,
    model: str,
    data: str,
    base: str | None = None,
    base_licence: str | None = None,
    data_licence: str = UNKNOWN_LICENCE,
    questions: int = 32,
    policy: Policy | None = None,
    today: date | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Check a model against data, and against its base model where one is named.

    Held-out questions are asked here, because there is no evaluation. Nothing of the model is loaded before its files
    have passed. Raises PipelineError when model or data do not exist.
    """
    policy = policy or load_policy(settings.policy_file)
    day = today or datetime.now(UTC).date()
    require_known(policy, day, governance.roles(settings.policy_file.parent))
    rows = rows_at(data, lake, data_licence)
    candidate = model_at(model, settings, lake)
    reference = model_at(base, settings, lake, of=base_of) if base else None
    subject = Subject(
        policy=policy,
        sampling=settings.comply,
        today=day,
        candidate=candidate,
        base=reference,
        origin=_origin(settings, candidate.folder, base, base_licence, reference.folder if reference else None),
        rows=rows,
        root=settings.policy_file.parent,
        refusal_texts=settings.prepare.refusals().every(),
        asked=held_out.probes_of(rows, questions),
        lake=lake,
    )
    say(f"checking {candidate.name}")
    longest = prompt_limit(settings.features.max_length)
    prober = Prober(lake, settings.comply.batch_size, settings.audit.signing_key, longest)
    findings = run_checks(subject, prober, say=say)
    made = report.document(subject, findings, conclude(subject, findings), governance.summary(subject.root))
    return Checked(files(subject, made), report.facts(made), made)


def _origin(settings: Settings, folder: Any, base: str | None, licence: str | None, base_folder: Any) -> Origin:
    """Take the licence from whoever is nearest to the bytes: the caller, the cards, at last the settings."""
    origin = Origin(name=base, revision=None)
    if licence:
        return replace(origin, licence=licence, stated_by="the command")
    for place, by in ((base_folder, "the base model's card"), (folder, "the model's card")):
        stated = stated_licence(place) if place else None
        if stated:
            return replace(origin, licence=stated, stated_by=by)
    return replace(origin, licence=settings.model.licence, stated_by="the settings")
