# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""HTML that was left in a text becomes the text that a browser would show; HTML that a text is about stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from pipeline.prepare.cleaning.addresses import is_pointed_at, with_address
from pipeline.prepare.cleaning.elements import CODE, UNSEEN, as_code, opening, with_pairs
from pipeline.prepare.cleaning.entities import decoded
from pipeline.prepare.cleaning.leftovers import is_template, with_xml_as_code, without_leftovers
from pipeline.prepare.cleaning.mentions import Uses, is_mentioned, is_no_tag, is_shown, is_spoken, spoken_alone, uses
from pipeline.prepare.cleaning.shown_tags import put_back, set_aside
from pipeline.prepare.cleaning.tables import FENCE, with_lists, with_marks_beside, with_signs, with_tables
from pipeline.prepare.cleaning.tags import ATTRIBUTES, BLOCK, BLOCK_TAG, PAIR, TAG

_COMMENT = re.compile(r"<!--.*?-->|<!DOCTYPE[^<>]*>|<\?xml[^<>]*\?>", re.DOTALL | re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_LINK = re.compile(rf"<(a)\b(?=\s)(?:{ATTRIBUTES})>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MADE = {"br": "\n", "hr": "\n", "td": " ", "th": " ", "tr": "\n", "dt": "\n", "dd": "\n", "option": "\n", "q": '"'}
# Controls stand apart on a page.
_APART = re.compile(r"(</(?:button|select|label|legend)\s*>)(?=<|\w)", re.IGNORECASE)
_IS_BLOCK = re.compile(BLOCK)
_LINE_INDENT = re.compile(r"\s*\n\s*")
_ABOUT_HTML = re.compile(r"\bHTML\b|\b(?:tags?|markup)\b", re.IGNORECASE)
_MARKED = re.compile(r"(`[^`\n]+`)")
_BREAK = re.compile(r"(<[bh]r\s*/?>)[ \t]*\n", re.IGNORECASE)
LONGEST_SHOWN = 80
"""Characters of a comment beyond which it is none that a text shows as an example."""
_ANY_CODE = re.compile(r"```\n.*?\n```|(?<!`)`[^`\n]+`(?!`)", re.DOTALL)
# Stands for code: characters for private use show nothing, so that none is lost.
_SIGN = "\ue000"
_SIGNS = re.compile(rf"[`{FENCE}]{_SIGN}(\d+){_SIGN}[`{FENCE}]")
_BLOCK_SIGN = re.compile(rf"\s*({FENCE}{_SIGN}\d+{_SIGN}{FENCE})\s*")
_FENCED = re.compile(r"(```\n.*?\n```)", re.DOTALL)


def might_have_markup(text: str) -> bool:
    """Tell cheaply whether there may be anything for this module to do."""
    return "<" in text and ">" in text


def without_markup(text: str, short: bool = False) -> str:
    """Return the text that the HTML in it shows; tags that the text speaks about come out as code, `<b>`.

    `short` tells that it is a text, or part of one, of few words. Code becomes fenced or back-quoted, lists and tables become lines, links keep their text, and their address too when
    the text says nothing without it. Anything in angle brackets that is no HTML tag stays.
    """
    if is_template(text):
        return text
    text, shown = set_aside(text)
    return put_back(_shown_by_a_browser(text, short), shown)


def _shown_by_a_browser(text: str, short: bool) -> str:
    text = without_leftovers(_COMMENT.sub(lambda found: _shown_or(found, ""), text))
    text = _CDATA.sub(r"\1", text)
    text = with_pairs(text, opening(UNSEEN), lambda opened, inner: " ", spare=is_shown)
    if not TAG.search(text):
        return text
    text = with_pairs(_BREAK.sub(r"\1", text), opening("pre"), lambda opened, inner: _fence(inner))
    text = "".join(part if n % 2 else with_xml_as_code(part, TAG) for n, part in enumerate(_FENCED.split(text)))
    text = "".join(part if n % 2 else _with_inline_code(part) for n, part in enumerate(_FENCED.split(text)))
    if BLOCK_TAG.search(text):
        parts = _FENCED.split(text)
        text = "".join(part if n % 2 else with_tables(_LINE_INDENT.sub(" ", part)) for n, part in enumerate(parts))
    masked, codes = _masked(text)
    return _unmasked(_prose(masked, codes, uses(masked), short), codes)


def _masked(text: str) -> tuple[str, list[str]]:
    """Return the text with a sign for each piece of code, and the pieces: elements may reach beyond code in them."""
    codes: list[str] = []

    def sign(found: re.Match[str]) -> str:
        codes.append(found[0])
        mark = FENCE if found[0].startswith("```") else "`"
        return f"{mark}{_SIGN}{len(codes) - 1}{_SIGN}{mark}"

    return _ANY_CODE.sub(sign, text.replace(_SIGN, "").replace(FENCE, "")), codes


def _unmasked(text: str, codes: list[str]) -> str:
    if FENCE in text:
        text = _BLOCK_SIGN.sub(r"\n\n\1\n\n", text)
    return _SIGNS.sub(lambda found: codes[int(found[1])], text) if codes else text


def _shown_or(found: re.Match[str], hidden: str) -> str:
    """Return a comment as code where the text shows it, else what stands for it."""
    one_line = "\n" not in found[0] and len(found[0]) <= LONGEST_SHOWN and "[if" not in found[0]
    return f"`{found[0]}`" if one_line and is_spoken(found.string, found.start()) else hidden


def _with_inline_code(text: str) -> str:
    if not opening(CODE).search(text):
        return text
    return with_pairs(text, opening(CODE), lambda opened, inner: _inline(inner))


def _fence(inner: str) -> str:
    inner = TAG.sub("", re.sub(r"<br\s*/?>", "\n", inner, flags=re.IGNORECASE))
    return f"\n\n```\n{unescape(inner).strip(chr(10))}\n```\n\n"


def _inline(inner: str) -> str:
    inner = unescape(TAG.sub("", inner)).strip()
    return as_code(inner) if inner and "```" not in inner and "``" not in inner else inner


def _prose(text: str, codes: list[str], brackets: Uses, short: bool) -> str:
    alone = len(_unmasked(with_pairs(text, _LINK, lambda opened, inner: ""), codes).strip()) < 8

    def link(opened: re.Match[str], inner: str) -> str:
        end = opened.end() + len(inner) + len("</a>")
        wanted = alone or is_pointed_at(opened.string, opened.start(), end, short)
        return _link(opened[0], _unmasked(inner, codes), wanted)

    text = with_pairs(text, _LINK, link)
    text = with_signs(_APART.sub(r"\1 ", text))
    has_lists = "<li" in text or "<LI" in text
    if has_lists:
        text = with_lists(text)
    if PAIR.search(text) and _ABOUT_HTML.search(text):
        text = PAIR.sub(lambda found: f"`{found[0]}`" if is_spoken(text, found.start()) else found[0], text)
    parts = _MARKED.split(text)

    def used(found: re.Match[str], paired: bool) -> str:
        name = found[2].lower()
        if is_no_tag(found.string, found, paired, brackets):
            return found[0]
        if is_mentioned(found.string, found, paired):
            return _tag_as_code(found)
        if name == "img":
            alt = _ALT.search(found[3])
            return (alt[1] or alt[2] or "") if alt else ""
        if name in _MADE:
            return "" if found[1] and name not in ("tr", "q") else _MADE[name]
        return "\n\n" if _IS_BLOCK.fullmatch(name) else ""

    # code that was just marked must not lose its tags
    made = _with_tags(text, parts, used)
    return with_marks_beside(made) if has_lists else made


def _with_tags(text: str, parts: list[str], show: Callable[[re.Match[str], bool], str]) -> str:
    """Return the parts of a text, every second of which is code, with tags as `show` wants them.

    It is told whether the text uses a tag of this name with its partner.
    """
    opened = {found[2].lower() for found in TAG.finditer(text) if not found[1]}
    closed = {found[2].lower() for found in TAG.finditer(text) if found[1]}
    both = opened & closed
    alone = spoken_alone(parts) if both else set()

    def shown(n: int, part: str) -> str:
        return TAG.sub(lambda found: show(found, found[2].lower() in both and (n, found.start()) not in alone), part)

    return "".join(part if n % 2 else shown(n, part) for n, part in enumerate(parts))


def _link(tag: str, shown: str, wanted: bool) -> str:
    href = _HREF.search(tag)
    address = unescape(next((part for part in href.groups() if part), "")).strip() if href else ""
    return with_address(shown, decoded(address), wanted)


def tags_as_code(text: str) -> str:
    """Return prose that was decoded just now with the tags that it speaks about back-quoted.

    A pair whose words before do not speak of it, and a break, were escaped once too often: they stay for the next round.
    """
    if "<" not in text:
        return text
    text = PAIR.sub(lambda found: f"`{found[0]}`" if is_spoken(text, found.start()) else found[0], text)
    brackets = uses(text)

    def spoken(found: re.Match[str], paired: bool) -> str:
        is_tag = not is_no_tag(found.string, found, paired, brackets)
        return _tag_as_code(found) if is_tag and is_mentioned(found.string, found, paired) else found[0]

    return _with_tags(text, _MARKED.split(text), spoken)


def _tag_as_code(found: re.Match[str]) -> str:
    """Back-quote a tag, but not inside a word (`List<a>` names a type) or next to a back quote."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return found[0] if before.isalnum() or "`" in (before, after) else f"`{found[0]}`"
