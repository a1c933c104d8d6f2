"""Answers that are longer than a model may be taught: cut where a sentence ends, so that it learns to stop there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)|\n(?=\s*\S)")
SLACK = 1.3
"""How much denser than on average the start of an answer may be; prefixes beyond that need not be tried."""


@dataclass(frozen=True, slots=True)
class Target:
    """The token ids that a model has to produce, and whether the answer was cut to get there."""

    ids: list[int]
    cut: bool


def fit(answer: str, ids: list[int], limit: int, encode: Callable[[Sequence[str]], list[list[int]]]) -> Target:
    """Return the target of an answer within `limit` tokens, the end token (the last of `ids`) included.

    A longer answer is cut behind the last sentence that fits and keeps the end token. Where not even the first
    sentence fits, it is cut between tokens and has no end token: a model should not learn to stop in mid-sentence.
    """
    if len(ids) <= limit:
        return Target(ids, cut=False)
    room = answer[: int(len(answer) * limit / len(ids) * SLACK) + 1]
    ends = [found.end() for found in SENTENCE_END.finditer(room)]
    for end in reversed(ends):
        encoded = encode([answer[:end].strip()])[0]
        if 1 < len(encoded) <= limit:
            return Target(encoded, cut=True)
    return Target(ids[:limit], cut=True)
