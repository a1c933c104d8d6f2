"""Structured data as people write it into pages: JSON that is nearly right, and texts that may or may not be HTML."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from lxml import etree
from lxml.html import fragments_fromstring

from pipeline.collect.web.model import Piece

TAG = re.compile(r"<[a-zA-Z/!][^>]*>")
_MARKUP = re.compile(
    r"</(?:p|a|b|i|u|ul|ol|li|em|strong|span|div|h[1-6]|table|tr|td|code|pre|blockquote)\s*>|<br\s*/?>|<p>|<li>",
    re.IGNORECASE,
)
"""What says that an escaped text is HTML; one that only mentions a tag ("the <meta> tag") closes none."""
_FROM_HEAD = re.compile(r"</?(?:meta|title|link|base)\b[^<>]*>", re.IGNORECASE)
"""Tags that stand in no answer: a text that has them speaks of them."""
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/"
    r"|\]\]>)\s*;?\s*$"
)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_WRONG_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*)\\([^\"\\/bfnrtu])")
_COMMENT = re.compile(r"^\s*//[^\n]*$|(?<=[,{}\[\]\"])[^\S\n]*//[^\n\"]*$|/\*(?:(?!\*/)[^\"])*\*/", re.MULTILINE)
"""Comments on lines of their own or behind a value, as nobody may write them in JSON but some do."""


def load(script: str) -> Any:
    """Read JSON as leniently as search engines do; return None when it cannot be read at all."""
    text = _WRAPPING.sub("", script).strip().rstrip(";")
    mended = _COMMENT.sub("", _WRONG_ESCAPE.sub(r"\1\2", text))
    for attempt in (text, _TRAILING_COMMA.sub("", text), html.unescape(text), _TRAILING_COMMA.sub("", mended)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return _several(text) or _several(mended)


def _several(text: str) -> list[Any] | None:
    decoder = json.JSONDecoder(strict=False)
    found: list[Any] = []
    position = 0
    while (position := text.find("{", position)) >= 0 and len(found) < 100:
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        found.append(value)
    return found or None


def parse_answer(text: str) -> list[Piece]:
    """Turn the text of an answer, HTML or plain, escaped or not, into pieces."""
    for _ in range(2):
        if not TAG.search(text) and _MARKUP.search(html.unescape(text)):
            text = html.unescape(text)
    if not _FROM_HEAD.match(text):
        text = _FROM_HEAD.sub(lambda tag: html.escape(tag.group(), quote=False), text)
    if not TAG.search(text):
        paragraphs = [html.escape(part, quote=False) for part in re.split(r"\n\s*\n", html.unescape(text))]
        text = "".join(f"<p>{part.strip().replace(chr(10), '<br>')}</p>" for part in paragraphs)
    try:
        parsed = fragments_fromstring(text.replace("\x00", ""))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return [text]
    pieces: list[Piece] = []
    for part in parsed:
        pieces.append(part)
        if not isinstance(part, str) and part.tail:
            pieces.append(part.tail)
            part.tail = None
    return pieces
