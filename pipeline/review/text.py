"""Text from outside in Markdown: no mark in it counts, and no page makes a link of it although no mark is there."""

from __future__ import annotations

import re
from typing import Any

WWW = re.compile(r"(www)\.", re.IGNORECASE)
MAX_TEXT = 280
ESCAPED = "\\`*_{}[]()<>#+-!|~"
ZERO_WIDTH = "\u200b"


def unlinked(text: str) -> str:
    """Return text in which no address with a scheme, no `www.` in any case and no e-mail address becomes a link.

    GitHub's Markdown, which Airflow's page and the Hub render, links these where they stand. A zero-width space breaks
    each of them and is not seen.
    """
    text = text.replace("://", f":{ZERO_WIDTH}//").replace("@", f"{ZERO_WIDTH}@{ZERO_WIDTH}")
    return WWW.sub(rf"\1{ZERO_WIDTH}.", text)


def figure(value: Any) -> str:
    """Return a number, or a pair of them, for a table."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " to ".join(figure(part) for part in value)
    return f"{value:.3f}" if isinstance(value, float) else cell(value)


def plain(value: object) -> str:
    """Return text for a place inside code marks: one line, no backquotes."""
    return " ".join(str(value).split()).replace("`", "'")


def cell(value: object, limit: int = MAX_TEXT) -> str:
    """Return text from outside for a table cell: one line, cut to a length, every mark of Markdown escaped."""
    text = " ".join(str(value).split())
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    text = unlinked(text.replace("&", "&amp;"))
    return "".join(f"\\{character}" if character in ESCAPED else character for character in text)
