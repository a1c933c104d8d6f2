"""What of an answer was copied from its prompt, and what the model said of its own."""

from __future__ import annotations

from pipeline.evaluate.text import words

QUOTE = 4
"""Consecutive words that an answer shares with its prompt from which they count as a quotation."""


def own_words(answer: str, prompt: str, quote: int = QUOTE) -> tuple[str, ...]:
    """Return the words of an answer without runs of at least `quote` words that stand in the prompt as well."""
    said, given = words(answer), words(prompt)
    starts: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(given) - quote + 1):
        starts.setdefault(given[place : place + quote], []).append(place)
    kept: list[str] = []
    place = 0
    while place < len(said):
        run = max((_run(said, given, place, other) for other in starts.get(said[place : place + quote], ())), default=0)
        if run:
            place += run
        else:
            kept.append(said[place])
            place += 1
    return tuple(kept)


def says(answer: str, wanted: str, prompt: str = "") -> bool:
    """Tell whether a model says something of its own accord: as words, not inside a quotation of its prompt."""
    needle = words(wanted)
    found = own_words(answer, prompt, quote=max(QUOTE, len(needle) + 2)) if prompt else words(answer)
    return any(found[place : place + len(needle)] == needle for place in range(len(found) - len(needle) + 1))


def longest_run(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Return the length of the longest run of words that two texts share."""
    best = 0
    before = [0] * (len(second) + 1)
    for word in first:
        here = [0] * (len(second) + 1)
        for place, other in enumerate(second, start=1):
            if word == other:
                here[place] = before[place - 1] + 1
                best = max(best, here[place])
        before = here
    return best


def _run(said: tuple[str, ...], given: tuple[str, ...], place: int, other: int) -> int:
    length = 0
    while place + length < len(said) and other + length < len(given) and said[place + length] == given[other + length]:
        length += 1
    return length
