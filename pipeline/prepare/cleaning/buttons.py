"""Lines that are buttons of a page (`Copy`, `Next page`) where they stand at its edges; elsewhere a text names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

HINTS = ("edit", "copy", "copied", " more", " less", "previous", "next ")
"""Words, in lower case, without which there is no button."""
_BUTTON = re.compile(
    r"[ \t]*(?![-*+•]\s)(?:\[?edit\]?(?: source)?|[^\w\n]*copy(?: (?:code|link|to clipboard))?[^\w\n]*|copied!?"
    r"|(?:read|show|see|view) (?:more|less)[^\w\n]*|(?:previous|next) (?:article|page|question)[^\w\n]*)[ \t]*",
    re.IGNORECASE,
)
_SENTENCE_END = (".", "!", "?", "…", ")", '"', "'", "。", "！", "？", "`")
FEWEST_WORDS = 4
"""Words from which a line without a full stop is rather prose than another item of a menu."""


def without_buttons(text: str, code: str) -> str:
    """Return the text without the buttons at its start and end and around code.

    `code` is the sign with which a line that stands for a block of code starts.
    """
    lines = text.split("\n")
    pressed = [bool(_BUTTON.fullmatch(line)) for line in lines]
    if not any(pressed):
        return text
    # empty lines belong to the run of buttons that they part
    last = max(n for n, line in enumerate(lines) if line.strip())
    kept: list[str] = []
    at = 0
    for is_run, group in groupby(range(len(lines)), key=lambda n: pressed[n] or not lines[n].strip()):
        run = [lines[n] for n in group]
        at += len(run)
        if is_run and any(line.strip() for line in run):
            after = lines[at] if at <= last else ""
            before = next((line for line in reversed(kept) if line.strip()), "")
            if _is_at_an_edge(run, before, after, code):
                run = [""] if before and after else []
        kept += run
    return "\n".join(kept)


def _is_at_an_edge(run: Sequence[str], before: str, after: str, code: str) -> bool:
    apart = not run[0].strip()
    if code in (before[:1], after[:1]):
        return apart or not before.rstrip().endswith(":")
    if not after:
        return _is_prose(before)
    return not before and _is_prose(after)


def _is_prose(line: str) -> bool:
    line = line.strip()
    return not line.endswith(":") and (line.endswith(_SENTENCE_END) or len(line.split()) >= FEWEST_WORDS)
