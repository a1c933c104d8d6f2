"""Content that does something when an answer is shown, stored or passed on: script, markup, links, commands.

A text is looked at as it is and as a browser or a decoder would make it: entities and percent signs resolved, wide and
other look-alike letters folded, and the control characters dropped that parsers skip inside of names.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

_I = re.IGNORECASE
_ELSEWHERE = r"['\"]?\s*(?:https?:)?//"
_INSIDE = "[\u200b\u2060-\u2064\ufeff\u00ad]"
ACTIVE: Mapping[str, re.Pattern[str]] = {
    "script element": re.compile(r"<\s*script\b", _I),
    "frame or plug-in element": re.compile(r"<\s*(?:iframe|frame|object|embed|applet|portal)\b", _I),
    "event handler": re.compile(r"<\s*[a-z][^<>]{0,300}[\s/'\"]on[a-z]{3,20}\s*=", _I),
    "script address": re.compile(r"[(='\"<\]:]\s*(?:javascript|vbscript)\s*:|(?:javascript|vbscript)\s*:\S", _I),
    "data address": re.compile(
        r"data:\s*(?:text/(?:html|xml|javascript)|image/svg\+xml|application/(?:x-)?(?:xhtml|html|javascript|xml))"
        r"[^,]{0,60},",
        _I,
    ),
    "local address": re.compile(r"\]\(\s*<?file:|\b(?:src|href)\s*=\s*['\"]?file:", _I),
    "form or redirect": re.compile(
        r"<\s*(?:form\b[^<>]{0,200}\baction|meta\b[^<>]{0,200}\bhttp-equiv|base\b[^<>]{0,200}\bhref)", _I
    ),
    "style that loads": re.compile(
        rf"<\s*(?:link|style)\b|@import\s+(?:url)?\s*['\"(]|\bstyle\s*=[^<>]{{0,200}}url\(\s*{_ELSEWHERE}", _I
    ),
    "image from elsewhere": re.compile(
        rf"!\[[^\]]{{0,300}}\]\(\s*<?{_ELSEWHERE}"
        rf"|<\s*(?:img|image|video|audio|source|track|input|picture|body|table|td)\b[^<>]{{0,300}}"
        rf"\b(?:src|srcset|poster|background|href)\s*=\s*{_ELSEWHERE}"
        rf"|!\[[^\]]{{0,300}}\](?:\[[^\]]{{0,80}}\])?[\s\S]{{0,2000}}^\s{{0,3}}\[[^\]]{{1,80}}\]:\s*<?{_ELSEWHERE}",
        _I | re.MULTILINE,
    ),
    "template expression": re.compile(
        r"\{\{[^{}]{0,200}(?:__|config|request|self|\d\s*\*\s*\d)[^{}]{0,200}\}\}|\$\{jndi:|[$#]\{\s*\d+\s*\*\s*\d+\s*\}"
        r"|<%=?[^%<>]{0,200}\b(?:system|exec|popen|Runtime)\b",
        _I,
    ),
    "server-side include or entity": re.compile(r"<!--#\s*(?:exec|include)\b|<!ENTITY\s[^>]{0,200}\bSYSTEM\b", _I),
    "database command": re.compile(
        r"['\"]\s*\bor\b\s*(['\"]?)\w*\1\s*=\s*['\"]?\w*"
        r"|;\s*(?:(?:drop|truncate|alter)\s+table\s+(?!if\s+exists)|delete\s+from)\b"
        r"|['\"]\s*\)?\s*;\s*(?:drop|alter|truncate|delete|update|insert|exec)\b|['\"]\s*union\s+(?:all\s+)?select\b"
        r"|\bxp_cmdshell\b",
        _I,
    ),
    "shell command": re.compile(
        r"\brm\s+(?:-\S+\s+)*-\w*[rf]\w*\s+(?:--\S+\s+)*[/~*]"
        r"|\|\s*(?:sudo\s+)?(?:ba|z|k|da)?sh\b(?!-)"
        r"|\$\(\s*(?:curl|wget|nc|rm)\s|(?:curl|wget)\s+\S+\s*\|"
        r"|\bnc\s+(?:-\w+\s+)*-\w*e\b|/dev/tcp/|\bpowershell(?:\.exe)?\s+-e\w*\s",
        _I,
    ),
    "spreadsheet formula": re.compile(
        r"^\s*[=@+\-](?:HYPERLINK|IMPORTXML|IMPORTDATA|WEBSERVICE|CMD|DDE)\b", _I | re.MULTILINE
    ),
    "terminal control": re.compile(r"\x1b[\x20-\x7e]|[\x80-\x84\x86-\x9f]|[\x00\x07]|\x08{2,}"),
    "text direction override": re.compile("[\u202a-\u202e\u2066-\u2069]"),
    "invisible text": re.compile(
        "[\U000e0000-\U000e007f]{3,}|[\u200b\u2060-\u2064\ufeff]{4,}|\u00ad{3,}"
        "|[\ufe00-\ufe0e\U000e0100-\U000e01ef]{2,}"
        rf"|(?:[A-Za-z0-9]{_INSIDE}+(?=[A-Za-z0-9])[\s\S]{{0,80}}?){{2}}"
    ),
}
"""What is looked for, by name."""
_AS_IT_IS = frozenset({"terminal control", "text direction override", "invisible text"})
_SKIPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u00ad\u200b-\u200d\u2060\ufeff]")
_IN_NAMES = re.compile(r"(?<=[a-z])[\t\n\r]+(?=[a-z]{1,9}\s*:)", _I)
_ADDRESS = re.compile(r"https?://[^\s<>\"'()\[\]{}]{4,200}|\bwww\.[^\s<>\"'()\[\]{}]{4,200}", _I)


def payloads(text: str) -> set[str]:
    """Return the kinds of active content in a text, as it is or as what reads it would decode it."""
    found = {name for name, pattern in ACTIVE.items() if pattern.search(text)}
    decoded = _decoded(text)
    if decoded != text:
        found |= {name for name, pattern in ACTIVE.items() if name not in _AS_IT_IS and pattern.search(decoded)}
    return found


def addresses(text: str) -> set[str]:
    """Return the hosts that a text links to."""
    return {
        re.sub(r"^(?:https?://)?(?:www\.)?", "", found.group().lower()).split("/")[0]
        for found in _ADDRESS.finditer(text)
    }


def _decoded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", unquote(html.unescape(text)))
    return _IN_NAMES.sub("", _SKIPPED.sub("", plain))
