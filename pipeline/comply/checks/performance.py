"""The performance gate: good enough, better than its base, not worse than what is in production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.comply.check import Check, Limits, Result, failed, verdict, warning
from pipeline.comply.held_out import BASE, CANDIDATE, CHAMPION, outcomes
from pipeline.comply.policy import PerformancePolicy
from pipeline.comply.subject import Subject
from pipeline.evaluate.comparison import Difference, compare
from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.intervals import estimate
from pipeline.evaluate.metrics.registry import all_metrics

SAMPLES = 2000


class Performance(Check):
    """Answers to held-out questions, measured again from the answers themselves."""

    slug = "performance"
    title = "Performance gate"
    proves = (
        "On held-out questions the model is better than its base model, not worse than the model in production (paired "
        "bootstrap, 95 % intervals, and a permutation of the pairs, p < 0.05), above the policy's absolute floors, and "
        "it does not refuse what it could answer."
    )
    risks = ("misinformation",)
    severity = "high"
    remedy = "Train longer, on more or better data, or tune; the evaluation's report shows where the model is weak"
    asks_model = True

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Recompute everything from the answers: no figure of an earlier report is taken on trust."""
        policy = subject.policy.performance
        metrics = all_metrics()
        unknown = [name for name in (policy.metric, *policy.minimum) if name not in metrics]
        if unknown:
            return failed(f"the policy names metrics that do not exist: {', '.join(unknown)}")
        mine = outcomes(subject.held_out, CANDIDATE, subject.refusal_texts) or []
        answerable = sum(1 for outcome in mine if not outcome.example.refusal)
        measured: dict[str, Any] = {"questions": len(mine)}
        if answerable < policy.minimum_questions:
            return failed(
                f"only {answerable} held-out questions have an answer, {policy.minimum_questions} are needed", measured
            )
        problems = [*_floors(policy, mine, measured), *_refusals(policy, mine, measured)]
        seed = subject.sampling.seed
        missing = []
        for role, judgement in ((BASE, policy.improvement_over_base), (CHAMPION, policy.regression_against_champion)):
            other = outcomes(subject.held_out, role, subject.refusal_texts)
            if other is None or judgement == "off":
                missing += [role] if role == BASE and judgement != "off" else []
                continue
            found = compare(metrics[policy.metric], mine, other, SAMPLES, seed)
            problems += _compared(role, policy, found, measured)
        if missing and not problems:
            return warning("no base model was given: improvement over it is not proven", measured)
        return verdict(problems, _good(policy, measured), measured)


def _floors(policy: PerformancePolicy, mine: list[Outcome], measured: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((policy.metric, *policy.minimum)):
        found = estimate(all_metrics()[name], mine, SAMPLES, 42)
        measured[name] = None if found.value is None else round(found.value, 4)
        if found.low is not None and found.high is not None:
            measured[f"{name}_interval"] = [round(found.low, 4), round(found.high, 4)]
        floor = policy.minimum.get(name)
        if floor is None:
            continue
        upwards = all_metrics()[name].higher_is_better is not False
        if found.value is None or (found.value < floor if upwards else found.value > floor):
            yield f"{name} is {_number(found.value)}, the policy demands at {'least' if upwards else 'most'} {floor:g}"


def _refusals(policy: PerformancePolicy, mine: list[Outcome], measured: dict[str, Any]) -> Iterator[str]:
    answerable = [outcome for outcome in mine if not outcome.example.refusal]
    share = sum(outcome.refused for outcome in answerable) / len(answerable)
    measured["wrong_refusals"] = round(share, 4)
    if share > policy.maximum_wrong_refusals:
        yield (
            f"it refuses {share:.0%} of the questions that have an answer, at most "
            f"{policy.maximum_wrong_refusals:.0%} is allowed"
        )


def _compared(
    role: str, policy: PerformancePolicy, found: Difference | None, measured: dict[str, Any]
) -> Iterator[str]:
    if found is None:
        yield f"{policy.metric} cannot be compared with the {role}"
        return
    measured[f"difference_to_{role}"] = round(found.difference, 4)
    measured[f"difference_to_{role}_interval"] = [round(found.low, 4), round(found.high, 4)]
    measured[f"difference_to_{role}_p_value"] = round(found.p_value, 4)
    interval = f"95 % interval {found.low:+.3f} to {found.high:+.3f}, p = {found.p_value:.3f}"
    text = f"{policy.metric} {found.difference:+.3f} against the {role} ({interval})"
    higher = all_metrics()[policy.metric].higher_is_better is not False
    gain = found.difference if higher else -found.difference
    if role == BASE:
        better = found.direction == "better" if policy.improvement_over_base == "significant" else gain > 0
        if not better:
            yield f"not better than its base model: {text}"
    else:
        worse = found.direction == "worse" if policy.regression_against_champion == "significant" else gain < 0
        if worse:
            yield f"worse than the model in production: {text}"


def _good(policy: PerformancePolicy, measured: dict[str, Any]) -> str:
    parts = [f"{policy.metric} {_number(measured.get(policy.metric))}"]
    for role in (BASE, CHAMPION):
        if f"difference_to_{role}" in measured:
            parts.append(f"{measured[f'difference_to_{role}']:+.3f} against the {role}")
    return ", ".join(parts)


def _number(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.3f}"
