"""What a check wants a model to be asked."""

from __future__ import annotations

from dataclasses import dataclass

SHORT = 48
"""New tokens for a probe whose answer shows itself early, as most do."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that a check asks the model, with the context that goes with it and the number of new tokens."""

    context: str | None
    question: str
    max_new_tokens: int = SHORT
