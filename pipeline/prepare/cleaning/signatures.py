# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Signatures of mails, told from lines of two dashes that part a text, underline a heading or start a comment."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning.code_lines import are_surely_code, look_like_code

# A signature is short; behind a longer text `--` parts it. The blank behind the dashes is what RFC 3676 asks for.
_BLOCK = re.compile(r"^--( ?)\n((?:(?!-- ?\n)[^\n\ue000]{0,100}(?:\n|\Z)){0,8})\Z", re.MULTILINE)
_SENTENCE = re.compile(r"(?:\S+\s+){3,}\S*[.!?:;,。！？]\s*$")
_STOP = (".", "!", "?", "…", "。", "！", "？")
_SENTENCE_END = (".", "!", "?", "…", ":", ")", '"', "'", "。", "！", "？", "`", "\ue000")
_CLOSING = re.compile(
    r"(?:(?:best|kind|warm)?\s?regards|best wishes|cheers|sincerely|yours|thanks|thank you|(?:mit )?(?:freundlichen|besten|viele|liebe) grüßen?|gruß|mfg"
    r"|cordialement|bien à vous|saludos|un saludo|atentamente|cordiali saluti|atenciosamente|met vriendelijke groet|pozdrawiam|с уважением)\b|(?:best|lg|vg|br)\s*[,!]?\s*$",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|https?://|\bwww\.|(?:\+|\b(?:tel|phone|fax|mobile?)\b[.:]?\s*\(?)[\d(]", re.IGNORECASE
)
_NAME = re.compile(
    r"[^\W\d_a-z][\w.'’-]*(?:\s+(?:(?:von|van|de|der|da|di|le|la|al)\s+)?[^\W\d_a-z][\w.'’-]*){1,3}[,.]?\s*"
)

_WORD = r"[^\W\d_a-z][\w.'’-]*"
# A name, a team or a company: up to four words with a capital, or a few signs of a script without blanks.
_SHORT = re.compile(
    rf"(?![^\n]*\d)(?![\u3040-\u9fff\uac00-\ud7a3]{{11}}){_WORD}(?:\s+(?:(?:von|van|de|der|da|di|le|la|al|of|the|team|support|service|and|&)\s+)*(?:{_WORD}|team|support|service)){{0,3}}[,.]?"
)
_MOST_SHORT = 3
"""Lines of a signature that is known by nothing but their being short."""


def without_signature(text: str) -> str:
    """Return a text without the signature at its end. Blocks of code must stand as signs that start with U+E000."""
    found = _BLOCK.search(text)
    if not found:
        return text
    lines = [line.strip() for line in found[2].split("\n") if line.strip()]
    return text[: found.start()] if _signs(text[: found.start()], lines, bool(found[1])) else text


def _signs(before: str, lines: list[str], marked: bool) -> bool:
    """Tell whether lines behind two dashes are a signature; `marked` tells that they are written as mail programs do."""
    above = before.removesuffix("\n").lstrip()
    known = any(_CONTACT.search(line) or _CLOSING.match(line) for line in lines)
    short = 0 < len(lines) <= _MOST_SHORT and all(map(_SHORT.fullmatch, lines))
    underlines = "\n" not in above and not above.rstrip().endswith(_SENTENCE_END)
    if underlines and not known and not (marked and short):
        return False
    # `Tel.: 030 1234567` reads like a setting
    of_a_person = known and not look_like_code(lines[:1])
    if are_surely_code(lines) if of_a_person else look_like_code(lines):
        return False
    if marked or not lines:
        return True
    if any(_SENTENCE.match(line) for line in lines):
        return False
    named = len(lines) > 1 and bool(_NAME.fullmatch(lines[0]))
    return known or named or (short and above.rstrip().endswith(_STOP))
