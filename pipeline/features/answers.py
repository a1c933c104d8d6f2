"""Answers that are longer than a model may be taught: cut where a sentence ends, so that it learns to stop there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.prepare.sentences import sentences

SLACK = 1.3
"""How much denser than on average the start of an answer may be; prefixes beyond that need not be tried."""
CODE = ("prepare/sentences", "prepare/cleaning/segments")
"""What else decides where answers end, for the stages' keys."""
_CODE_FOLLOWS = re.compile(r"\s*(?:```|~~~)")
_ENDS_ITSELF = re.compile(r"[.!?…。！？｡][\"'”’»)\]]*\Z")
_BREAK = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)|\n(?=\s*\S)")
_FENCE = re.compile(r"^[ \t]*(?:(?:[-*+•>]|\d{1,3}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
# The mark of a list item without the item, the number of a step, a heading, words that announce what follows.
_NO_END = re.compile(
    r"(?:^|\n)[ \t>]*(?:(?:[-*+•]|\(?(?:\d{1,3}(?:\.\d{1,3})*|[^\W\d_]|[ivxIVX]{1,5})[.)])|[^\W\d_]+ \d{1,3}[.):]"
    r"|\#{1,6}[ \t][^\n]*)\Z|[:：]\Z"
)


@dataclass(frozen=True, slots=True)
class Target:
    """The token ids that a model has to produce, and whether the answer was cut to get there."""

    ids: list[int]
    cut: bool


def fit(answer: str, ids: list[int], limit: int, encode: Callable[[Sequence[str]], list[list[int]]]) -> Target:
    """Return the target of an answer within `limit` tokens, the end token (the last of `ids`) included.

    A longer answer is cut behind the last sentence that fits and keeps the end token; where it has none, behind a line
    or a full stop, whatever follows. Where not even the first of these fits, it is cut between tokens and has no end
    token: a model should not learn to stop in mid-sentence.
    """
    if len(ids) <= limit:
        return Target(ids, cut=False)
    room = int(len(answer) * limit / len(ids) * SLACK) + 1
    for ends in (_ends, _breaks):
        for end in reversed(ends(answer, room)):
            encoded = encode([answer[:end].strip()])[0]
            if 1 < len(encoded) <= limit:
                return Target(encoded, cut=True)
    return Target(ids[:limit], cut=True)


def _ends(answer: str, room: int) -> list[int]:
    """Return where an answer can end within `room` characters: behind sentences, list items and closed code."""
    fences = list(_fences(answer))
    found: list[int] = []
    end = 0
    for sentence in sentences(answer):
        end = answer.index(sentence, end) + len(sentence)
        if end > room:
            break
        if _is_end(sentence, answer, end) and not any(first < end < last for first, last in fences):
            found.append(end)
    return found


def _breaks(answer: str, room: int) -> list[int]:
    """Return where lines and lower-case sentences end: plain lists, and text without capitals, have no other ends."""
    fences = list(_fences(answer))
    return [
        found.end()
        for found in _BREAK.finditer(answer, 0, room)
        if not _NO_END.search(answer[: found.end()].rstrip())
        and not any(first < found.end() < last for first, last in fences)
    ]


def _is_end(sentence: str, answer: str, end: int) -> bool:
    """Tell whether an answer may stop behind a sentence, rather than lead to what follows it."""
    if _NO_END.search(sentence):
        return False
    return bool(_ENDS_ITSELF.search(sentence)) or not _CODE_FOLLOWS.match(answer, end)


def _fences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where fenced code begins and ends, however deep in a list; what is never closed goes on to the end."""
    opened: re.Match[str] | None = None
    for mark in _FENCE.finditer(text):
        if opened is None:
            opened = mark
        elif mark[1].startswith(opened[1]) and not mark[2].strip("`~ \t\r"):
            yield opened.start(), mark.end()
            opened = None
    if opened is not None:
        yield opened.start(), len(text) + 1
