"""What a page states about itself in attributes and metadata: language, address, licence, parents, kind."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin, urlsplit

from pipeline.collect.web.dom import text_of
from pipeline.collect.web.model import Element
from pipeline.collect.web.questions import squeeze

_ARTICLE = re.compile(r'"@type"\s*:\s*\[?\s*"(?:NewsArticle|Article|BlogPosting)"')


def join(base: str, href: str | None) -> str | None:
    """Return an absolute http(s) URL, or None for anything else (javascript:, data:, malformed)."""
    try:
        absolute = urljoin(base, (href or "").strip())
        parts = urlsplit(absolute)
    except ValueError:
        return None
    return absolute if parts.scheme in ("http", "https") and parts.netloc else None


def language_of(root: Element) -> str | None:
    """Return the language that the page states, as two or three letters, or None."""
    for value in (
        root.get("lang"),
        root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang"),
        *root.xpath("//meta[translate(@http-equiv, 'CONTELAGU', 'contelagu')='content-language']/@content"),
        *root.xpath("//meta[@property='og:locale']/@content"),
        *root.xpath("//body/@lang"),
    ):
        match = re.match(r"[A-Za-z]{2,3}(?=$|[-_,\s])", (value or "").strip())
        if match:
            return str(match.group()).lower()
    return None


def canonical_of(root: Element, base: str, url: str) -> str | None:
    """Return the page's own idea of its address, unless it points to another host (a mistake or a trap)."""
    for link in root.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            address = join(base, link.get("href"))
            if address and urlsplit(address).netloc == urlsplit(url).netloc:
                return str(urldefrag(address).url)
    return None


def licences_of(root: Element, base: str) -> list[str]:
    """Return the licences that the page states, as URLs or texts."""
    found: list[str] = []
    for element in root.iter("a", "link"):
        if {"license", "licence"} & set((element.get("rel") or "").lower().split()):
            found.append(join(base, element.get("href")) or text_of(element))
    for meta in root.iter("meta"):
        if (meta.get("name") or meta.get("property") or "").lower() in (
            "dcterms.license",
            "dc.rights",
            "dcterms.rights",
            "license",
        ):
            found.append(squeeze(meta.get("content") or ""))
    return [licence for licence in dict.fromkeys(found) if licence]


def is_article(root: Element, json_ld: list[str]) -> bool:
    """Say whether metadata call the page an article or a blog post."""
    if any(map(_ARTICLE.search, json_ld)):
        return True
    return any(
        meta.get("property") == "og:type" and (meta.get("content") or "").strip().lower() == "article"
        for meta in root.iter("meta")
    )


def parents_of(root: Element) -> list[str]:
    """Return the titles of the documents that this page says it belongs to."""
    return [
        squeeze(link.get("title") or "")
        for link in root.iter("link")
        if {"home", "up", "start", "top", "contents"} & set((link.get("rel") or "").lower().split())
    ]


def robots_of(root: Element) -> str:
    """Return what the page tells robots, in lower case."""
    return ",".join(
        (meta.get("content") or "").lower()
        for meta in root.iter("meta")
        if (meta.get("name") or "").lower() == "robots"
    )
