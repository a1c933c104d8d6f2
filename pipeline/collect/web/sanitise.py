"""Answers as HTML that is safe to show: built anew from an allow-list, so nothing else can pass."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import urljoin, urlsplit

from pipeline.collect.web.controls import stands_in_sentence
from pipeline.collect.web.dom import raw_text
from pipeline.collect.web.model import Element, Piece

MAX_DEPTH = 150

_ALLOWED = (
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table "
    "tbody td tfoot th thead time tr tt u ul var wbr"
)
_FOREIGN = (
    "script style noscript template iframe frame frameset object embed applet svg math canvas head title link meta "
    "base button input select textarea option video audio source track dialog xmp plaintext noembed noframes"
)
_TAGS = frozenset(_ALLOWED.split())
_VOID = frozenset(("br", "col", "hr", "img", "wbr"))
_MEANINGLESS = frozenset(("a", "span"))
"""Tags that say nothing without attributes: highlighting, and targets of links."""
_NEED_A_PARENT = frozenset(("dd", "dt", "td", "th", "tr", "li", "summary", "tbody"))
_DROPPED_WHOLE = frozenset(_FOREIGN.split())
_ATTRIBUTES = {
    "a": ("href", "title", "hreflang"),
    "abbr": ("title",),
    "bdo": ("dir",),
    "code": ("class",),
    "pre": ("class",),
    "col": ("span",),
    "colgroup": ("span",),
    "img": ("src", "alt", "title", "width", "height"),
    "li": ("value",),
    "ol": ("start", "type", "reversed"),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan", "scope"),
    "time": ("datetime",),
}
_COMMON = ("lang", "dir")
_SCHEMES = {"href": ("http", "https", "mailto", "tel", "ftp"), "src": ("http", "https")}
_NUMERIC = frozenset(("span", "value", "start", "colspan", "rowspan", "width", "height"))


def sanitise(pieces: Iterable[Piece], base: str) -> str:
    """Return the pieces as HTML of allowed tags and attributes, with absolute http(s), mailto, tel or ftp links only.

    Tags that are not allowed are opened (their text stays), active and foreign content is dropped whole.
    """
    out: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            out.append(escape(piece, quote=False))
        elif piece.tag in _NEED_A_PARENT:
            out.append("<div>")
            _children(piece, base, out, 0)
            out.append("</div>")
        else:
            _write(piece, base, out, 0)
    return "".join(out).strip()


def _write(element: Element, base: str, out: list[str], depth: int) -> None:
    tag = element.tag
    if not isinstance(tag, str) or (tag in _DROPPED_WHOLE and not stands_in_sentence(element)):
        return
    if depth > MAX_DEPTH:
        out.append(escape(raw_text(element), quote=False))
        return
    attributes = _attributes(element, base)
    allowed = tag in _TAGS and (bool(attributes) or tag not in _MEANINGLESS)
    if allowed:
        out.append(f"<{tag}{attributes}>")
        if tag in _VOID:
            return
    _children(element, base, out, depth)
    if allowed:
        out.append(f"</{tag}>")


def _children(element: Element, base: str, out: list[str], depth: int) -> None:
    for piece in _content(element):
        if isinstance(piece, str):
            out.append(escape(piece, quote=False))
        else:
            _write(piece, base, out, depth + 1)


def _content(element: Element) -> Iterable[Piece]:
    """Yield the content of an element with every blank, which matters in preformatted text."""
    if element.text:
        yield element.text
    for child in element:
        yield child
        if child.tail:
            yield child.tail


def _attributes(element: Element, base: str) -> str:
    if not element.attrib:
        return ""
    out = []
    for name in (*_ATTRIBUTES.get(element.tag, ()), *_COMMON):
        value = element.get(name)
        if value is None:
            continue
        kept = _value(name, value, base)
        if kept is not None:
            out.append(f' {name}="{escape(kept)}"')
    return "".join(out)


def _value(name: str, value: str, base: str) -> str | None:
    if name in _SCHEMES:
        return _address(value, base, _SCHEMES[name])
    if name in _NUMERIC:
        return value if value.strip().isascii() and value.strip().isdigit() else None
    if name == "class":
        return " ".join(word for word in value.split() if word.startswith(("language-", "lang-"))) or None
    return value


def _address(value: str, base: str, schemes: tuple[str, ...]) -> str | None:
    try:
        value = "".join(value.split())
        absolute = value if value.startswith(("https://", "http://")) else urljoin(base, value)
        scheme = urlsplit(absolute).scheme
    except ValueError:
        return None
    return absolute if scheme in schemes else None
