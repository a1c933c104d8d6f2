"""Lines that only programs and their settings have."""

from __future__ import annotations

import re
from collections.abc import Sequence

_STATEMENT = (
    r"(?:def|class|if|elif|else|for|while|try|return|import|function|const|let|var|public|private|func|fn|switch|case|end|do|done|fi|echo|set)\b.*[:;{(=}\"')\]]|(?:end|done|fi|else|try|return.*)$"
    r"|[}\])]+[;,]?$|@@ |#!|.*[;{]$|[\w.$\[\]\"']+ ?[-+*/|]?= ?\S.*$|<[/\w].*>$|[\w.]+\(.*\)$"
)
_SETTING = r"[\w.\"'-]+:(?: \S.*)?$|- [\w.-]+:|- \S+$"
_CHANGE = r"[-+][^-+\s]"
_LINE = re.compile(rf"[ \t]*(?:{_STATEMENT}|{_SETTING}|{_CHANGE})")
_SURE = re.compile(rf"[ \t]*(?:{_STATEMENT}|[-+][^-+\s\d])")


def look_like_code(lines: Sequence[str]) -> bool:
    """Tell whether most lines look like those of a program, its settings or a change to it."""
    return _most(_LINE, lines)


def are_surely_code(lines: Sequence[str]) -> bool:
    """Tell whether most lines look like a program's own; settings (`Tel.: 030 1234567`) may be a person's data."""
    return _most(_SURE, lines)


def _most(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    return bool(lines) and 5 * sum(map(bool, map(pattern.match, lines))) >= 3 * len(lines)
