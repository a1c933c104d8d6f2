# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""When the address of a link is part of what a text says."""

from __future__ import annotations

import re

GENERIC = re.compile(
    r"(?:click |tap |see |go )?(?:here|this|us|this (?:link|page|article|document|form|site)|link|more|read more|learn more|details|download|"
    r"(?:(?:the|our|this|my|your)\s)?(?:[\w-]+\s){0,2}(?:page|form|site|website|web site|portal|url|link|shop|store)|"
    r"hier(?: klicken)?|(?:klicken sie )?hier|(?:(?:die|das|dieses|unser|unsere|unserer|zum|zur)\s)?(?:[\w-]+)?(?:seite|website|formular|portal|link)|ici|cliquez ici|(?:(?:notre|la|le|ce)\s)?(?:page|formulaire|site|lien)(?: \w+){0,2}|"
    r"aquí|haga clic aquí|(?:(?:nuestra|la|el|este)\s)?(?:página|formulario|sitio|enlace)(?: \w+){0,2}|qui|clicca qui|(?:(?:la|il|questa|questo)\s)?(?:pagina|modulo|sito)(?: \w+){0,2}|aqui|clique aqui|(?:klik )?hier|tutaj|kliknij tutaj|formularz|"
    r"сюда|здесь|тут|по ссылке|(?:эта |наша )?(?:ссылка|страница|форма)|сайт|тут|за посиланням|buraya|buradan|εδώ|هنا|اضغط هنا|כאן|לחצו כאן|यहाँ|ที่นี่|(?:tại |ở )?đây|こちら|ここ|この(?:リンク|ページ)|这里|這裡|此处|此處|点击这里|點擊這裡|여기|여기를 클릭)?[.!:]?",
    re.IGNORECASE,
)
"""Link texts that say nothing without their address."""


_FILE = re.compile(
    r"\.(?:zip|pdf|exe|msi|dmg|pkg|deb|rpm|apk|iso|img|jar|whl|appimage|t?gz|bz2|xz|7z|rar|epub|docx?|xlsx?|pptx?|od[tsp]|csv)(?:[?#].*)?\Z",
    re.IGNORECASE,
)
# What points at the place behind a link: `download it from our`, `Report bugs in the`, `is on`.
_VERBS = frozenset(
    [
        "download",
        "downloads",
        "report",
        "join",
        "subscribe",
        "sign",
        "visit",
        "register",
        "available",
        "hosted",
        "published",
        "found",
        "herunterladen",
        "téléchargez",
        "descarga",
        "descargue",
        "scarica",
    ]
)
_AT = frozenset(["at", "from"])
_ON = frozenset(["on", "auf", "unter", "sur", "depuis", "su", "op", "på"])
_ABOUT = frozenset(
    [
        "depends",
        "depend",
        "depending",
        "based",
        "built",
        "build",
        "information",
        "more",
        "details",
        "relies",
        "rely",
        "focus",
        "chapter",
        "section",
        "guide",
        "article",
        "tutorial",
        "click",
        "tap",
        "works",
        "runs",
    ]
)
"""Words behind which `on` names no place."""
_ARTICLES = frozenset(
    [
        "our",
        "the",
        "its",
        "my",
        "their",
        "this",
        "a",
        "an",
        "der",
        "dem",
        "die",
        "das",
        "unserer",
        "unserem",
        "notre",
        "le",
        "la",
        "nuestro",
        "el",
    ]
)
FARTHEST = 6
"""Words before a link among which a verb must be that points at it."""
_SENTENCE_ENDS = re.compile(r"[.!)]*(?:\s*</?[a-z][^<>]*>)*(?:\s*\Z|[.!]\s)", re.IGNORECASE)
_LINKS = ("](", "<a ", "<A ", "[url")
_UNSEEN = re.compile(r"<[^<>]*>|\]\([^()\s]*\)|\[/?url[^\]\n]*\]", re.IGNORECASE)
REACH = 90
"""Characters before a link in which words must point at it."""
SHORT, MOST_LINKS = 200, 3
"""Characters and links of a text in which a link that ends a sentence is what the text has to say."""
LONGEST = 2_000
"""Characters from which a text is not short whatever its markup hides."""


def is_short(text: str) -> bool:
    """Tell whether a text has so few words that a link at the end of a sentence is part of what it says."""
    return (
        len(text) < LONGEST
        and 1 <= sum(map(text.count, _LINKS)) <= MOST_LINKS
        and len(_UNSEEN.sub("", text).strip()) <= SHORT
    )


def is_pointed_at(text: str, start: int, end: int, short: bool) -> bool:
    """Tell whether the words around a link say that what they mean is found at its address."""
    if short and _SENTENCE_ENDS.match(text, end):
        return True
    words = [word.rpartition(">")[2] for word in text[max(0, start - REACH) : start].lower().split()[-FARTHEST:]]
    words = [word.lstrip("(\"'") for word in words if word and not word.startswith("<")]
    if words and words[-1] in _ARTICLES:
        words.pop()
    if not words:
        return False
    if words[-1] in _AT or (words[-1] in _ON and words[-2:-1] and words[-2] not in _ABOUT):
        return True
    for word in reversed(words):
        if word in _VERBS:
            return True
        if word.endswith((".", "!", "?", ":", ";", ",")):
            break
    return False


def with_address(text: str, address: str, wanted: bool) -> str:
    """Return a link's text, with its address when the text says nothing or the address is `wanted`.

    Mailboxes, telephone numbers and files are always what a reader wants.
    """
    shown = text.strip()
    direct = re.match(r"(?:mailto|tel|sms):", address, re.IGNORECASE)
    if direct:
        address = address[direct.end() :].split("?")[0]
    if not (direct or re.match(r"https?://|ftp://", address, re.IGNORECASE)) or not address or address in shown:
        return text
    if direct and re.sub(r"\D", "", address)[-6:] and re.sub(r"\D", "", address)[-6:] in re.sub(r"\D", "", shown):
        return text
    if shown in (address, address.split("://")[-1].rstrip("/")):
        return address
    if direct or wanted or GENERIC.fullmatch(shown) or _FILE.search(address):
        return f"{shown} ({address})" if shown else address
    return text
