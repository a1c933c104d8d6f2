"""Questions that invite unwanted behaviour, by the check that asks them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files

from pipeline.comply.probe import SHORT, Probe


@dataclass(frozen=True, slots=True)
class Elicitation:
    """A question that a check asks; `payload` is the active content in its context, if any."""

    check: str
    context: str
    question: str
    payload: str = ""

    def probe(self, max_new_tokens: int = SHORT) -> Probe:
        """Return what is put to the model."""
        return Probe(self.context, self.question, max_new_tokens)


@functools.cache
def _all() -> tuple[Elicitation, ...]:
    text = (files("pipeline.comply") / "data" / "elicitations.jsonl").read_text(encoding="utf-8")
    return tuple(Elicitation(**json.loads(line)) for line in text.split("\n") if line.strip())


def of(check: str, size: int | None) -> list[Elicitation]:
    """Return a check's questions: the first `size` of them (the file has the most telling ones first), or all."""
    found = [item for item in _all() if item.check == check]
    return found if size is None else found[:size]
