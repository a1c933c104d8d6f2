# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Characters: broken encodings mended, invisible ones removed, one form for blanks and quotes."""

from __future__ import annotations

import re
import unicodedata

from pipeline.prepare.cleaning.pages import reread

LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Marks that show nothing and serve to hide text from people or to split words from filters: soft hyphen, zero-width
# space, word joiner, byte order mark, direction overrides ("Trojan Source", CVE-2021-42574), tag characters, private use.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ufffe\uffff\ue000-\uf8ff\U0001bca0-\U0001bca3\U000e0100-\U000e01ef\U000f0000-\U0010ffff]"
)
# Khmer, Thai, Lao and Burmese part their words by zero-width spaces, Mongolian chooses forms by selectors.
_SPACES = re.compile(
    "(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf])\u200b+|\u200b+(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf])|(?<=\u200b)\u200b+"
    "|(?<![\u1820-\u18aa])[\u180b-\u180f]+"
)
_SPACE = re.compile("[\u180b-\u180f\u200b]")
# The bullets, ticks and arrows of Wingdings and Symbol, as word processors paste them.
_PASTED = str.maketrans(
    {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "\uf0e0": "→", "\uf0a8": "◻", "\uf06e": "■"}
)
_TAGS = re.compile("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007e])[\U000e0000-\U000e007f]+")
_TAG = re.compile("[\U000e0000-\U000e007f]")
# Joiners shape Arabic, Indic and other scripts and hold emoji together; between anything else they only hide. At the
# end of a word a joiner shapes the letter before it (Malayalam's chillus, the Persian he).
_JOINER = re.compile(
    "(?<![\u0600-\u109f\u1780-\u18af\u1a20-\u1b7f\ua840-\uabff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]+"
    "|(?<![\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0640\u0647])[\u200c\u200d]+(?![\u0600-\u109f\u1780-\u18af\u1a20-\u1b7f\ua840-\uabff\u2600-\u27bf\U0001f000-\U0001faff])"
)
_BLANK = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_QUOTES = {"“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "\u2011": "-", "\ufffc": ""}
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_REACH = 6
_RUNS = re.compile(rf"[^\x00-\x7f]+(?:[\x00-\x7f]{{1,{_REACH}}}[^\x00-\x7f]+)*")
_QUOTE = re.compile("[“”„‟‘’‚‛\u2011\ufffc]")


def line_ends(text: str) -> str:
    """Return the text with every kind of line end as a line feed."""
    return LINE_ENDS.sub("\n", text)


def without_controls(text: str) -> str:
    """Return the text without terminal colour sequences and control characters; tab and line feed stay."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return _CONTROL.sub("", text)


def mended(text: str) -> str:
    """Return text that was decoded with the wrong encoding as it was meant (`cafÃ©` as `café`), by ftfy's rules.

    Only what those rules are sure of is changed; correct text in any language stays. Control characters must still be
    there: read as Latin-1, a third of the bytes of UTF-8 are such.
    """
    if text.isascii():
        return text
    from ftfy import fix_encoding

    text = reread(text)
    fixed: str = fix_encoding(text) if looks_broken(text) else text
    return fixed


def looks_broken(text: str) -> bool:
    """Tell what `ftfy.badness.is_bad` tells, looking only at what stands around characters beyond ASCII.

    Each of its signs of a broken encoding has such a character and at most `_REACH` more on either side. Its pattern
    is dear and most texts have few such characters.
    """
    from ftfy.badness import BADNESS_RE

    return any(
        BADNESS_RE.search(text, max(0, found.start() - _REACH), found.end() + _REACH) for found in _RUNS.finditer(text)
    )


def without_invisible(text: str) -> str:
    """Return the text without characters that show nothing, except where a script or an emoji needs them."""
    if text.isascii():
        return text
    beyond = "".join(_BEYOND_ASCII.findall(text))
    if _INVISIBLE.search(beyond):
        text = _INVISIBLE.sub("", text.translate(_PASTED) if max(beyond) >= "\uf06e" else text)
    if _SPACE.search(beyond):
        text = _SPACES.sub("", text)
    if _TAG.search(beyond):
        text = _TAGS.sub("", text)
    return _JOINER.sub("", text) if "\u200c" in beyond or "\u200d" in beyond else text


def with_plain_blanks(text: str) -> str:
    """Return the text with no-break, thin, wide and other blanks as spaces."""
    return text if text.isascii() else _BLANK.sub(" ", text)


def composed(text: str) -> str:
    """Return the text in Unicode's canonical composed form (NFC): letters stay, `e` + accent becomes `é`."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def with_plain_quotes(text: str) -> str:
    """Return the text with typographic quotes as plain ones; guillemets and primes carry meaning and stay."""
    if not text.isascii():
        for mark in set(_QUOTE.findall(text)):
            text = text.replace(mark, _QUOTES[mark])
    return text
