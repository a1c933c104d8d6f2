# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Lines that belong to a page or a mail program, not to an answer."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning import segments
from pipeline.prepare.cleaning.buttons import HINTS, without_buttons
from pipeline.prepare.cleaning.page_lines import HINTS as PAGE_HINTS
from pipeline.prepare.cleaning.page_lines import without_lines
from pipeline.prepare.cleaning.signatures import without_signature

_WRITTEN = r"sent|gesendet|envoyé|enviado|inviato|verzonden|wysłano|отправлено|date|datum"
_HEADER = re.compile(
    rf"^[ \t]*(?:from|von|de|da|van|od|от):[^\n]+\n(?:[ \t]*(?:{_WRITTEN}|to|an|à|para|a|aan|do|cc|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|кому|тема)\s?:[^\n]*(?:\n|\Z)){{2,6}}",
    re.IGNORECASE | re.MULTILINE,
)
_SENT = re.compile(rf"^[ \t]*(?:{_WRITTEN})\s?:[ \t]*\w", re.IGNORECASE | re.MULTILINE)
_SUBJECTS = ("subject:", "betreff:", "objet", "asunto:", "oggetto:", "assunto:", "onderwerp:", "temat:", "тема:")
# Stands for a block of code. Characters for private use are taken out before; what brings one back waits a round.
_CODE = "\ue000"
_BLOCK = re.compile(rf"{_CODE}(\d+){_CODE}")
_HEADING_MARK = re.compile(r"[ \t]*[¶🔗](?=\s*$)|(?<=\S)[ \t]*\[edit\](?=\s*$)", re.MULTILINE)
_QUOTING = (
    "wrote:",
    "schrieb",
    "écrit",
    "---",
    "escribió:",
    "scritto:",
    "escreveu:",
    "schreef",
    "napisał",
    "пишет:",
    "написал",
)
_QUOTED_MAIL = re.compile(
    r"^(?:>[ \t]*)?(?:On [^\n]{6,120} wrote:|Am [^\n]{6,120} schrieb[^\n]{0,60}:|Le [^\n]{6,120} a écrit ?:|"
    r"El [^\n]{6,120} escribió:|Il [^\n]{6,120} ha scritto:|Em [^\n]{6,120} escreveu:|Op [^\n]{6,120} schreef[^\n]{0,60}:|[^\n]{6,100} (?:napisał\(?a?\)?|пишет|написал[аи]?):|"
    r"-{2,} ?(?:Original Message|Forwarded message|Ursprüngliche Nachricht) ?-{2,})[ \t]*\n(?:[ \t]*>[^\n]*\n?|[ \t]*\n)*",
    re.MULTILINE,
)


# What the line above a quoted mail says beside a name: a time, a date or an address.
_WHEN = re.compile(
    r"\d:\d\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{1,2}(?:st|nd|rd|th|er|\.|º)?(?: de)? [^\W\d_]{3,}\.?,?(?: de)? \d{4}|\b[^\W\d_]{3,}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d年|\w@\w"
)


def without_boilerplate(text: str) -> str:
    """Return the text without navigation, feedback and sharing lines, mail signatures and quoted mails.

    Blocks of code stay whole. A text that is nothing but such a line stays: it may be the answer.
    """
    hinted = pressed = mailed = False
    if "\n" in text:
        lowered = text.lower()
        hinted, pressed, mailed = (any(map(lowered.__contains__, hints)) for hints in (PAGE_HINTS, HINTS, _SUBJECTS))
    marked = "¶" in text or "🔗" in text or "[edit]" in text
    signed = "\n--" in text
    quoting = any(map(text.__contains__, _QUOTING))
    if not (hinted or pressed or mailed or marked or signed or quoting) or _CODE in text:
        return text
    cleaned, blocks = _without_code(text)
    if marked:
        cleaned = _HEADING_MARK.sub("", cleaned)
    if signed:
        cleaned = without_signature(cleaned)
    if mailed:
        cleaned = _HEADER.sub(_header, cleaned)
    if quoting:
        cleaned = _QUOTED_MAIL.sub(_quoted, cleaned)
    if hinted:
        cleaned = without_lines(cleaned)
    if pressed:
        cleaned = without_buttons(cleaned, _CODE)
    if not cleaned.strip():
        return text
    return _BLOCK.sub(lambda found: blocks[int(found[1])], cleaned) if blocks else cleaned


def without_marked_signature(text: str) -> str:
    """Return the text without a signature behind `-- `: the blank that marks it does not outlive the next steps."""
    cleaned, blocks = _without_code(text)
    cleaned = without_signature(cleaned)
    return _BLOCK.sub(lambda found: blocks[int(found[1])], cleaned) if cleaned.strip() else text


def _quoted(found: re.Match[str]) -> str:
    """Return what stays of a line above a quoted mail: all of it, unless it tells when, or is followed by a quotation."""
    first = found[0].split("\n", 1)[0]
    is_mail = (
        first.lstrip("> \t").startswith("--") or _WHEN.search(first) or "\n>" in re.sub(r"\n[ \t]+", "\n", found[0])
    )
    return "" if is_mail else found[0]


def _header(found: re.Match[str]) -> str:
    """Return what stays of a mail's header: one that starts no mail and says no date is shown as an example."""
    before = found.string[: found.start()].rstrip()
    return "" if not before or before.endswith(("---", "___")) or _SENT.search(found[0]) else found[0]


def _without_code(text: str) -> tuple[str, list[str]]:
    """Return the text with a sign for each block of code, and the blocks."""
    blocks: list[str] = []
    parts = []
    for piece, is_code in segments.split(text):
        if is_code and segments.is_block(piece):
            block = piece.rstrip("\n")
            parts.append(f"{_CODE}{len(blocks)}{_CODE}{piece[len(block) :]}")
            blocks.append(block)
        else:
            parts.append(piece)
    return "".join(parts), blocks
