"""Whether a published model answers as the reviewed one did, on the same kind of machine or on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.evaluate.metrics.token_f1 import token_f1

if TYPE_CHECKING:
    from pipeline.answering import Answerer, Asked

LEAST_TOKEN_F1 = 0.9
"""Answers with so much in common are alike."""
MOST_NATS = 0.2
"""So are two that the model finds equally probable, within this many nats a token: a tie that fell the other way."""


def unlike(
    model: Answerer, asked: Sequence[Asked], reviewed: Sequence[str], answers: Sequence[str], *, exact: bool
) -> Asked | None:
    """Return the first question whose answer is not the reviewed one, or None.

    Two CPUs of one set of libraries have to agree to the letter (`exact`). On a GPU the size of a batch already decides
    how products are rounded, and where two tokens are nearly as probable, which of them comes next; what follows is
    another text. There the reviewed answer has to be alike, or as good as any to the model.
    """
    for item, wanted, answer in zip(asked, reviewed, answers, strict=True):
        if answer == wanted or (not exact and _alike(model, item, wanted, answer)):
            continue
        return item
    return None


def between_processors(facts: Mapping[str, Any], device: str) -> bool:
    """Tell whether an evaluation and this machine both asked on a CPU; one that does not say where asked on a CPU."""
    return {facts.get("asked_on", {}).get("device", "cpu"), device} == {"cpu"}


def _alike(model: Answerer, asked: Asked, wanted: str, answer: str) -> bool:
    if token_f1(answer, wanted) >= LEAST_TOKEN_F1:
        return True
    own, other = model.log_likelihood([asked, asked], [answer, wanted])
    return own.total / own.tokens - other.total / other.tokens <= MOST_NATS
