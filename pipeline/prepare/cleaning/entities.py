"""HTML entities that were left in a text."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Ampersands that were escaped again and again, so that decoding needs as many rounds as there are layers.
_LAYERS = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);){2,}")
# A text about entities names them, and must keep them.
_ABOUT_HTML = re.compile(
    r"\bX?HTML\b|\bXML\b|\battributes?\b|&#?\w+; (?:or|and|oder|und|ou|et|o|y|e|или|и) &#?\w+;", re.IGNORECASE
)
_SHOWN_BEFORE = re.compile(
    r"(?:\b(?:write|use|type|is|as|with|insert|enter|code|like|called|put|replace|schreib\w*|verwende\w*|ist|écrivez|utilisez|est|usa|usar|escriba|es)\s"
    r"|[\"'`(=])$",
    re.IGNORECASE,
)
_SHOWN_AFTER = re.compile(r"[\s.,;:?!)\"'`]|\Z")
# Without their semicolon, as browsers accept them too; none that a parameter of an address could be called.
_UNENDED = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|szlig|[AEIOUYaeiouyNnCcOoAa](?:acute|grave|circ|tilde|uml|cedil|ring|slash))(?=\s|\Z|(?<=[a-z])[.,!?])"
)
_AMPERSAND = re.compile(r"&amp;(?=(?:lt|gt|quot|nbsp|amp|#\d+);)")
# Behind these an entity is what to write, also one of a sign that other texts have.
_TOLD_BEFORE = re.compile(
    r"\b(?:write|use|type|insert|enter|put|schreib\w*|verwende\w*|écrivez|utilisez|escriba|use|usa|usar)\s$",
    re.IGNORECASE,
)
_JOINING = re.compile(r"\b(?:and|or|und|oder|et|ou|y|o)\s$", re.IGNORECASE)
_SIGN_WANTED = re.compile(
    r"\b(?:to|for)\s(?:(?:show|write|get|display|insert|make|produce|add|type)\s)?(?:an?\s|the\s)?(?:ampersand|(?:non|no)-?break(?:ing)?\s(?:space|blank))s?\b",
    re.IGNORECASE,
)
_TWICE = re.compile(r"&(?:amp|AMP|#38|#x26);((?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_MARKED = re.compile(r"(`&[#A-Za-z0-9]{2,34};`)")
REACH = 16
_ABOUT_ENTITIES = re.compile(r"\bentit(?:y|ies)\b|\bescap(?:e|es|ed|ing)\b|character references?", re.IGNORECASE)

_ESCAPED_PAGE = re.compile(
    r"\s*&lt;(p|div|ul|ol|h[1-6]|table|span|section|article)\b.*&lt;/(?:\1|p|div|ul|ol|table)\s*&gt;\s*",
    re.DOTALL | re.IGNORECASE,
)


def unwrapped(text: str) -> str:
    """Return text that is HTML escaped as a whole (`&lt;p&gt;…&lt;/p&gt;`) as that HTML."""
    if "&lt;" not in text and "amp;lt;" not in text:
        return text
    once = _AMPERSAND.sub("&", _LAYERS.sub("&amp;", text))
    return unescape(once) if _ESCAPED_PAGE.fullmatch(once) else text


def decoded(text: str) -> str:
    """Return the text with entities as the characters that they name, however often they were escaped.

    Only complete ones are (`&amp;`, not the `&copy` of a URL's `&copy=1`), and none in a text that is about them.
    """
    if "&" not in text:
        return text
    text = _UNENDED.sub(lambda found: unescape(f"{found[0]};"), text)
    if ";" not in text or _is_about(text):
        return text
    parts = _MARKED.split(_shown_as_code(text)) if "&amp;" in text and _TWICE.search(text) else [text]
    return "".join(part if n % 2 else _decoded(part) for n, part in enumerate(parts))


def _decoded(text: str) -> str:
    text = _LAYERS.sub("&amp;", text)
    while (once := _ENTITY.sub(_character, text)) != text:
        text = once
    return text


def _shown_as_code(text: str) -> str:
    """Return a text with entities that it tells to write as code: those escaped once more than the others in it.

    A text in which everything was escaped twice shows none.
    """
    if not _ENTITY.search(_TWICE.sub("", text)):
        return text
    # `&lt;` may start a tag that is told
    if not any(_is_told(found, tag=found[0] == "&lt;") for found in (*_TWICE.finditer(text), *_ENTITY.finditer(text))):
        return text

    def shown(found: re.Match[str]) -> str:
        joined = _JOINING.search(text, max(0, found.start() - REACH), found.start())
        is_named = _is_told(found) or (joined and _SHOWN_AFTER.match(text, found.end()))
        return f"`&{found[1]}`" if is_named else found[0]

    return _TWICE.sub(shown, text)


def _is_told(found: re.Match[str], *, tag: bool = False) -> bool:
    """Tell whether a text tells to write an entity, or the `tag` that starts with it."""
    before = _TOLD_BEFORE.search(found.string, max(0, found.start() - REACH), found.start())
    return before is not None and (tag or bool(_SHOWN_AFTER.match(found.string, found.end())))


def _is_about(text: str) -> bool:
    """Tell whether a text speaks about entities, and so must keep them."""
    shown = any(
        _SHOWN_BEFORE.search(text, max(0, found.start() - 12), found.start()) and _SHOWN_AFTER.match(text, found.end())
        for found in _ENTITY.finditer(text)
    )
    if _ABOUT_ENTITIES.search(text) or (shown and _ABOUT_HTML.search(text)):
        return True
    return shown and bool(_SIGN_WANTED.search(text)) and any(map(_is_told, _ENTITY.finditer(text)))


def _character(found: re.Match[str]) -> str:
    name = found[0][1:]
    made = unescape(found[0]) if name[0] == "#" or name in html5 else found[0]
    return made if made != "\ufffd" or "fffd" in name.lower() or "65533" in name else ""
