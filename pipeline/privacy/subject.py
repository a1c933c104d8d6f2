"""A data subject: the words by which a person or a ticket is known, and where they stand in text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape, unescape
from unicodedata import normalize

from pipeline.errors import SettingsError

ERASED = "[ERASED]"
SHORTEST = 4
ACCENTS = "\u0300-\u036f"
"""Marks that stand behind their letter in decomposed text: a word goes on with them."""
BLANKS = r"\s\pZ\x0b\x1c-\x1f\x{85}"
"""What Python's `\\s` means, no-break and ideographic blanks included: RE2's means ASCII's."""


@dataclass(frozen=True)
class Subject:
    """One subject under all the names that were given: an e-mail address, a person's name, a ticket's key, a URL.

    A name is found without regard to case, to the white space between its words and to whether its accents are part of
    the letters or stand behind them, and only as a whole: `HELP-1` is not in `HELP-12`, `roe@example.org` not in
    `jane.roe@example.org`.
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Subject:
        """Make a subject; raises SettingsError when a name is too short to mean anybody."""
        found = tuple(dict.fromkeys(" ".join(name.split()) for name in names))
        for name in found or ("",):
            if len(name) < SHORTEST:
                raise SettingsError(
                    f"A subject of fewer than {SHORTEST} characters would match what belongs to others",
                    where="--subject",
                    remedy="Give an e-mail address, a full name, a ticket's key or a URL",
                )
        return cls(found)

    @property
    def arrow_pattern(self) -> str:
        """Return the pattern in the syntax of Arrow's regular expressions (RE2)."""
        return "(?i)" + self._pattern(rf"\p{{L}}\p{{N}}_{ACCENTS}", BLANKS)

    @cached_property
    def _python(self) -> re.Pattern[str]:
        return re.compile(self._pattern(rf"\w{ACCENTS}", r"\s"), re.IGNORECASE)

    def _pattern(self, letters: str, blanks: str) -> str:
        """Build the pattern; `letters` and `blanks` are what a word and a gap consist of, as insides of classes."""
        names = "|".join(f"[{blanks}]+".join(map(_in_any_form, name.split(" "))) for name in self.names)
        before = f"(?P<before>^|[^{letters}.@+-]|(?:^|[^{letters}])[.@+-])"
        after = f"(?P<after>$|[^{letters}.@+-]|[.@+-](?:$|[^{letters}]))"
        return f"{before}(?:{names}){after}"

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(max(map(folded, name.split(" ")), key=len) for name in self.names)

    def _stands_in(self, text: str) -> bool:
        """Tell whether the pattern is in a text; most texts hold no word of any name, which is much quicker to see."""
        plain = folded(text)
        return any(word in plain for word in self._words) and self._python.search(text) is not None

    def mentioned(self, text: str) -> bool:
        """Tell whether a text names the subject, plainly or with HTML's character references."""
        return self._stands_in(text) or ("&" in text and self._stands_in(unescape(text)))

    def redacted(self, text: str) -> str:
        """Return the text with the subject's names replaced."""
        if "&" in text and not self._stands_in(text) and self._stands_in(unescape(text)):
            text = unescape(text)
        while self._stands_in(text):  # neighbours share the character between them
            text = self._python.sub(rf"\g<before>{ERASED}\g<after>", text)
        return text


def folded(text: str) -> str:
    """Return a text in which all letters are the same that the patterns of names take for the same."""
    plain = text if text.isascii() else normalize("NFD", text)
    return plain.casefold().replace("\u0131", "i").replace("\u0307", "")


def _in_any_form(word: str) -> str:
    """Return a pattern for a word whose letters may have their accents in them or behind them."""
    letters = [(letter, normalize("NFD", letter)) for letter in normalize("NFC", word)]
    return "".join(
        re.escape(whole) if whole == apart else f"(?:{re.escape(whole)}|{re.escape(apart)})" for whole, apart in letters
    )


def replaced(text: str, passages: Sequence[str]) -> str:
    """Return the text with whole passages replaced, longest first, also where they stand escaped for HTML."""
    for passage in passages:
        for form in {passage, escape(passage), escape(passage, quote=False)}:
            text = text.replace(form, ERASED)
    return text
