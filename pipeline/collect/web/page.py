"""A fetched page as a tree, with what it says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from pipeline.charsets import decode
from pipeline.collect.web.boilerplate import prune
from pipeline.collect.web.dom import HEADINGS, text_of
from pipeline.collect.web.line_breaks import split_lines
from pipeline.collect.web.metadata import (
    canonical_of,
    is_article,
    join,
    language_of,
    licences_of,
    parents_of,
    robots_of,
)
from pipeline.collect.web.model import Element
from pipeline.collect.web.order import Marks
from pipeline.collect.web.outline import settle_headings
from pipeline.collect.web.signals import Signals, read_signals

MAX_LINKS = 20_000
MAX_ELEMENTS = 300_000
"""A page with more is no page that a person wrote; reading it would take gigabytes."""
_BINARY = re.compile(
    rb"^(?:%PDF|\x89PNG|GIF8|\xff\xd8\xff|PK\x03\x04|\x1f\x8b|\x7fELF|RIFF|\x00\x00\x01\x00|MZ|OggS|ID3)"
)
_METADATA = frozenset(("title", "meta", "link", "style", "script", "base", "noscript", "template", "object", "bgsound"))
_PARAGRAPH_AROUND = re.compile(r"<p\b[^<>]*>\s*(?=<details\b)", re.IGNORECASE)
"""Browsers end a paragraph where a disclosure begins; the parser would end the disclosure with the paragraph."""
_JSON_LD = re.compile(r"^\s*application/ld\+json\b", re.IGNORECASE)


class NotAPage(ValueError):
    """The bytes are no HTML page; the message says what they are."""


@dataclass(slots=True)
class Page:
    """A parsed page without its frame (navigation, footers, scripts), and what was read from the frame first."""

    url: str
    root: Element
    base: str
    title: str
    main_headings: list[str]
    lang: str | None
    canonical: str | None
    licences: list[str]
    links: list[str]
    json_ld: list[str]
    contents: dict[str, str]
    """Of a page that calls itself a FAQ: the anchors that its table of contents links to, with the links' texts."""
    signals: Signals
    encoding: str
    robots: str = ""
    warnings: list[str] = field(default_factory=list)
    text: str = ""
    """All that is left of the page, on one line, with blanks between blocks."""
    order: dict[Element, int] = field(default_factory=dict)
    """Position of every element in page order. Holding the elements here also keeps their identity stable."""
    headings: Marks = field(default_factory=lambda: Marks((), {}))
    """The headings that have a text."""


def parse_page(body: bytes, url: str, content_type: str | None = None, *, markup: str | None = None) -> Page:
    """Parse the bytes of a page; scripts are never run and nothing is fetched.

    `markup` replaces the decoded text when a caller had to mark it first. Raises NotAPage for what is not HTML.
    """
    if _BINARY.match(body):
        raise NotAPage("the content is binary, not HTML, whatever its content type says")
    text, encoding = decode(body, content_type)
    if not text.strip():
        raise NotAPage("the page is empty")
    root, warnings = _parse(markup if markup is not None else text)
    if root.xpath("count(//*)") > MAX_ELEMENTS:
        raise NotAPage(f"the page has more than {MAX_ELEMENTS} elements")
    kept = list(root.iter())  # while these are held, lxml makes no new object each time a node is looked at
    base = _base(root, url)
    title = text_of(root.find(".//title")) if root.find(".//title") is not None else ""
    headings = [text for text in (text_of(heading) for heading in root.iter("h1")) if text][:5]
    json_ld = [node.text for node in root.iter("script") if node.text and _JSON_LD.match(node.get("type") or "")]
    published = is_article(root, json_ld)
    signals = read_signals(url, title, _announcing(root, headings), parents_of(root), published=published)
    page = Page(
        url=url,
        root=root,
        base=base,
        title=title,
        main_headings=headings,
        lang=language_of(root),
        canonical=canonical_of(root, base, url),
        licences=licences_of(root, base),
        links=_links(root, base),
        json_ld=json_ld,
        contents=_contents(root) if signals.faq == 3 else {},
        signals=signals,
        encoding=encoding,
        robots=robots_of(root),
        warnings=warnings,
    )
    prune(root, url)
    if signals.faq == 3:
        split_lines(root)
    page.order = {element: number for number, element in enumerate(root.iter())}
    del kept
    page.text = text_of(root)
    page.headings = Marks((heading for heading in root.iter(*HEADINGS) if text_of(heading)), page.order)
    return page


def _parse(text: str) -> tuple[Element, list[str]]:
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    if "<details" in text:
        text = _PARAGRAPH_AROUND.sub("", text)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as problem:
        raise NotAPage("the page holds no markup that can be read") from problem
    if root is None:
        raise NotAPage("the page holds no markup that can be read")
    _join_roots(root)
    _empty_head(root)
    settle_headings(root)
    deep = any(entry.level_name == "FATAL" and "depth" in entry.message for entry in parser.error_log)
    return root, ["nested too deeply: the page is read only to 2,048 levels"] if deep else []


def _join_roots(root: Element) -> None:
    """Bring in what stands after a misplaced `</html>`, which the parser keeps as further roots."""
    body = root.find("body")
    target = root if body is None else body
    following = root.getnext()
    while following is not None:
        after = following.getnext()
        for part in list(following) if isinstance(following.tag, str) else []:
            target.append(part)
        following = after


def _empty_head(root: Element) -> None:
    """Move content out of the head, where the parser leaves newer elements when there is no `<body>` tag."""
    head = root.find("head")
    content = [part for part in head if part.tag not in _METADATA] if head is not None else []
    if head is None or not content:
        return
    body = root.find("body")
    if body is None:
        body = etree.SubElement(root, "body")
    for part in reversed(list(head)[list(head).index(content[0]) :]):
        body.insert(0, part)


def _base(root: Element, url: str) -> str:
    element = root.find(".//base[@href]")
    return join(url, element.get("href")) or url if element is not None else url


def _announcing(root: Element, headings: list[str]) -> list[str]:
    """Return the headings that may announce what the page is: all h1, or the first heading of a page without one."""
    if headings:
        return headings
    first = next(root.iter("h2", "h3"), None)
    return [text_of(first)] if first is not None else []


def _links(root: Element, base: str) -> list[str]:
    hrefs: dict[str, None] = {}
    for link in root.iter("a", "area"):
        href = (link.get("href") or "").strip().partition("#")[0]
        if href and "nofollow" not in (link.get("rel") or "").lower():
            hrefs.setdefault(href)
            if len(hrefs) >= MAX_LINKS:
                break
    return list(dict.fromkeys(address for address in (join(base, href) for href in hrefs) if address))


def _contents(root: Element) -> dict[str, str]:
    """Return the places on the same page that links lead to, and what each link says; a link to itself is none."""
    found: dict[str, str] = {}
    for link in root.iter("a"):
        href = link.get("href") or ""
        name = href[1:] if href.startswith("#") and len(href) > 1 else link.get("data-scroll-target")
        if name and all(name not in (holder.get("id"), holder.get("name")) for holder in (link, *link.iterancestors())):
            found.setdefault(name, text_of(link))
    return found
