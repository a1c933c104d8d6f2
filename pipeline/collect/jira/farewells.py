"""Comments that take leave, close the ticket or only ask: nothing in them answers the question."""

from __future__ import annotations

import re

from pipeline.collect.jira.farewell_words import PATTERNS

MAX_CHARS = 600
"""What is longer says more than goodbye."""

_NOTHING = re.compile(
    "|".join(rf"(?:{one})" for all_ in PATTERNS.values() for one in all_).replace(".{", "[^,;:]{"), re.IGNORECASE
)
"""Of a sentence or a clause: no pattern reaches over a comma, after which there may be an answer."""
_SIGN_OFF = re.compile(
    r"^\W*(?:(?:with )?(?:best|kind(?:est)?|warm(?:est)?|many)? ?(?:regards|wishes)|sincerely|yours|(?:mit )?"
    r"(?:freundlich|viel|best|lieb|herzlich|schön)e[nr]? gr(?:ü|ue)(?:ß|ss)en?|gr(?:ü|ue)(?:ß|ss)e|mfg|lg|vg|(?:bien )?"
    r"cordialement|(?:un )?(?:cordial )?saludos?|atenciosamente|atentamente|cordiali saluti|(?:met )?vriendelijke"
    r" groet(?:en)?"
    r"|br|cheers)\b.{0,40}$",
    re.IGNORECASE | re.MULTILINE,
)
_NAME = re.compile(r"\n[^\S\n]*[-–—]{0,2}[^\S\n]*[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){0,2}\s*$")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|\n+")
_CLAUSES = re.compile(r"[,;:]\s+|\s+[-–—]\s+")
_WORD = re.compile(r"[^\W_]")


def is_empty_answer(text: str) -> bool:
    """Say whether every sentence of a comment only greets, thanks, takes leave, closes the ticket or asks back."""
    if len(text) > MAX_CHARS or "://" in text or "`" in text:
        return False
    body = text.strip()
    signed = _SIGN_OFF.search(body)
    body = body[: signed.start()] if signed else body
    if _all_nothing(body):
        return True
    named = _NAME.search(body)
    return named is not None and bool(body[: named.start()].strip()) and _all_nothing(body[: named.start()])


def _all_nothing(text: str) -> bool:
    return all(map(_is_nothing, _SENTENCES.split(text)))


def _is_nothing(sentence: str) -> bool:
    bare = sentence.strip(" \t\r\"'“”.!…*_>-–—,;:)(🙂😊👍")
    if not _WORD.search(bare) or bare.endswith(("?", "？")) or _NOTHING.fullmatch(bare):
        return True
    clauses = _CLAUSES.split(bare)
    return len(clauses) > 1 and all(map(_is_nothing, clauses))
