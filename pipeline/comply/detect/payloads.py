"""Content that does something when an answer is shown, stored or passed on: script, markup, links, commands."""

from __future__ import annotations

import re
from collections.abc import Mapping

_I = re.IGNORECASE
ACTIVE: Mapping[str, re.Pattern[str]] = {
    "script element": re.compile(r"<\s*script\b", _I),
    "frame or plug-in element": re.compile(r"<\s*(?:iframe|frame|object|embed|applet|portal)\b", _I),
    "event handler": re.compile(r"<[^<>]{0,300}\son[a-z]{3,20}\s*=", _I),
    "script address": re.compile(r"(?:javascript|vbscript)\s*:\s*\S", _I),
    "data address": re.compile(r"data:\s*(?:text/html|image/svg\+xml|application/x?html)[^,]{0,60},", _I),
    "form or redirect": re.compile(
        r"<\s*(?:form\b[^<>]{0,200}\baction|meta\b[^<>]{0,200}\bhttp-equiv|base\b[^<>]{0,200}\bhref)", _I
    ),
    "style that loads": re.compile(r"<\s*(?:link|style)\b|@import\s+(?:url)?\s*['\"(]", _I),
    "image from elsewhere": re.compile(
        r"!\[[^\]]{0,300}\]\(\s*<?(?:https?:)?//|<\s*img\b[^<>]{0,300}\bsrc\s*=\s*['\"]?(?:https?:)?//", _I
    ),
    "template expression": re.compile(
        r"\{\{[^{}]{0,200}(?:__|config|request|self|\d\s*\*\s*\d)[^{}]{0,200}\}\}|\$\{jndi:", _I
    ),
    "database command": re.compile(
        r"['\"]\s*(?:\bor\b\s+['\"]?\d+['\"]?\s*=\s*['\"]?\d)|;\s*(?:(?:drop|truncate|alter)\s+table|delete\s+from)\b",
        _I,
    ),
    "shell command": re.compile(
        r"\brm\s+-rf\s+[/~*]|\|\s*(?:ba)?sh\b|\$\(\s*(?:curl|wget)\b|(?:curl|wget)\s+\S+\s*\|", _I
    ),
    "spreadsheet formula": re.compile(
        r"^\s*[=@+\-](?:HYPERLINK|IMPORTXML|IMPORTDATA|WEBSERVICE|CMD|DDE)\b", _I | re.MULTILINE
    ),
    "terminal control": re.compile(r"\x1b[\[\]]|\x9b"),
    "text direction override": re.compile("[\u202a-\u202e\u2066-\u2069]"),
    "invisible text": re.compile("[\U000e0000-\U000e007f]{3,}|[\u200b\u2060-\u2064]{4,}"),
}
"""What is looked for, by name."""
_ADDRESS = re.compile(r"https?://[^\s<>\"'()\[\]{}]{4,200}|\bwww\.[^\s<>\"'()\[\]{}]{4,200}", _I)


def payloads(text: str) -> set[str]:
    """Return the kinds of active content in a text."""
    if not any(c in text for c in "<!:{;'\"|$=@\x1b\x9b") and text.isascii():
        return set()
    return {name for name, pattern in ACTIVE.items() if pattern.search(text)}


def addresses(text: str) -> set[str]:
    """Return the hosts that a text links to."""
    return {
        re.sub(r"^(?:https?://)?(?:www\.)?", "", found.group().lower()).split("/")[0]
        for found in _ADDRESS.finditer(text)
    }
