"""Choosing a foundation model (D1): candidates measured on a sample of the task, before anything is tuned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline import model_cache
from pipeline.encoding import Asked, prompt_limit
from pipeline.errors import PipelineError
from pipeline.lake import Lake
from pipeline.records import UNKNOWN_LICENCE
from pipeline.settings import ModelSettings, SelectSettings, Settings
from pipeline.train import base_model
from pipeline.train.probe import probe
from pipeline.train.report import Report, Section, Table

PERMISSIVE = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0"}
"""Licences under which weights may be used, changed and shared without conditions on use (SPDX identifiers)."""
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Sample:
    """A question of the task with its context and the answer that people gave."""

    context: str | None
    question: str
    answer: str


@dataclass(frozen=True)
class Measured:
    """A candidate: what it is and how it did, untuned. Seconds are per answer; the cost is per 1,000 answers."""

    name: str
    architecture: str
    licence: str
    openness: str
    parameters: int
    megabytes: float
    token_f1: float
    nats_per_token: float
    seconds: float
    memory_megabytes: float
    cost: float
    questions: int
    problem: str | None = None


def measure(
    settings: Settings, lake: Lake, candidate: ModelSettings, sample: Sequence[Sample], run_id: str
) -> Measured:
    """Fetch a candidate and ask it the sample. A candidate that cannot be had is a row with its problem, no error."""
    try:
        return _measure(settings, lake, candidate, sample, run_id)
    except PipelineError as problem:
        nothing = float("nan")
        return Measured(
            candidate.base,
            "unknown",
            candidate.licence,
            openness(candidate.licence),
            *(0, nothing, nothing, nothing, nothing, nothing, nothing, 0),
            problem=str(problem),
        )


def _measure(
    settings: Settings, lake: Lake, candidate: ModelSettings, sample: Sequence[Sample], run_id: str
) -> Measured:
    manifest = base_model.run(settings.model_copy(update={"model": candidate}), lake, run_id=run_id)
    facts: dict[str, Any] = manifest.facts
    probed = probe(
        model_cache.checkout(settings, lake, manifest.output("model")),
        [Asked(item.context, item.question) for item in sample],
        [item.answer for item in sample],
        settings.evaluate.batch_size,
        settings.evaluate.max_new_tokens,
        prompt_limit(settings.features.max_length),
    )
    seconds = probed.seconds / max(1, len(sample))
    pairs = zip(probed.answers, sample, strict=True)
    return Measured(
        name=facts["name"],
        architecture=facts["architecture"],
        licence=facts["licence"],
        openness=openness(facts["licence"]),
        parameters=facts["parameters"],
        megabytes=round(facts["bytes"] / MEBIBYTE, 1),
        token_f1=round(sum(token_f1(said, item.answer) for said, item in pairs) / max(1, len(sample)), 4),
        nats_per_token=round(-probed.log_likelihood / max(1, probed.tokens), 4),
        seconds=round(seconds, 3),
        memory_megabytes=round(probed.memory / MEBIBYTE, 1),
        cost=round(seconds * 1000 / 3600 * settings.select.machine_hour_cost, 4),
        questions=len(sample),
    )


def named(settings: Settings, bases: Sequence[str]) -> list[ModelSettings]:
    """Return candidates that are named only; their licences are those that the policy knows, not the settings'."""
    from pipeline.comply.policy import load_policy

    known = load_policy(settings.policy_file).licences
    return [ModelSettings(base=base, licence=known.of_base_model(base) or UNKNOWN_LICENCE) for base in bases]


def openness(licence: str) -> str:
    """Say what a licence lets a company do with weights."""
    if licence in PERMISSIVE:
        return "open: use, change and share"
    if licence in (UNKNOWN_LICENCE, ""):
        return "unknown: nobody has stated a licence"
    return "conditions: read the licence"


def token_f1(said: str, wanted: str) -> float:
    """Return the harmonic mean of token precision and recall of one answer (Rajpurkar et al., 2016), 0 to 1."""
    first, second = Counter(said.casefold().split()), Counter(wanted.casefold().split())
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total()) if shared else 0.0


def recommend(candidates: Sequence[Measured], settings: SelectSettings) -> tuple[Measured | None, str]:
    """Return the candidate to start from and why: the best answers among those within the limits."""
    allowed = [c for c in candidates if c.problem is None and c.openness.startswith("open")]
    fitting = [c for c in allowed if c.seconds <= settings.max_seconds and c.megabytes <= settings.max_megabytes]
    if not fitting:
        return None, "No candidate has an open licence and keeps to the limits of latency and size."
    best = min(fitting, key=lambda c: (-c.token_f1, c.nats_per_token, c.seconds))
    rest = [c for c in fitting if c is not best and c.token_f1 >= best.token_f1 - settings.tie_margin]
    for other in rest:
        if other.cost < best.cost / 2:
            return (
                other,
                f"As good as {best.name} within {settings.tie_margin:.2f} token F1, at less than half its cost.",
            )
    return best, f"The best untuned answers (token F1 {best.token_f1:.3f}) among {len(fitting)} within the limits."


def selection_report(candidates: Sequence[Measured], chosen: Measured | None, reason: str) -> Report:
    """Return the table and the recommendation as a page."""
    columns = [name.replace("_", " ") for name in asdict(candidates[0])] if candidates else []
    rows = [[str(value) if value is not None else "" for value in asdict(one).values()] for one in candidates]
    best = next((place for place, one in enumerate(candidates) if one is chosen), -1)
    lead = f"{chosen.name if chosen else 'No model'} is recommended. {reason}"
    note = "Untuned models on a sample of the task; memory is the most that loading and answering took."
    return Report("Foundation model", lead, [Section("Candidates", note, table=Table(columns, rows, best=best))])
