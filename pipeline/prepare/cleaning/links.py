"""Markdown links: their text stays, and their address where it is the answer."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning.addresses import is_pointed_at, with_address

_LINK = re.compile(
    r"(?<!\\)(!?)\[([^\[\]\n]*)\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+\"[^\"\n]*\")?\s*\)"
)
_AUTOMATIC = re.compile(r"<((?:https?|ftp)://[^\s<>]+|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)>")


def without_links(text: str, short: bool = False) -> str:
    """Return the text with Markdown links as their text; images become their description; bare addresses stay.

    `short` tells that it is a text, or part of one, of few words.
    """
    if "](" in text:
        alone = len(_LINK.sub("", text).strip()) < 8
        text = _LINK.sub(lambda found: _shown(found, alone, short), text)
    return _AUTOMATIC.sub(r"\1", text) if "<" in text else text


def _shown(found: re.Match[str], alone: bool, short: bool) -> str:
    """Return what a link shows; `handlers[name](event)` is code and no link."""
    before = found.string[: found.start()][-1:]
    if (before.isascii() and (before.isalnum() or before in "_)]")) and "//" not in found[3]:
        return found[0]
    if found[1]:
        return found[2]
    return with_address(found[2], found[3], alone or is_pointed_at(found.string, *found.span(), short))
