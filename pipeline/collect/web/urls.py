"""URLs in one spelling, so that one page has one id, and which of them a crawl should leave alone."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import parse_qsl, quote, unquote, urldefrag, urlencode, urljoin, urlsplit, urlunsplit

MAX_URL_CHARS = 2_000
_TRACKING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|_ga|igshid|sessionid|phpsessid|jsessionid|sid)$", re.I
)
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|bmp|tiff?|avif|css|js|mjs|json|xml|rss|atom|pdf|docx?|xlsx?|pptx?|odt|ods|zip|gz|tgz|bz2"
    r"|xz|7z|rar|tar|exe|dmg|msi|deb|rpm|apk|jar|whl|mp3|mp4|m4a|ogg|oga|ogv|webm|wav|avi|mov|woff2?|ttf|otf|eot|map|asc|sig"
    r"|epub|ics|csv|txt|patch|diff|c|h|cpp|py|rb|pl|sh)$",
    re.IGNORECASE,
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,252})|[0-9a-f:.]+", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BadUrl(ValueError):
    """A URL that cannot be fetched; the message says why."""


def canonical(url: str) -> str:
    """Return a URL in its one spelling: lower-case host, no default port, fragment, session id or tracking parameter.

    Percent-encoding and dot segments are normalised as in RFC 3986, section 6.2.2. Raises BadUrl.
    """
    try:
        parts = urlsplit(urldefrag(url.strip()).url)
        host, port = (parts.hostname or "").encode("idna" if not url.isascii() else "ascii").decode(), parts.port
    except (ValueError, UnicodeError) as problem:
        raise BadUrl(f"not a URL: {problem}") from None
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise BadUrl("only http and https addresses with a host can be fetched")
    if len(url) > MAX_URL_CHARS:
        raise BadUrl(f"longer than {MAX_URL_CHARS} characters")
    name = f"[{host}]" if ":" in host else host
    place = name if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{name}:{port}"
    return urlunsplit((parts.scheme, place, _path(parts.path), _query(parts.query), ""))


def _path(path: str) -> str:
    path = quote(
        unquote(_SESSION.sub("", path), errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._", errors="surrogateescape"
    )
    if not path:
        return "/"
    clean = posixpath.normpath(re.sub(r"/{2,}", "/", path)) if "/." in path or "//" in path else path
    return clean + "/" if path.endswith(("/", "/.", "/..")) and not clean.endswith("/") else clean


def _query(query: str) -> str:
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _TRACKING.match(name)]
    return query if len(kept) == len(pairs) else urlencode(kept)


def folder_of(url: str) -> str:
    """Return the URL of the folder that a page stands in, with its final slash."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rpartition("/")[0] + "/", "", ""))


def in_folder(url: str, folder: str) -> bool:
    """Say whether a canonical URL lies in a folder (or below), on the same host and scheme."""
    return url.startswith(folder)


def may_be_page(url: str) -> bool:
    """Say whether a URL could be a page, going by its ending."""
    return not _NO_PAGE.search(urlsplit(url).path)


def join(base: str, target: str) -> str:
    """Resolve a redirect target; raises BadUrl when it leads nowhere one can follow."""
    try:
        return canonical(urljoin(base, target))
    except ValueError as problem:
        raise BadUrl(str(problem)) from None


def origin(url: str) -> str:
    """Return scheme, host and port, as `https://host`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
