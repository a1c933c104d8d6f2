"""Which page this is: its id, the digest of what it says, its validators, and its place among the raw data."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container
from datetime import datetime
from urllib.parse import urlsplit

from pipeline.collect.source import Landing
from pipeline.collect.web.fetch import Fetched
from pipeline.collect.web.model import PageExtraction
from pipeline.collect.web.urls import BadUrl, canonical

MAX_SLUG_CHARS = 80
"""So much of a page's path is in the name of its raw payload, for people who look for it."""


def page_identity(page: PageExtraction, url: str, taken: Container[str]) -> str:
    """Return a page's id: its canonical URL where that can be believed, else the URL where it was found.

    A whole site that names its home page as canonical is a common mistake, and so are several pages with one canonical
    URL: both are not believed.
    """
    try:
        found = canonical(url)
        wished = canonical(page.canonical) if page.canonical else found
    except BadUrl:
        return url
    home = urlsplit(wished).path == "/" and urlsplit(found).path != "/"
    return found if home or wished in taken else wished


def content_digest(page: PageExtraction) -> str | None:
    """Return the digest of all pairs of a page, by which the same page at another address is recognised."""
    if not page.pairs:
        return None
    digest = hashlib.sha256()
    for pair in page.pairs:
        digest.update(f"{pair.question}\x1f{pair.answer}\x1e".encode("utf-8", "replace"))
    return digest.hexdigest()


def kept_headers(answer: Fetched | None) -> dict[str, str]:
    """Return the validators that the server wants back with the next request."""
    if answer is None:
        return {}
    found = {"etag": answer.headers.get("etag"), "last_modified": answer.headers.get("last-modified")}
    return {name: value for name, value in found.items() if value}


def land(landing: Landing, url: str, answer: Fetched, now: datetime) -> None:
    """Keep the bytes of an answer, unchanged but for the transfer's compression, with what was asked and answered."""
    metadata = {
        "url": answer.url,
        "requested": url,
        "status": answer.status,
        "redirects": answer.redirects,
        "headers": dict(answer.headers),
        "fetched_at": now.isoformat(),
    }
    landing.land(landed_name(url), answer.body, metadata)


def landed_name(url: str) -> str:
    """Return where the answer of a URL lies: one folder per host, and no folders for paths.

    `/faq` and `/faq/orders` may both be pages, but in a lake of files no name is a file and a folder.
    """
    parts = urlsplit(url)
    slug = re.sub(r"[^A-Za-z0-9._-]+", "_", parts.path).strip("_").removesuffix(".html")[:MAX_SLUG_CHARS]
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{parts.netloc}/{slug or 'index'}-{digest}.html"
