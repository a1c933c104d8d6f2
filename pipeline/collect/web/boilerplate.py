"""Taking out what surrounds the content: scripts, navigation, tables of contents, footers, feedback widgets."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from pipeline.collect.web.dom import PERMALINK, allowed_text, classes, drop, raw_text
from pipeline.collect.web.model import Element
from pipeline.collect.web.navigation import drop_navigation

KEEP_SHARE = 0.4
"""A node with more than this share of the page's text is never dropped: names of classes lie."""

_NEVER_TEXT = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "canvas", "head",
    "map", "datalist", "audio", "video",
)  # fmt: skip
_LIST_LIKE = ("ul", "ol", "dl", "table", "div", "p")
_FRAME = ("nav", "footer", "aside", "header", "menu")
_FRAME_ROLES = {
    "navigation",
    "banner",
    "contentinfo",
    "search",
    "complementary",
    "menu",
    "menubar",
    "toolbar",
    "alertdialog",
}
_FRAME_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav(?:bar|igation|header|footer)?|menu|side-?bar|sphinxsidebar(?:wrapper)?|footer|foot"
    r"|breadcrumbs?"
    r"|toc|table-?of-?contents|tocwrapper|cookie[\w-]*|consent|share|sharing|social|related(?:-articles"
    r"|-posts)?|pagination|pager"
    r"|skip-?link|newsletter|subscribe|feedback|helpful|was-this[\w-]*|article-votes|vote[sd]?|rating"
    r"|print-?only|edit-?(?:link|page)"
    r"|catlinks|printfooter|siteSub|jump-to-nav|page-?tools|back-?to-?top|backlink"
    r"|comments?(?:-area|-form|-list)|navigation-bottom|prev-?next|rst-versions|edit-this-page"
    r"|page-metadata)(?=$|[\s_-])",
    re.IGNORECASE,
)
# Ids are often made from headings ("how-do-i-share-a-file"), so only whole ids count.
_FRAME_IDS = re.compile(
    r"^(?:(?:site|page|main|global|top|bottom|left|right|wp|doc)[_-]?)?(?:nav|navbar|navigation|menu|side-?bar"
    r"|footer|ft|header|hd|breadcrumbs?"
    r"|toc|table-?of-?contents|comments?|related|cookie[\w-]*|search(?:box)?|social|share|feedback|quickview"
    r"|catlinks|mw-navigation"
    r"|siteSub|jump-to-nav|secondary|disqus_thread)(?:[_-]?(?:wrapper|container|content|area|box|section|inner|bar))?$",
    re.IGNORECASE,
)
_INLINE = frozenset(("a", "span", "small", "em", "i", "b", "strong", "sup", "sub", "button", "code"))
_INLINE_NAMES = re.compile(r"(?:^|\s)(?:mw-editsection|edit-?link|backlink|skip-?link|copybtn|copy-button)(?=$|\s)")
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
    total = _length(root)
    for element in list(root.iter()):
        if element.tag in ("html", "body", "main", "article") or not _is_frame(element) or not _attached(element, root):
            continue
        if _length(element) <= KEEP_SHARE * total:
            drop(element)
    _drop_link_lists(root, total, url)
    drop_navigation(root)
    _drop_up_links(root)


def _is_frame(element: Element) -> bool:
    if element.tag == "nav" and element.find(".//a[@href]") is None:
        return False  # site builders make the panels of accordions so
    if element.tag in _FRAME:
        return element.tag != "header" or not _holds_main_heading(element)
    if element.get("role") in _FRAME_ROLES:
        return True
    if element.tag in _INLINE:
        return bool(_INLINE_NAMES.search(classes(element)))
    if element.tag in ("p", "dt", "dd", "h1", "h2", "h3", "h4"):
        return False
    name, identity = element.get("class"), element.get("id")
    named = (name and _is_frame_name(name)) or (identity and element.tag != "li" and _FRAME_IDS.match(identity))
    return bool(named) and not _holds_questions(element)


@lru_cache(maxsize=4096)
def _is_frame_name(name: str) -> bool:
    return bool(_FRAME_NAMES.search(name))


def _holds_questions(element: Element) -> bool:
    """Say whether a node with a suspicious name asks questions and is more than a list of links to them."""
    if sum(map((raw_text(element) or "").count, "?？؟")) < 2:
        return False
    return sum(_length(link) for link in element.iter("a")) < 0.5 * _length(element)


def _holds_main_heading(element: Element) -> bool:
    return element.find(".//h1") is not None or any(
        parent.tag in ("article", "main", "section", "li", "dl", "details") for parent in element.iterancestors()
    )


def _drop_link_lists(root: Element, total: int, url: str) -> None:
    """Drop lists that are nothing but links into the page: tables of contents, whatever they are called."""
    inside: dict[Element, list[int]] = {}
    here = {"", url, url.rpartition("/")[2]}
    for link in root.iter("a"):
        address, _, fragment = (link.get("href") or "").partition("#")
        if fragment and address in here:
            length = _length(link)
            for parent in islice(link.iterancestors(*_LIST_LIKE), 8):
                inside.setdefault(parent, []).append(length)
    for element, lengths in inside.items():
        if len(lengths) < 2 or not _attached(element, root) or element.find("pre") is not None:
            continue
        length = _length(element)
        if 0 < length <= KEEP_SHARE * total and sum(lengths) >= 0.85 * length:
            drop(element)


def _drop_up_links(root: Element) -> None:
    for link in list(root.iter("a")):
        href = link.get("href") or ""
        if "#" not in href or not _attached(link, root):
            continue
        label = (raw_text(link) or " ".join(image.get("alt") or "" for image in link.iter("img"))).strip()
        if label and _UP_LINKS.match(label):
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


def _length(element: Element) -> int:
    return len("".join((raw_text(element) or "").split()))


def _attached(element: Element, root: Element) -> bool:
    return element is root or any(parent is root for parent in element.iterancestors())
