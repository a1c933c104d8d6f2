"""Sitemaps: lists of URLs and lists of such lists, plain or compressed (https://www.sitemaps.org/protocol.html)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from pipeline.collect.web.decompress import BadEncoding, TooLarge, gunzip
from pipeline.collect.web.fetch import PAGE_TYPES, SITEMAP_TYPES, Fetcher, FetchError
from pipeline.collect.web.urls import BadUrl, canonical, origin

MAX_BYTES = 50 * 1024 * 1024
MAX_FILES = 200
MAX_URLS = 50_000


class BadSitemap(ValueError):
    """A file that is no sitemap, or one that no honest server sends; the message says why."""


@dataclass(slots=True)
class Sitemap:
    """The page URLs and the further sitemaps that one file names."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    cut: bool = False
    """Whether there were more of them than are read."""


def parse(body: bytes) -> Sitemap:
    """Read a sitemap: XML (urlset or sitemapindex), or text with one URL a line, gzip-compressed or not.

    Document type declarations are refused, because all they can do here is harm. Raises BadSitemap.
    """
    if body[:2] == b"\x1f\x8b":
        try:
            body = gunzip(body, MAX_BYTES)
        except (TooLarge, BadEncoding) as problem:
            raise BadSitemap(str(problem)) from None
    if not body.strip():
        raise BadSitemap("the sitemap is empty")
    if not body.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00").startswith(b"<"):
        return _text(body)
    root = _tree(body)
    name = etree.QName(root).localname
    if name not in ("urlset", "sitemapindex"):
        raise BadSitemap(f"its root element is <{name[:40]}>, not <urlset> or <sitemapindex>")
    found = Sitemap()
    target = found.pages if name == "urlset" else found.sitemaps
    for entry in root:
        place = next((child.text for child in entry if _is_loc(child)), None) if isinstance(entry.tag, str) else None
        if place and place.strip():
            target.append(place.strip())
            if len(target) > MAX_URLS:
                break
    return _cut(found)


def _cut(found: Sitemap) -> Sitemap:
    cut = max(len(found.pages), len(found.sitemaps)) > MAX_URLS
    return Sitemap(found.pages[:MAX_URLS], found.sitemaps[:MAX_URLS], cut)


def _tree(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise BadSitemap(f"not well-formed XML: {problem}") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.externalDTD is not None:
        raise BadSitemap("it declares a document type, which sitemaps have no use for")
    return root


def _is_loc(element: etree._Element) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).localname == "loc"


def _text(body: bytes) -> Sitemap:
    lines = body.decode("utf-8-sig", "replace").splitlines()
    pages = [line.strip() for line in lines if line.strip().startswith(("http://", "https://"))]
    if not pages:
        raise BadSitemap("it is neither XML nor a list of URLs")
    return _cut(Sitemap(pages))


def read_all(
    start: str, fetcher: Fetcher, allowed: Callable[[str], None], report: Callable[[str], None]
) -> Iterator[str]:
    """Yield the page URLs of a sitemap and of those that it names, each once, on the sitemap's own host only.

    `report` gets a sentence for everything after which pages may be missing: a further sitemap that cannot be read, one
    without entries or with entries of another site only, and what is beyond the limits. The sitemap's own host is the
    one asked and the one that answers, which differ where `example.com` leads to `www.example.com`. Raises FetchError
    or BadSitemap when the first sitemap cannot be read.
    """
    homes = {origin(canonical(start))}
    pending = deque([canonical(start)])
    seen = set(pending)
    pages: set[str] = set()
    read = 0
    while pending and read < MAX_FILES:
        place = pending.popleft()
        read += 1
        try:
            answer = fetcher.get(place, types=(*SITEMAP_TYPES, *PAGE_TYPES), allowed=allowed)
            found = parse(answer.body)
        except (FetchError, BadSitemap) as problem:
            if read == 1:
                raise
            report(f"The sitemap {place} was skipped: {problem}")
            continue
        if read == 1:
            homes.add(origin(answer.url))
        sitemaps, entries = _own(found.sitemaps, homes), _own(found.pages, homes)
        if not sitemaps and not entries:
            report(_nothing(place, found))
        if found.cut:
            report(f"The sitemap {place} has more than {MAX_URLS} entries; the rest was not read")
        pending.extend(further for further in sitemaps if further not in seen)
        seen.update(sitemaps)
        yield from (entry for entry in entries if entry not in pages)
        pages.update(entries)
    if pending:
        report(f"The sitemap {start} names more than {MAX_FILES} further sitemaps; the rest was not read")


def _own(places: list[str], homes: set[str]) -> list[str]:
    """Return the canonical URLs of these places that are on the own hosts, each once."""
    found: dict[str, None] = {}
    for place in places:
        try:
            address = canonical(place)
        except BadUrl:
            continue
        if origin(address) in homes:
            found.setdefault(address)
    return list(found)


def _nothing(place: str, found: Sitemap) -> str:
    others = [*found.sitemaps, *found.pages]
    if not others:
        return f"The sitemap {place} has no entries"
    return f"The sitemap {place} names nothing on its own host, only addresses such as {others[0][:200]}"
