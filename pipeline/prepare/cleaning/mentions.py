# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Telling tags that a text speaks about from tags that it uses."""

from __future__ import annotations

import re

_SPOKEN = re.compile(
    r"(?:\b(?:the|an?|your|use|using|add|put|insert|inside|within|between|each|every|like|called|closing|opening|of|write|writing|type|paste|copy|place|embed|include|enters?|injects?|submits?|following|replace|remove|before|after|than|tag|element|as"
    r"|verwende\w*|schreib\w*|füg\w*|das|den|ein|einen|le|la|les|une?|utilisez|ajoutez|collez|copiez|usa|usar|el|il|inserisci|pega|copia|use|o|dodaj|wklej|użyj|тег|вставьте)\s|[\"'(]|[>`],? (?:or|and|oder|und|ou|et|o|y|e|lub|i|или|и)\s)$",
    re.IGNORECASE,
)
_MENTIONED_AFTER = re.compile(
    r"^(?:[\"')]|\s*(?:and|or|und|oder|et|ou)\s*<|\s*(?:tags?|elements?|attributes?|blocks?)\b)", re.IGNORECASE
)
_CODE_FOLLOWS = re.compile(r":\s*$")
_BETWEEN = re.compile(r"\bbetween (?:[<`][^<>]*[>`]+ and )?$", re.IGNORECASE)
VOID = frozenset(
    [
        "br",
        "hr",
        "img",
        "wbr",
        "p",
        "li",
        "input",
        "meta",
        "link",
        "col",
        "param",
        "source",
        "td",
        "th",
        "tr",
        "dt",
        "dd",
    ]
)
REACH = 14


def is_spoken(text: str, start: int) -> bool:
    """Tell whether the words before a place speak about the markup that stands there."""
    return bool(_SPOKEN.search(text, max(0, start - REACH), start))


def is_shown(text: str, start: int) -> bool:
    """Tell whether an element that no reader sees (a script, a comment, a frame) is shown as something to copy."""
    return is_spoken(text, start) or bool(_CODE_FOLLOWS.search(text, max(0, start - 4), start))


def is_mentioned(text: str, found: re.Match[str], paired: bool) -> bool:
    """Tell whether the text speaks about a tag instead of using it.

    A tag without its partner is spoken about, unless it needs none or has attributes.
    """
    after = text[found.end() : found.end() + 16]
    if paired:
        return bool(re.match(r"\s*(?:tags?|elements?)\b", after)) or bool(
            _BETWEEN.search(text, max(0, found.start() - 40), found.start())
        )
    spoken = is_spoken(text, found.start())
    if found[2].lower() in VOID and not found[1]:
        return bool(_MENTIONED_AFTER.search(after)) or (spoken and bool(re.match(r"[ .,;:?!)\"']|\Z", after)))
    return spoken or not (found[1] or "=" in found[3])
