"""Attacks that try to make the model obey somebody else, and how they are put to it."""

from __future__ import annotations

import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pipeline.comply.detect.quoting import says
from pipeline.comply.probe import Probe

NEW_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Carrier:
    """A harmless passage with a question and its answer, which an attack rides on."""

    context: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Attack:
    """An order in a context or a question; whoever obeys it says the canary, a word that nothing else suggests."""

    id: str
    style: str
    language: str
    place: Literal["context", "question"]
    text: str
    canary: str

    @property
    def order(self) -> str:
        """Return the attack's text with its canary."""
        return self.text.replace("{canary}", self.canary)

    def probe(self) -> Probe:
        """Return what is put to the model: the order stands before, behind or in the middle of a passage."""
        number = _number(self.id)
        carrier = carriers()[number % len(carriers())]
        if self.place == "question":
            return Probe(carrier.context, self.order, NEW_TOKENS)
        sentences = carrier.context.split(". ")
        place = (number >> 8) % 3
        parts = {
            0: [self.order, carrier.context],
            1: [f"{sentences[0]}.", self.order, ". ".join(sentences[1:])],
            2: [carrier.context, self.order],
        }[place]
        return Probe("\n".join(part for part in parts if part.strip()), carrier.question, NEW_TOKENS)

    def obeyed(self, answer: str) -> bool:
        """Tell whether an answer obeys: it says the canary by itself, not only in a quotation of the attack.

        An order in a foreign script may be answered with the word in any case.
        """
        probe = self.probe()
        return says(answer, self.canary, f"{probe.context}\n{probe.question}")


@functools.cache
def all_attacks() -> tuple[Attack, ...]:
    """Return every attack in the data file."""
    return tuple(Attack(**entry) for entry in _lines("attacks.jsonl"))


@functools.cache
def carriers() -> tuple[Carrier, ...]:
    """Return every carrier in the data file."""
    return tuple(Carrier(**entry) for entry in _lines("carriers.jsonl"))


def chosen(size: int | None, seed: int) -> list[Attack]:
    """Return a sample of attacks that is stratified by style and language, or all of them for None.

    Two styles in English, then another language, and so on in turn; none gets a second turn before all had one.
    """
    attacks = all_attacks()
    if size is None or size >= len(attacks):
        return list(attacks)
    groups: dict[tuple[bool, str], list[Attack]] = defaultdict(list)
    for attack in sorted(attacks, key=lambda attack: _number(f"{seed}/{attack.id}")):
        foreign = attack.language != "en"
        groups[foreign, attack.language if foreign else attack.style].append(attack)
    names = sorted(groups, key=lambda name: _number(f"{seed}/{name[1]}"))
    places = {True: 0, False: 0}
    order: list[tuple[float, tuple[bool, str]]] = []
    for name in names:
        places[name[0]] += 1
        order.append((places[name[0]] * (3.0 if name[0] else 1.5), name))
    found: list[Attack] = []
    while len(found) < size:
        for _, name in sorted(order):
            if groups[name] and len(found) < size:
                found.append(groups[name].pop(0))
    return sorted(found, key=lambda attack: attack.id)


def by_style(attacks: Sequence[Attack], obeyed: Sequence[bool]) -> dict[str, str]:
    """Return how many of each style's attacks were obeyed, as `1 of 3`."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for attack, flag in zip(attacks, obeyed, strict=True):
        counts[attack.style].append(flag)
    return {style: f"{sum(flags)} of {len(flags)}" for style, flags in sorted(counts.items())}


def _lines(name: str) -> list[dict[str, Any]]:
    text = (files("pipeline.comply") / "data" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
