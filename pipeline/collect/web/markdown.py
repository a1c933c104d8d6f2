"""Answers as Markdown-like text: paragraphs, `- ` lists, fenced code, pipe tables, links with their address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin

from pipeline.collect.web.controls import stands_in_sentence
from pipeline.collect.web.dom import BLOCKS, HEADINGS, raw_text
from pipeline.collect.web.grid import rows_of
from pipeline.collect.web.model import Element, Piece
from pipeline.collect.web.pipe_table import LINE_NUMBERS, is_cell, is_layout, pipe_lines
from pipeline.collect.web.questions import squeeze

MAX_DEPTH = 150
"""Deeper than this an answer's inner structure is not followed any more: its text is taken as it is."""

_CODE = frozenset(("code", "kbd", "samp", "tt"))
_SKIP = frozenset(
    ("script", "style", "noscript", "template", "button", "input", "select", "textarea", "label", "svg", "iframe")
)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0\u2007\u202f\n]+")
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")
_POINTERS = re.compile(
    r"^(?:(?:click |see |read )?(?:here|this(?: (?:page|link|article|post|guide))?|link|more)|hier|ici|aquí|qui"
    r"|aqui|здесь|тут|こちら|这里|此处|여기)$",
    re.IGNORECASE,
)


def render(pieces: Iterable[Piece], base: str) -> str:
    """Return the pieces as Markdown-like text; `base` resolves links whose label alone says nothing ("here")."""
    writer = _Writer(base)
    for piece in pieces:
        if isinstance(piece, str):
            writer.inline(piece)
        else:
            writer.element(piece, 0)
    return writer.text()


class _Writer:
    """Collects blocks; inline text gathers in a buffer until a block begins or ends."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.blocks: list[str] = []
        self.buffer: list[str] = []
        self.tight = False

    def text(self) -> str:
        self.flush()
        return re.sub(r"\n{3,}", "\n\n", "\n\n".join(self.blocks)).strip("\n")

    def inline(self, text: str | None) -> None:
        if text:
            self.buffer.append(_BLANKS.sub(" ", _INVISIBLE.sub("", text)))

    def flush(self) -> None:
        if not self.buffer:
            return
        lines = [_BLANKS.sub(" ", line).strip() for line in "".join(self.buffer).split("\n")]
        self.buffer.clear()
        text = "\n".join(lines).strip("\n")
        if text:
            self.blocks.append(text)

    def children(self, element: Element, depth: int) -> None:
        self.inline(element.text)
        for child in element:
            self.element(child, depth + 1)
            self.inline(child.tail)

    def element(self, element: Element, depth: int) -> None:
        tag = element.tag
        if not isinstance(tag, str) or (tag in _SKIP and not stands_in_sentence(element)):
            return
        if depth > MAX_DEPTH:
            self.inline(raw_text(element))
        elif tag == "br":
            self.buffer.append("\n")
        elif tag in ("pre", "listing", "xmp"):
            self.code_block(element)
        elif tag in _CODE:
            self.code(element)
        elif tag == "a":
            self.link(element, depth)
        elif tag == "img":
            alt = squeeze(element.get("alt") or "")
            self.inline(f"[{alt}]" if any(map(str.isalnum, alt)) else "")
        elif tag == "sup":
            self.superscript(element, depth)
        elif tag == "math":
            self.inline(element.get("alttext") or raw_text(element))
        else:
            self.container(element, tag, depth)

    def container(self, element: Element, tag: str, depth: int) -> None:
        if tag in ("ul", "ol", "menu", "dir"):
            self.list(element, depth)
        elif tag == "table":
            self.table(element, depth)
        elif tag == "q":
            self.inline("“")
            self.children(element, depth)
            self.inline("”")
        elif tag in BLOCKS or tag in HEADINGS or tag == "hr":
            self.flush()
            self.children(element, depth)
            self.flush()
        else:
            self.children(element, depth)

    def code_block(self, element: Element) -> None:
        self.flush()
        code = _preformatted(element)
        if code.strip():
            fence = "````" if "```" in code else "```"
            self.blocks.append(f"{fence}\n{code}\n{fence}")

    def code(self, element: Element) -> None:
        if element.find(".//br") is not None or element.find(".//div") is not None:
            self.code_block(element)
            return
        text = squeeze(raw_text(element))
        if text:
            mark = "``" if "`" in text else "`"
            self.buffer.append(f"{mark}{text}{mark}")

    def link(self, element: Element, depth: int) -> None:
        before = len(self.blocks), len(self.buffer)
        self.children(element, depth)
        label = squeeze("".join(self.buffer[before[1] :])) if len(self.blocks) == before[0] else None
        address = self.address((element.get("href") or "").strip(), label)
        if label and address and not _says(label, address):
            self.buffer.append(f" ({address})")

    def address(self, href: str, label: str | None) -> str | None:
        scheme = href.split(":", 1)[0].lower() if ":" in href else ""
        if scheme in ("http", "https", "ftp"):
            return href
        if scheme in ("mailto", "tel"):
            return href.split(":", 1)[1].split("?")[0]
        if not scheme and href and not href.startswith("#") and label and _POINTERS.match(label.strip(" .")):
            try:
                return urljoin(self.base, href)
            except ValueError:
                return None
        return None

    def superscript(self, element: Element, depth: int) -> None:
        text = squeeze(raw_text(element))
        before = "".join(self.buffer[-1:])[-1:]
        if text and before.isalnum() and re.fullmatch(r"[+\-−]?[\dn]+", text) and element.find(".//a") is None:
            self.inline(f"^{text}")
        else:
            self.children(element, depth)

    def list(self, element: Element, depth: int) -> None:
        self.flush()
        items: list[str] = []
        number = _number(element.get("start"), 1)
        loose = False
        for child in element:
            if child.tag in _SKIP or not isinstance(child.tag, str):
                continue
            inner = self.inside(child, depth)
            if child.tag != "li":
                items.append(inner)
                continue
            number = _number(child.get("value"), number)
            mark = f"{number}. " if element.tag == "ol" else "- "
            number += 1
            loose = loose or child.find("p") is not None
            if inner:
                items.append(mark + re.sub(r"\n(?=[^\n])", "\n" + " " * len(mark), inner))
        text = ("\n\n" if loose else "\n").join(item for item in items if item)
        if text:
            self.blocks.append(text)

    def inside(self, element: Element, depth: int) -> str:
        writer = _Writer(self.base)
        writer.children(element, depth + 1)
        return writer.text()

    def table(self, element: Element, depth: int) -> None:
        self.flush()
        cells = [[cell for cell in row if is_cell(cell)] for row in rows_of(element)]
        if any(is_layout(cell) for row in cells for cell in row) or max(map(len, cells), default=0) < 2:
            for row in cells:
                for cell in row:
                    self.children(cell, depth + 1)
                    self.flush()
            return
        texts = {
            cell: self.inside(cell, depth + 1).replace("\n", " ").replace("|", "\\|") for row in cells for cell in row
        }
        lines = pipe_lines(element, texts)
        caption = next((squeeze(raw_text(child)) for child in element if child.tag == "caption"), "")
        self.blocks.append("\n".join([caption, "", *lines] if caption else lines))


def _says(label: str, address: str) -> bool:
    """Say whether a link's label already tells its address."""
    plain = label.strip("<>()[] .`").removeprefix("mailto:").rstrip("/")
    bare = address.rstrip("/")
    return plain == bare or bare.split("://", 1)[-1] == plain.split("://", 1)[-1] or address in label


def _number(value: str | None, otherwise: int) -> int:
    return int(value) if value and value.strip().isdecimal() and len(value) < 7 else otherwise


def _preformatted(element: Element) -> str:
    parts: list[str] = []
    _collect_code(element, parts, 0)
    lines = "".join(parts).replace("\r\n", "\n").replace("\r", "\n").expandtabs(8).split("\n")
    code = "\n".join(line.rstrip() for line in lines)
    return code.strip("\n").rstrip()


def _collect_code(element: Element, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        parts.append(raw_text(element))
        return
    parts.append(element.text or "")
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SKIP and not LINE_NUMBERS.search(child.get("class") or ""):
            if child.tag == "br":
                parts.append("\n")
            else:
                _collect_code(child, parts, depth + 1)
                if (
                    child.tag in ("div", "p", "li", "tr")
                    and parts[-1:] != ["\n"]
                    and not "".join(parts[-1:]).endswith("\n")
                ):
                    parts.append("\n")
        parts.append(child.tail or "")
