"""Small examples and outcomes for the tests of evaluation."""

from __future__ import annotations

from typing import Any

from pipeline.evaluate.examples import Example, Outcome


def example(reference: str = "In the project folder.", question: str = "Where is it?", **values: Any) -> Example:
    return Example(
        **{"question_id": f"q-{question}", "context": "It lies in the project folder.", "language": "en", **values},
        question=question,
        reference=reference,
    )


def outcome(prediction: str, reference: str = "In the project folder.", **values: Any) -> Outcome:
    own = {
        name: values.pop(name)
        for name in ("log_likelihood", "tokens", "labels", "ranking", "refused")
        if name in values
    }
    return Outcome(example(reference, **values), prediction, **own)


def labelled(gold: str, predicted: str, choices: str = "a b c", number: int = 0) -> Outcome:
    """A classified answer; labels are written as one letter each, ranked as given."""
    given = example("", question=f"n{number}", labels=tuple(gold), choices=tuple(choices.split()))
    return Outcome(given, ", ".join(predicted), labels=tuple(predicted), ranking=tuple(predicted))
