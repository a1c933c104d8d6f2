"""Classification with a model that writes text: the question with its choices, and the classes read from the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.evaluate.examples import Example
from pipeline.evaluate.text import words


def is_multi_label(examples: Sequence[Example]) -> bool:
    """Tell whether a task has answers with other than one class."""
    return any(len(set(example.labels)) != 1 for example in examples)


def as_question(example: Example, multi: bool) -> Example:
    """Return the example with its choices in the question."""
    order = "Name all that apply, the surest first" if multi else "Answer with one of"
    return replace(example, question=f"{example.question} {order}: {'; '.join(example.choices)}.")


def read_labels(answer: str, choices: Sequence[str], multi: bool) -> tuple[str, ...]:
    """Return the choices that an answer names, in the order in which it names them; only the first for one-class tasks.

    A longer choice is read before a shorter one that is part of it (`no returns` before `returns`).
    """
    said = list(words(answer))
    found: list[tuple[int, str]] = []
    for choice in sorted(choices, key=lambda choice: -len(words(choice))):
        wanted = list(words(choice))
        for place in range(len(said) - len(wanted) + 1):
            if wanted and said[place : place + len(wanted)] == wanted:
                found.append((place, choice))
                said[place : place + len(wanted)] = [""] * len(wanted)
                break
    named = tuple(choice for _, choice in sorted(found))
    return named if multi else named[:1]
