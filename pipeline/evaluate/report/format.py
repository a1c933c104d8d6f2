"""How numbers and foreign texts appear on the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipeline.evaluate.text import words

SHOWN_CHARACTERS = 1_500
_KEPT = "\n\t"
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def number(value: float | None, metric: Mapping[str, Any]) -> str:
    """Return a metric's value in its unit: shares as percentages."""
    if value is None:
        return "–"
    if metric["unit"] == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def signed(value: float | None, metric: Mapping[str, Any]) -> str:
    """Return a difference in the metric's unit, shares in percentage points, with a true minus sign."""
    if value is None:
        return "–"
    text = f"{100 * value:+.1f}" if metric["unit"] == "share" else f"{value:+.2f}"
    return "0" if float(text) == 0 else text.replace("-", "\u2212")


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def visible(text: str | None, limit: int = SHOWN_CHARACTERS) -> str:
    """Return a foreign text as it may be shown: control and direction characters made visible, cut at a limit."""
    if text is None:
        return ""
    shown = "".join(_mark(character) for character in text[:limit])
    return f"{shown} … [{len(text) - limit} more characters in the data]" if len(text) > limit else shown


def _mark(character: str) -> str:
    if character in _KEPT or character.isprintable():
        return character
    if character in _DIRECTIONS or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs"):
        return f"[U+{ord(character):04X}]"
    return character


def marked(text: str | None, reference: str | None) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is a word of the reference."""
    wanted = set(words(reference or ""))
    shown = visible(text)
    pieces: list[tuple[str, bool]] = []
    for part in _split(shown):
        found = words(part) if part.strip() else ()
        hit = bool(found) and any(character.isalnum() for character in part) and set(found) <= wanted
        if pieces and pieces[-1][1] == hit:
            pieces[-1] = (pieces[-1][0] + part, hit)
        else:
            pieces.append((part, hit))
    return pieces


def _split(text: str) -> list[str]:
    parts: list[str] = []
    for character in text:
        if parts and character.isspace() == parts[-1][-1].isspace():
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def link(address: str | None) -> str | None:
    """Return an address that may stand behind a link: http and https only."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc else None
