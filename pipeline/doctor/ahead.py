"""Checks of what a stage or the gate would refuse only when it is reached, hours later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pipeline.doctor.result import Result, failed, ok, warning
from pipeline.errors import PipelineError, SettingsError
from pipeline.settings import Settings


def stages(settings: Settings) -> Iterator[Result]:
    """Let the stages look at the settings that they understand themselves: schedules, limits, names of plug-ins."""
    wrong = False
    for look in (_schedule, _limits, _perturbations, _benchmarks, _policy):
        try:
            look(settings)
        except PipelineError as problem:
            wrong = True
            place = f" ({problem.where})" if problem.where else ""
            yield failed("stages", problem.what + place, problem.remedy or "Correct it")
    if not wrong:
        yield ok("stages", "every name in the settings that a stage or the policy looks up is known")


def licences(settings: Settings) -> Iterator[Result]:
    """Judge the licences of sources and base model as the gate will."""
    from pipeline.comply import licences as judging
    from pipeline.comply.checks.base_model_provenance import BaseModelProvenance
    from pipeline.comply.checks.data_licences import DataLicences
    from pipeline.comply.policy import load_policy

    try:
        policy = load_policy(settings.policy_file)
    except SettingsError:  # `policy` says what is wrong there
        return
    rules = policy.licences
    sources = [source for source in settings.collect.sources if source.enabled]
    data = [(source.name, judging.judge(source.licence, rules, rules.data)) for source in sources]
    model = judging.judge(settings.model.licence, rules, rules.models)
    conflicts = judging.conflicts([source.licence for source in sources], settings.model.licence, rules)
    today = datetime.now(UTC).date()
    found = [
        *((DataLicences.slug, f"source {name}", judged) for name, judged in data),
        (BaseModelProvenance.slug, f"base model {settings.model.base}", model),
        *((DataLicences.slug, "data and base model", judging.Judged("", (conflict,))) for conflict in conflicts),
    ]
    remedy = "State the licence that it really has, leave it out, or let policy.yaml allow it; else the gate refuses"
    wrong = False
    for slug, what, judged in found:
        if judged.problems:
            wrong = True
            mild = (judged.unknown and rules.unknown == "warn") or policy.waiver(slug, "", today) is not None
            yield (warning if mild else failed)("licences", f"{what}: {'; '.join(judged.problems)}", remedy)
    if not wrong:
        yield ok("licences", f"those of {len(sources)} sources and of the base model are allowed by the policy")


def _schedule(settings: Settings) -> None:
    from pipeline.train.hyperparameters import Hyperparameters

    Hyperparameters.of(settings.train)


def _limits(settings: Settings) -> None:
    from pipeline.prepare.quality.expectations import limits_of

    limits_of(settings.prepare)


def _perturbations(settings: Settings) -> None:
    from pipeline.evaluate.perturbations.registry import chosen_perturbations

    chosen_perturbations(settings.evaluate.perturbations)


def _benchmarks(settings: Settings) -> None:
    from pipeline.evaluate.benchmarks_adapter import load_benchmark
    from pipeline.evaluate.harness import require_harness

    for place in settings.evaluate.benchmarks:
        load_benchmark(place)
    if settings.evaluate.harness_tasks:
        require_harness()


def _policy(settings: Settings) -> None:
    from pipeline.comply import governance
    from pipeline.comply.policy import load_policy
    from pipeline.comply.registry import require_known

    try:
        policy = load_policy(settings.policy_file)
    except SettingsError:  # `policy` says what is wrong there
        return
    require_known(policy, datetime.now(UTC).date(), governance.roles(settings.policy_file.parent))
