"""Taking out what surrounds the content: scripts, navigation, tables of contents, footers, feedback widgets."""

from __future__ import annotations

import re
from itertools import islice

from pipeline.collect.web.controls import drop_controls
from pipeline.collect.web.decorations import drop_decorations
from pipeline.collect.web.dom import PERMALINK, allowed_text, classes, drop, letters, raw_text
from pipeline.collect.web.frames import is_frame
from pipeline.collect.web.model import Element
from pipeline.collect.web.navigation import drop_navigation
from pipeline.collect.web.questions import squeeze

KEEP_SHARE = 0.4
"""A node with more than this share of the page's text is never dropped: names of classes lie."""

_NEVER_TEXT = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "canvas", "head",
    "map", "datalist", "audio", "video",
)  # fmt: skip
_LIST_LIKE = ("ul", "ol", "dl", "table", "div", "p")
MAX_UP_LINK_CHARS = 100
_UP_LINKS = re.compile(
    r"^[\s\[\](|]*(?:(?:back|go|return|jump)?\s*(?:to\s+)?(?:the\s+)?(?:top|table of contents|contents|toc|index|start)"
    r"(?:\s+of\s+(?:the\s+)?(?:page|section|faq))?|up|[↑^⇧▲⬆]+|nach oben|zum (?:seiten)?anfang"
    r"|haut(?: de (?:la )?page)?"
    r"|retour en haut|arriba|volver arriba|inicio|наверх|к содержанию|torna su|naar boven|トップへ"
    r"|ページの?先頭へ?|返回顶部|回到顶部)"
    r"[\s\[\])|.↑^]*$",
    re.IGNORECASE,
)


def prune(root: Element, url: str = "") -> None:
    """Remove from a parsed page what is never part of a question or an answer.

    Names and roles only propose; a node with more than 40 % of the page's text stays, whatever it is called. `url` is
    the page's own address, by which links into the page itself are known.
    """
    for element in list(root.iter(*_NEVER_TEXT)):
        drop(element)
    total = letters(root)
    for element in list(root.iter()):
        if element.tag in ("html", "body", "main", "article") or not is_frame(element) or not _attached(element, root):
            continue
        if letters(element) <= KEEP_SHARE * total:
            drop(element)
    _drop_link_lists(root, total, url)
    drop_navigation(root)
    _drop_up_links(root)
    drop_decorations(root)
    drop_controls(root)


def _drop_link_lists(root: Element, total: int, url: str) -> None:
    """Drop lists that are nothing but links into the page: tables of contents, whatever they are called."""
    inside: dict[Element, list[int]] = {}
    here = {"", url, url.rpartition("/")[2]}
    for link in root.iter("a"):
        address, _, fragment = (link.get("href") or "").partition("#")
        if fragment and address in here:
            length = letters(link)
            for parent in islice(link.iterancestors(*_LIST_LIKE), 8):
                inside.setdefault(parent, []).append(length)
    for element, lengths in inside.items():
        if len(lengths) < 2 or not _attached(element, root) or element.find("pre") is not None:
            continue
        length = letters(element)
        if 0 < length <= KEEP_SHARE * total and sum(lengths) >= 0.85 * length:
            drop(element)


def _drop_up_links(root: Element) -> None:
    for link in list(root.iter("a")):
        href = link.get("href") or ""
        if "#" not in href or not _attached(link, root):
            continue
        label = squeeze(raw_text(link) or " ".join(image.get("alt") or "" for image in link.iter("img")))
        if label and len(label) <= MAX_UP_LINK_CHARS and _UP_LINKS.match(label):
            drop(link)
    for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"):
        for heading in root.iter(tag):
            _drop_permalinks(heading)


def _drop_permalinks(heading: Element) -> None:
    links = [
        link
        for link in heading.iter("a")
        if (link.get("href") or "").startswith("#")
        and (
            link.get("aria-hidden") == "true"
            or len((raw_text(link) or "").strip()) <= 1
            or re.search(r"headerlink|permalink|anchor|hash-link|header-anchor|direct-link", classes(link))
        )
    ]
    whole = len("".join((raw_text(heading) or "").split()))
    lost = sum(len("".join((raw_text(link) or "").split())) for link in links)
    if links and lost < whole:
        for link in links:
            target = link.get("href")[1:]
            if target and not target.startswith("toc-"):
                heading.set(PERMALINK, allowed_text(target))
            drop(link)


def _attached(element: Element, root: Element) -> bool:
    return element is root or any(parent is root for parent in element.iterancestors())
