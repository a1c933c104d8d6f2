"""The same metrics on parts of the questions: where is a model weak?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.intervals import Estimate, estimate
from pipeline.evaluate.metrics.base import Metric
from pipeline.evaluate.text import words

SMALL = 5
"""Below this many questions a slice is shown as too small to judge."""
TOPICS = 12
"""Only the largest topics are shown, and none that is too small to judge; the others are one slice."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The metrics of one part of the questions.

    `weak` says that the first metric's interval lies wholly below the model's value over all questions.
    """

    kind: str
    name: str
    count: int
    estimates: dict[str, Estimate]
    weak: bool

    @property
    def small(self) -> bool:
        """Tell whether there are too few questions to judge."""
        return self.count < SMALL


def _length(example: Example) -> str:
    count = len(words(example.reference))
    return "reference up to 20 words" if count <= 20 else "21 to 80 words" if count <= 80 else "over 80 words"


def _support(example: Example) -> str:
    if example.refusal:
        return "context lacks the answer"
    return "context given" if example.context else "no context"


KINDS: dict[str, Callable[[Example], str]] = {
    "source": lambda example: example.source,
    "language": lambda example: example.language or "unknown",
    "length": _length,
    "context": _support,
    "topic": lambda example: example.topic or "unknown",
}


def sliced(outcomes: Sequence[Outcome], metrics: Sequence[Metric], samples: int, seed: int) -> list[Slice]:
    """Return the slices of every kind that has more than one, largest first; each kind adds up to all questions."""
    overall = metrics[0].value(outcomes)
    found: list[Slice] = []
    for kind, name_of in KINDS.items():
        groups: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            groups.setdefault(name_of(outcome.example), []).append(outcome)
        if len(groups) < 2:
            continue
        for name, members in _largest(groups, SMALL if kind == "topic" else 1).items():
            estimates = {metric.name: estimate(metric, members, samples, seed) for metric in metrics}
            first = estimates[metrics[0].name]
            edge = first.high if metrics[0].higher_is_better else first.low
            weak = edge is not None and (edge < overall if metrics[0].higher_is_better else edge > overall)
            found.append(Slice(kind, name, len(members), estimates, weak and len(members) >= SMALL))
    return found


def _largest(groups: dict[str, list[Outcome]], smallest: int) -> dict[str, list[Outcome]]:
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    kept = {name: members for name, members in ranked[:TOPICS] if len(members) >= smallest}
    rest = [outcome for name, members in ranked if name not in kept for outcome in members]
    if rest:
        kept[f"{len(ranked) - len(kept)} {'smaller ones' if kept else 'small ones'}"] = rest
    return kept
