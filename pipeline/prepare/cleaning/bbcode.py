# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""BBCode of forums becomes what a reader of the forum saw; brackets of programs and of Markdown stay."""

from __future__ import annotations

import re
from bisect import bisect_right

from pipeline.prepare.cleaning.addresses import is_pointed_at, is_short, with_address
from pipeline.prepare.cleaning.elements import as_code
from pipeline.prepare.cleaning.segments import is_indented, split
from pipeline.prepare.cleaning.tables import with_lists, with_signs, with_tables

_STYLE = "b|i|u|size|color|colour|font|face|center|centre|left|right|justify|align|highlight|indent|h[1-6]|big|small|spoiler|hide|anchor|user|mention"
_RAW = "code|php|html|xml|css|sql|icode|tt|pre|codebox|noparse"
_UNSEEN = "img|attach|attachment"
_FILM = "media|video|youtube"
_LIST = "list|ul|ol"
_SIGN = {"s": "del", "strike": "del", "del": "del", "sup": "sup", "sub": "sub"}
_TOKEN = re.compile(
    rf"\[(/?)({_STYLE}|{_RAW}|{_UNSEEN}|{_FILM}|{_LIST}|{'|'.join(_SIGN)}|url|email|quote|table|tr|td|th|li|\*|hr|br)"
    r"((?:=[^\[\]\n]{0,300}|\s\w{1,20}=[^\[\]\n]{0,300})?)\]",
    re.IGNORECASE,
)
_NO_PARTNER = frozenset(["*", "hr", "br"])
_IN_HTML = {"*": "<li>", "li": "<li>", "tr": "<tr>", "td": "<td>", "th": "<th>"}
_STYLES = re.compile(_STYLE)
_RAWS = frozenset(_RAW.split("|"))
_LISTS = frozenset(_LIST.split("|"))
_ABOUT = re.compile(r"\bBB[ -]?Codes?\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"=\"?([\w+#-]{1,20})\"?")
_INDEXED = re.compile(r"[\w\])]\Z")
_ITEM = re.compile(r"\s*<li>[ \t]*")
LEFT_OPEN = 4
"""Elements that may be left open inside another."""
DEEPEST = 20
"""Elements in each other beyond which tags show nothing."""
Token = re.Match[str]


def without_bbcode(text: str) -> str:
    """Return the text that the BBCode in it shows: code fenced or back-quoted, quotes behind `>`, lists as lines.

    A tag counts with its partner only. A text about BBCode keeps it.
    """
    if "[/" not in text or _ABOUT.search(text):
        return text
    tokens = [token for token in _TOKEN.finditer(text) if not token[1] or not token[3]]
    pairs = _pairs(text, tokens)
    return _Reader(text, pairs).shown(tokens) if pairs else text


def _name(token: Token) -> str:
    return token[2].lower()


def _pairs(text: str, tokens: list[Token]) -> dict[int, int]:
    """Return the places of tags by the places of their partners, both ways.

    What stands in code is none, and nothing in `[code]` but its end. `x[i]` is rather an index where there is another.
    """
    raw_ends: dict[str, list[int]] = {}
    for token in tokens:
        if token[1] and _name(token) in _RAWS:
            raw_ends.setdefault(_name(token), []).append(token.start())
    code = _in_code(text)
    open_: dict[str, list[Token]] = {}
    pairs: dict[int, int] = {}
    end = 0
    for token in tokens:
        name, start = _name(token), token.start()
        if start < end or name in _NO_PARTNER or _is_in(code, start):
            continue
        if name in _RAWS:
            ends = raw_ends.get(name, [])
            at = bisect_right(ends, start)
            if not token[1] and at < len(ends):
                pairs |= {start: ends[at], ends[at]: start}
                end = ends[at] + 1
        elif not token[1]:
            of_name = open_.setdefault(name, [])
            # an index waits behind what is surely a tag
            is_index = len(token[0]) == len("[i]") and bool(_INDEXED.search(text[start - 1 : start]))
            of_name.insert(0 if is_index else len(of_name), token)
        elif open_.get(name):
            start_of = open_[name].pop().start()
            pairs |= {start_of: start, start: start_of}
    return pairs


def _in_code(text: str) -> list[tuple[int, int]]:
    if "`" not in text and "~~~" not in text:
        return []
    spans, at = [], 0
    for piece, is_code in split(text):
        if is_code and not is_indented(piece):
            spans.append((at, at + len(piece)))
        at += len(piece)
    return spans


def _is_in(spans: list[tuple[int, int]], place: int) -> bool:
    at = bisect_right(spans, (place, len(spans) and spans[-1][1])) - 1
    return at >= 0 and place < spans[at][1]


class _Reader:
    """Reads tags in their order; what is open is a stack, from the outermost inwards."""

    def __init__(self, text: str, pairs: dict[int, int]) -> None:
        self._text = text
        self._pairs = pairs
        self._alone = len(_TOKEN.sub("", text).strip()) < 8
        self._short = is_short(text)
        # where each starts, its tag, and what it shows so far
        self._open: list[tuple[int, Token | None, list[str]]] = [(-1, None, [])]
        self._lists = self._tables = 0

    def shown(self, tokens: list[Token]) -> str:
        """Return the text that its tags show."""
        end = 0
        for token in tokens:
            name, start = _name(token), token.start()
            listed = self._lists if name in ("*", "li") else self._tables
            is_read = start in self._pairs or name in _NO_PARTNER
            if start < end or not is_read or (name in _IN_HTML and not listed):
                continue
            self._open[-1][2].append(self._text[end:start])
            end = token.end()
            if name in _NO_PARTNER or name in _IN_HTML:
                self._open[-1][2].append("" if token[1] else _IN_HTML.get(name, "\n"))
            elif name in _RAWS:
                self._open[-1][2].append(_code(token, self._text[end : self._pairs[start]]))
                end = self._text.index("]", self._pairs[start]) + 1
            elif not _STYLES.fullmatch(name):
                self._turn(token)
        self._open[-1][2].append(self._text[end:])
        return "".join("".join(parts) for _, _, parts in self._open)

    def _turn(self, token: Token) -> None:
        """Open or close an element; one that ends inside another shows what is in it as it is."""
        by = -1 if token[1] else 1
        self._lists += by * (_name(token) in _LISTS)
        self._tables += by * (_name(token) == "table")
        if not token[1]:
            if len(self._open) <= DEEPEST:
                self._open.append((token.start(), token, []))
            return
        partner = self._pairs[token.start()]
        while any(start == partner for start, _, _ in self._open[-LEFT_OPEN:]):
            start, tag, parts = self._open.pop()
            inner = "".join(parts)
            is_whole = start == partner and tag is not None
            if not (is_whole and tag):
                self._open[-1][2].append(inner)
                continue
            wanted = self._alone or (_name(tag) == "url" and is_pointed_at(self._text, start, token.end(), self._short))
            self._open[-1][2].append(_element(tag, inner, wanted, self._lists, self._tables))


def _element(tag: Token, inner: str, wanted: bool, lists: int, tables: int) -> str:
    """Return what an element shows; lists and tables in others are made with the outermost one."""
    name, given = _name(tag), tag[3].strip().removeprefix("=").strip("\"' ")
    if name in ("url", "email"):
        address = given or inner.strip()
        return with_address(inner, f"mailto:{address}" if name == "email" else address, wanted) if given else address
    if name in _UNSEEN.split("|"):
        return ""
    if name in _FILM.split("|"):
        return inner if "://" in inner or name != "youtube" else f"https://youtu.be/{inner.strip()}"
    if name == "quote":
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in inner.strip().split("\n")) + "\n\n"
    if name in _SIGN:
        made = with_signs(f"<{_SIGN[name]}>{inner}</{_SIGN[name]}>")
        return inner if made.startswith("<") else made
    if name in _LISTS:
        kind = "ol" if name == "ol" or (name == "list" and given) else "ul"
        made = f"<{kind}>{_ITEM.sub('<li>', inner).strip()}</{kind}>"
        return made if lists else with_lists(made)
    made = f"<table>{inner}</table>"
    return made if tables else with_tables(made)


def _code(tag: Token, inner: str) -> str:
    inner = inner.strip("\n")
    if "\n" not in inner or "```" in inner:
        return as_code(inner.strip()) if "```" not in inner else f"\n\n~~~\n{inner}\n~~~\n\n"
    language = _LANGUAGE.fullmatch(tag[3].strip())
    return f"\n\n```{language[1] if language else ''}\n{inner}\n```\n\n"
