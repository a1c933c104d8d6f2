# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What is left of markup where a text was cut, pasted from a word processor or escaped more than once."""

from __future__ import annotations

import re
from bisect import bisect_left

_OFFICE = re.compile(r"</?(?:o|v|w|m|x|st1):[A-Za-z]\w*\b[^<>]*>")
_NAMES = r"(?:a|p|div|span|li|ul|ol|td|th|tr|table|img|br|strong|em|b|i|u|font|h[1-6]|section|iframe|input|button|script|style|code|pre)"
# The start and the end of a text that was cut inside a tag.
_CUT_START = re.compile(
    rf"\A\s*(?:[\w:-]*\s*=?\s*[\"'][^\"'<>\n]*[\"'](?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>\n]*\"|'[^'<>\n]*'))*|[\w./:;# -]{{1,80}}[\"']|/?{_NAMES})\s*/?>",
)
_CUT_END = re.compile(rf"</?{_NAMES}(?:\s+[\w:-]+(?:\s*=\s*(?:[\"'][^\"'<>]*)?[\"']?)?)*\s*/?\Z|</?\Z", re.IGNORECASE)
_ANY_TAG = re.compile(rf"</?{_NAMES}\b[^<>]*>", re.IGNORECASE)
_JSX = re.compile(
    r"<[A-Za-z][\w.]*(?:\s[^<>]*?)?\s[\w:@*\[\](.-]*=\{|<[A-Za-z][^<>]*\s(?:v-[a-z]+|@[a-z]+|\*ng[A-Z]\w*|\([a-z]+\)|\[[a-zA-Z]+\])="
)
_OPENED = re.compile(r"<([A-Za-z][\w.]*)(?:\s[^<>]*)?>")
_CLOSED = re.compile(r"</([A-Za-z][\w.]*)\s*>")


def is_template(text: str) -> bool:
    """Tell whether the tags of a text are those of a template language (JSX, Vue, Angular), which no browser shows."""
    return bool(_JSX.search(text))


def without_leftovers(text: str) -> str:
    """Return the text without tags of word processors and without halves of tags at its start and end."""
    text = _OFFICE.sub("", text) if ":" in text else text
    if _ANY_TAG.search(text):
        text = _CUT_START.sub("", text, count=1)
        text = _CUT_END.sub("", text, count=1)
    return text


def with_xml_as_code(text: str, html: re.Pattern[str]) -> str:
    """Return the text with XML elements that have tags of HTML names inside as code: nobody wants them stripped.

    `html` matches tags of HTML.
    """
    closings = [found for found in _CLOSED.finditer(text) if not html.fullmatch(f"<{found[1]}>")]
    if not closings:
        return text
    opened: dict[str, list[int]] = {}
    for opening in _OPENED.finditer(text):
        opened.setdefault(opening[1], []).append(opening.start())
    tags = [tag.start() for tag in html.finditer(text)]
    parts, end = [], 0
    # the outermost element ends last, so each is taken with the last closing tag of its name
    last = {closing[1]: closing for closing in closings}
    for start, closing in sorted(
        ((opened.get(name, [len(text)])[0], one) for name, one in last.items()), key=lambda place: place[0]
    ):
        inside = bisect_left(tags, start) < bisect_left(tags, closing.start())
        element = text[start : closing.end()]
        if start >= end and inside and "`" not in element:
            parts += [text[end:start], f"\n\n```\n{element}\n```\n\n" if "\n" in element else f"`{element}`"]
            end = closing.end()
    return "".join([*parts, text[end:]])
