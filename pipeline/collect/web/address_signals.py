"""What the address of a page says about it: a FAQ, a part of a help centre, an article of one."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_FAQ_SEGMENT = re.compile(
    r"^(?:faqs?|f-a-q|frequently-?asked-?questions?|questions-(?:and-)?answers|q-?(?:and|n)-?a|foire-aux-questions"
    r"|questions-frequentes|haeufige-fragen|häufige-fragen|preguntas-frecuentes|domande-frequenti|perguntas-frequentes"
    r"|duvidas-frequentes|veelgestelde-vragen|vanliga-fragor)$"
)
_HELP_SEGMENT = re.compile(
    r"^(?:help|support|hc|kb|knowledge-?base|help-?cent(?:er|re)|hilfe|aide|ayuda|aiuto|ajuda|assistance"
    r"|troubleshoot\w*|questions|answers|ask(?:-us)?|helpdesk|customer-?(?:service|care|support)|kundenservice|fragen"
    r"|service-?clients?|preguntas|atencion-al-cliente|perguntas|domande|klantenservice|vragen)$"
)
_HELP_HOST = re.compile(
    r"(?:^|\.)(?:help|support|kb|knowledge(?:-?base)?|help-?(?:cent(?:er|re)|desk)|hilfe|aide|ayuda|aiuto|ajuda|assistance"
    r"|helpscoutdocs|zendesk|freshdesk)(?:$|\.)"
)
_FAQ_HOST = re.compile(r"(?:^|\.)faqs?\.")
_DOCS_ARTICLE = re.compile(r"(?:^|\.)docs?\.[^/]*/(?:[^/]+/)*articles?/\d+-")
_HELP_ARTICLE_PATH = re.compile(
    r"/(?:hc/(?:[\w-]+/)?articles/\d|(?:help|support|kb|knowledge-?base|help-?cent(?:er|re)|solution)s?/(?:[^/]+/)*"
    r"(?:articles?|solutions?|answers?|kb)/[^/]+|[\w-]+/answer/\d+)",
)
_ARTICLE_ON_HELP_HOST = re.compile(r"/(?:articles?|solutions?|answers?|kb)/[^/]+")
_LISTING = re.compile(r"/(?:folders?|categor(?:y|ies)|sections?|collections?|search|tags?)(?:/|$)")
_NUMBERED_ARTICLE = re.compile(r"/(?:articles|kb|answer)/\d+")


def is_help_article(url: str) -> bool:
    """Say whether an address is that of one article in a help centre."""
    parts = urlsplit(url)
    host, path = _host(url), parts.path.lower()
    helps = _HELP_HOST.search(host) or _FAQ_HOST.search(host)
    if _LISTING.search(path):
        return False
    documented = _DOCS_ARTICLE.search(host + path)
    return bool(_HELP_ARTICLE_PATH.search(path) or documented or (helps and _ARTICLE_ON_HELP_HOST.search(path)))


def is_numbered_article(url: str) -> bool:
    """Say whether an address holds the number of an article, of a help centre or of a newspaper."""
    return bool(_NUMBERED_ARTICLE.search(urlsplit(url).path.lower()))


def url_signal(url: str) -> tuple[int, str]:
    """Return 2 when host, folder or name say FAQ, 1 in a help centre or section, else 0, and which of them says so."""
    host = _host(url)
    if _FAQ_HOST.search(host):
        return 2, f"the host says so: {host!r}"
    helps = (1, "the host is a help centre") if _HELP_HOST.search(host) else (0, "")
    segments = [unquote(part).lower() for part in urlsplit(url).path.split("/") if part]
    if not segments:
        return helps
    *folders, last = segments
    stem = re.sub(r"(?:\.[a-z]{2,5})+$", "", last)
    if _FAQ_SEGMENT.match(stem) or re.search(r"(?:^|[^a-z])faqs?(?:[^a-z]|$)", stem):
        return 2, f"the URL says so: {last!r}"
    if any(_FAQ_SEGMENT.match(part) for part in folders):
        return 2, "the URL's folder says so"
    if any(_HELP_SEGMENT.match(part) for part in (*folders, stem)):
        return 1, "the URL is in a help section"
    return helps


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower().rpartition("@")[2].partition(":")[0]
