# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Telling tags that a text speaks about from tags that it uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.prepare.cleaning.tags import TAG

_SPOKEN = re.compile(
    r"(?:\b(?:the|an?|your|use|using|add|put|insert|inside|within|between|each|every|like|called|closing|opening|of|write|writing|type|paste|copy|place|embed|include|enters?|injects?|submits?|following|replace|remove|before|after|than|tag|element|as"
    r"|verwende\w*|schreib\w*|füg\w*|das|den|ein|einen|le|la|les|une?|utilisez|ajoutez|collez|copiez|usa|usar|el|il|inserisci|pega|copia|use|o|dodaj|wklej|użyj|тег|вставьте)\s|(?<![\w.,!?])[\"']|\(|[>`],? (?:or|and|oder|und|ou|et|o|y|e|lub|i|или|и)\s)$",
    re.IGNORECASE,
)
# What is a code is said of elements that no reader sees only: others are used there (`The code is <b>1234</b>`).
_IS_CODE = re.compile(
    r"(?<!discount )(?<!promo )(?<!coupon )(?<!voucher )(?<!access )(?<!area )(?<!zip )"
    r"\b(?:code|snippet|markup|html|tag|script|embed|c[óo]digo|codice|extrait|balise|skript|schnipsel|fragmento)\s(?:is|lautet|heißt|ist|es|est|è|é)\s$",
    re.IGNORECASE,
)
_MENTIONED_AFTER = re.compile(
    r"^(?:[\"')](?!\w)|\s*(?:and|or|und|oder|et|ou)\s*<|\s*(?:tags?|elements?|attributes?|blocks?)\b)", re.IGNORECASE
)
_NAMED_AFTER = re.compile(r"\s*(?:tags?|elements?)\b")
_PARTED_AFTER = re.compile(r"[ .,;:?!)\"']|\Z")
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
# What commands and their manuals call what stands for a value.
STANDS_FOR = frozenset(["input", "source", "link", "param", "col", "meta"])
_NO_HTML = re.compile(r"<(?!/)[a-z][\w-]*>", re.IGNORECASE)
_BARE = r"\s*(?:(?:checked|disabled|hidden|required|selected|readonly|multiple|async|defer|novalidate|open|reversed|controls|autoplay|loop|muted|nowrap|noshade|compact|itemscope)\s*)*/?"
_WITHOUT_VALUES = re.compile(_BARE, re.IGNORECASE)
_TYPE = re.compile(
    r"(?:\b(?i:vector|list|map|set|array|option(?:al)?|vec|queue|stack|deque|box|arc|rc|promise|future|task|iterator|iterable|collection|class|struct|template|func|function|action|observable|ref|cell|mutex)|_ptr|[a-z][A-Z]\w*|::\w+)$"
)
_AFTER_TYPE = re.compile(r"\s?[a-z&*>(,;:)\]]")
SHORTEST_NAME = 4
"""Letters from which the name of a tag is a word that commands use too (`-m <summary>`)."""
REACH = 14
FAR_REACH = 32
"""Characters before an element in which its name and a word before that stand (`The embed code is`)."""


def is_spoken(text: str, start: int) -> bool:
    """Tell whether the words before a place speak about the markup that stands there."""
    return bool(_SPOKEN.search(text, max(0, start - REACH), start))


def is_shown(text: str, start: int) -> bool:
    """Tell whether an element that no reader sees (a script, a comment, a frame) is shown as something to copy."""
    if is_spoken(text, start) or _CODE_FOLLOWS.search(text, max(0, start - 4), start):
        return True
    return bool(_IS_CODE.search(text, max(0, start - FAR_REACH), start))


class Uses(NamedTuple):
    """Whether a text uses HTML, and whether it has other words in angle brackets (`<target>`)."""

    html: bool
    names: bool


def uses(text: str) -> Uses:
    """Tell what angle brackets in a text are for. What may be a name for a value is no sign of HTML."""
    html = any(
        found[1] or "=" in found[3] or (found[2].lower() in VOID and found[2].lower() not in STANDS_FOR)
        for found in TAG.finditer(text)
    )
    return Uses(html, any(not TAG.fullmatch(name) for name in _NO_HTML.findall(text)))


def is_no_tag(text: str, found: re.Match[str], paired: bool, brackets: Uses) -> bool:
    """Tell whether what reads like a tag is a comparison (`x <b and y> 0`), a type (`vector<p> x`) or a value's name.

    `brackets` is what they are for in the text. Commands name what they are given (`cp <source> <target>`).
    """
    if paired or found[1] or "=" in found[3]:
        return False
    if not _WITHOUT_VALUES.fullmatch(found[3]):
        return True
    if found[2].lower() in STANDS_FOR:
        return not (brackets.html or found[3]) and (brackets.names or not is_mentioned(text, found, paired))
    if not (brackets.html or found[3]) and len(found[2]) >= SHORTEST_NAME and found[2].islower():
        return not (is_spoken(text, found.start()) or _MENTIONED_AFTER.match(text[found.end() : found.end() + 16]))
    before = text[max(0, found.start() - 24) : found.start()]
    return found[2] == "p" and not found[3] and bool(_TYPE.search(before) and _AFTER_TYPE.match(text, found.end()))


def spoken_alone(parts: Sequence[str]) -> set[tuple[int, int]]:
    """Return where a text speaks about opening tags that it also uses: those without a closing tag of their own.

    Every second part is code. The places are those of parts and in them.
    """
    open_: dict[str, list[tuple[int, int]]] = {}
    for n, part in enumerate(parts):
        for found in () if n % 2 else TAG.finditer(part):
            of_name = open_.setdefault(found[2].lower(), [])
            if not found[1] and "=" not in found[3]:
                of_name.append((n, found.start()))
            elif found[1] and of_name:
                of_name.pop()

    def spoken(n: int, start: int) -> bool:
        before = parts[n - 1][-REACH:] if n and start < REACH else ""
        return is_spoken(before + parts[n], len(before) + start)

    return {(n, start) for places in open_.values() for n, start in places if spoken(n, start)}


def is_mentioned(text: str, found: re.Match[str], paired: bool) -> bool:
    """Tell whether the text speaks about a tag instead of using it.

    A tag without its partner is spoken about, unless it needs none or has attributes.
    """
    after = text[found.end() : found.end() + 16]
    if paired:
        if _NAMED_AFTER.match(after):
            return True
        before = text[max(0, found.start() - 40) : found.start()]
        return "between" in before.lower() and bool(_BETWEEN.search(before))
    spoken = is_spoken(text, found.start())
    if found[2].lower() in VOID and not found[1]:
        return bool(_MENTIONED_AFTER.search(after)) or (spoken and bool(_PARTED_AFTER.match(after)))
    return spoken or not (found[1] or "=" in found[3])
