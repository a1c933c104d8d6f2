# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""HTML that was left in a text becomes the text that a browser would show; HTML that a text is about stays."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from html import unescape

from pipeline.prepare.cleaning.entities import decoded

_BLOCK = (
    "address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|head|header|hgroup|html|main|nav|ol|p|section|summary|table|tbody|tfoot|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|caption|cite|code|col|colgroup|del|dfn|em|font|i|iframe|img|input|ins|kbd|"
    "label|legend|li|mark|meta|link|noscript|object|optgroup|option|param|picture|pre|q|rp|rt|ruby|s|samp|script|select|"
    "small|source|span|strike|strong|style|sub|sup|svg|td|template|textarea|th|time|tt|u|var|video|audio|wbr|hr|br"
)
_ATTRIBUTES = r"""(?:\s(?:"[^"]*"|'[^']*'|[^'"<>])*)?"""
TAG = re.compile(rf"<(/?)({_BLOCK}|{_INLINE})({_ATTRIBUTES})/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</(?:{_BLOCK}|li|td|th)\s*>", re.IGNORECASE)
_UNSEEN = "script|style|template|noscript|svg|iframe"
_COMMENT = re.compile(r"<!--.*?-->|<!DOCTYPE[^<>]*>|<\?xml[^<>]*\?>", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_CODE = "code|tt|kbd|samp"
_LINK = re.compile(rf"<(a)\b(?=\s)(?:{_ATTRIBUTES})>", re.IGNORECASE)
_CLOSING = re.compile(rf"</({_UNSEEN}|pre|{_CODE}|a)\s*>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MENTIONED_BEFORE = re.compile(
    r"(?:\b(?:the|an?|your|use|using|add|put|insert|inside|within|between|each|every|like|called|closing|opening|of)\s|[\"'(])$",
    re.IGNORECASE,
)
_MENTIONED_AFTER = re.compile(
    r"^(?:[\"')]|\s*(?:and|or)\s*<|\s*(?:tags?|elements?|attributes?|blocks?)\b)", re.IGNORECASE
)
_VOID = {
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
}
_MADE = {"br": "\n", "hr": "\n", "li": "\n- ", "td": " ", "th": " ", "tr": "\n", "dt": "\n", "dd": "\n"}
_LINE_INDENT = re.compile(r"\s*\n\s*")
_BREAK = re.compile(r"(<[bh]r\s*/?>)[ \t]*\n", re.IGNORECASE)
_FENCED = re.compile(r"(```\n.*?\n```)", re.DOTALL)


def might_have_markup(text: str) -> bool:
    """Tell cheaply whether there may be anything for this module to do."""
    return "<" in text and ">" in text


def without_markup(text: str) -> str:
    """Return the text that the HTML in it shows; tags that the text speaks about come out as code, `<b>`.

    Code becomes fenced or back-quoted, list items become lines with a dash, links keep their text, and their address
    too when the text says nothing without it. Anything in angle brackets that is no HTML tag stays.
    """
    text = _COMMENT.sub("", text)
    text = _CDATA.sub(r"\1", text)
    text = _with_pairs(text, _opening(_UNSEEN), lambda opened, inner: " ")
    if not TAG.search(text):
        return text
    text = _with_pairs(_BREAK.sub(r"\1", text), _opening("pre"), lambda opened, inner: _fence(inner))
    if _BLOCK_TAG.search(text):
        parts = _FENCED.split(text)
        text = "".join(part if n % 2 else _LINE_INDENT.sub(" ", part) for n, part in enumerate(parts))
    parts = re.split(r"(```\n.*?\n```|(?<!`)`[^`\n]+`(?!`))", _with_inline_code(text), flags=re.DOTALL)
    return "".join(part if n % 2 else _prose(part) for n, part in enumerate(parts))


@cache
def _opening(names: str) -> re.Pattern[str]:
    return re.compile(rf"<({names})\b[^<>]*>", re.IGNORECASE)


def _with_pairs(text: str, opening: re.Pattern[str], show: Callable[[re.Match[str], str], str | None]) -> str:
    """Return the text with each element from its opening tag to the next closing one of its name as `show` wants it.

    `show` gets the opening tag and what is inside, and returns None to leave the element. Closing tags are looked up,
    not searched for behind each opening one: a page full of elements without an end would take the square of its length.
    """
    opened = list(opening.finditer(text))
    if not opened:
        return text
    closed: dict[str, list[tuple[int, int]]] = {}
    for found in _CLOSING.finditer(text):
        closed.setdefault(found[1].lower(), []).append(found.span())
    parts, end = [], 0
    for found in opened:
        places = closed.get(found[1].lower(), [])
        at = bisect_left(places, (found.end(), 0))
        if found.start() < end or at == len(places):
            continue
        shown = show(found, text[found.end() : places[at][0]])
        if shown is not None:
            parts += [text[end : found.start()], shown]
            end = places[at][1]
    return "".join([*parts, text[end:]])


def _with_inline_code(text: str) -> str:
    if not _opening(_CODE).search(text):
        return text
    return "\n".join(
        _with_pairs(line, _opening(_CODE), lambda opened, inner: _inline(inner)) for line in text.split("\n")
    )


def _fence(inner: str) -> str:
    inner = TAG.sub("", re.sub(r"<br\s*/?>", "\n", inner, flags=re.IGNORECASE))
    return f"\n\n```\n{unescape(inner).strip(chr(10))}\n```\n\n"


def _inline(inner: str) -> str:
    inner = unescape(TAG.sub("", inner)).strip()
    if not inner or "`" in inner:
        return inner
    return f"`{inner}`"


def _prose(text: str) -> str:
    alone = len(_with_pairs(text, _LINK, lambda opened, inner: "").strip()) < 8
    text = _with_pairs(text, _LINK, lambda opened, inner: _link(opened[0], inner, alone))
    opened = {found[2].lower() for found in TAG.finditer(text) if not found[1]}
    closed = {found[2].lower() for found in TAG.finditer(text) if found[1]}

    def shown(found: re.Match[str]) -> str:
        name = found[2].lower()
        paired = name in opened and name in closed
        if _is_mentioned(text, found, name, paired):
            return _as_code(found)
        if name == "img":
            alt = _ALT.search(found[3])
            return (alt[1] or alt[2] or "") if alt else ""
        if name in _MADE:
            return "" if found[1] and name != "tr" else _MADE[name]
        return "\n\n" if re.fullmatch(_BLOCK, name) else ""

    return TAG.sub(shown, text)


def _is_mentioned(text: str, found: re.Match[str], name: str, paired: bool) -> bool:
    """Tell whether the text speaks about a tag instead of using it.

    A tag without its partner is spoken about, unless it needs none or has attributes.
    """
    after = text[found.end() : found.end() + 16]
    before = text[max(0, found.start() - 12) : found.start()]
    if paired:
        return bool(re.match(r"\s*(?:tags?|elements?)\b", after)) or before.lower().endswith(("between ", "and "))
    spoken = bool(_MENTIONED_BEFORE.search(before))
    if name in _VOID and not found[1]:
        return bool(_MENTIONED_AFTER.search(after)) or (spoken and bool(re.match(r"[ .,;:?!)\"']|\Z", after)))
    return spoken or not (found[1] or "=" in found[3])


GENERIC = re.compile(
    r"(?:click |tap |see |go )?(?:here|this|this (?:link|page|article|document|form|site)|link|more|read more|learn more|"
    r"details|website|download|hier|ici|aquí|qui|aqui|сюда|здесь|こちら|这里)?[.!:]?",
    re.IGNORECASE,
)
"""Link texts that say nothing without their address."""


def with_address(text: str, address: str, alone: bool) -> str:
    """Return a link's text, with its address when the text says nothing or the link is all that there is."""
    shown = text.strip()
    if not re.match(r"https?://|mailto:|ftp://", address) or address in shown:
        return text
    address = address.removeprefix("mailto:")
    if shown in (address, address.split("://")[-1].rstrip("/")):
        return address
    if alone or GENERIC.fullmatch(shown):
        return f"{shown} ({address})" if shown else address
    return text


def _link(tag: str, shown: str, alone: bool) -> str:
    href = _HREF.search(tag)
    address = unescape(next((part for part in href.groups() if part), "")).strip() if href else ""
    return with_address(shown, decoded(address), alone)


def tags_as_code(text: str) -> str:
    """Return prose with each HTML tag back-quoted: after decoding, a tag is something that the text speaks about."""
    return TAG.sub(_as_code, text) if "<" in text else text


def _as_code(found: re.Match[str]) -> str:
    """Back-quote a tag, but not inside a word (`List<a>` names a type) or next to a back quote."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return found[0] if before.isalnum() or "`" in (before, after) else f"`{found[0]}`"
