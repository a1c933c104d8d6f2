"""Words with their combining marks: Python's `\\w` ends at each vowel sign of Hindi, Tamil or Thai."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = r"[^\W_]+"
# Selectors and keycaps choose how a symbol looks and belong to no word; joiners shape letters inside one.
_OF_SYMBOLS = frozenset([*range(0x20D0, 0x2100), *range(0xFE00, 0xFE10)])
MARKS = "\u200c\u200d" + "".join(
    chr(n)
    for n in (*range(0x300, 0x1E00), *range(0x2CEF, 0x3100), *range(0xA66F, 0xFE30))
    if unicodedata.category(chr(n)).startswith("M") and n not in _OF_SYMBOLS
)
"""The combining marks of scripts in use, for a pattern's class. Beyond U+FFFF a class would be tried one by one."""
_MARK = re.compile(f"[{MARKS}]")


class Words:
    """A pattern for words, written with `[^\\W_]+` for their letters, that takes the marks on letters along.

    Texts without marks, which most are, are read by the pattern as it stands, because the wider one is slower.
    """

    def __init__(self, pattern: str) -> None:
        """Read the pattern."""
        self._plain = re.compile(pattern)
        self._marked = re.compile(pattern.replace(_LETTERS, rf"[^\W_](?:[^\W_]+|[{MARKS}]+)*"))

    def findall(self, text: str) -> list[str]:
        """Return the words of a text."""
        found: list[str] = (self._marked if has_marks(text) else self._plain).findall(text)
        return found


def has_marks(text: str) -> bool:
    """Tell whether a text has combining marks."""
    return not text.isascii() and _MARK.search(text) is not None
