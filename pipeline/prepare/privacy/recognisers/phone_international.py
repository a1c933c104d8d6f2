"""Telephone numbers in international form, which are hardly anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.phone_numbers import SERVICE, SOMEONES, is_international, written_numbers
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_CANDIDATE = Apart(
    r"\+\d[\d\s().\-/\u2013]{5,20}\d(?:\s?(?:ext\.?|x|extension|#)\s?\d{1,5})?",
    before=".,@#$€£+-",
    after=r"@|[.,]\d",
    flags=re.IGNORECASE,
)
# Addresses of conversations, which name the number without its sign.
_CHAT = re.compile(r"(?:\bwa\.me/|whatsapp\.com/send/?\?(?:[^\s&]+&)*phone=)(\d{8,15})(?!\w)")


class InternationalPhoneRecogniser(Recogniser):
    """Numbers with `+` that libphonenumber knows to be possible; also in code, behind `=` and in URLs."""

    entity = "PHONE_INTERNATIONAL"
    tag = "PHONE"
    guard = r"\+\d(?:[\s().\-/–]{0,3}\d){6}|wa\.me/\d|whatsapp\.com/send"
    of_digits = True
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield telephone numbers."""
        for start, value in written_numbers(_CANDIDATE.finditer(text)):
            someones = bool(SOMEONES.search(text, max(0, start - 48), start))
            if (someones or not SERVICE.fullmatch(value)) and is_international(value, someones):
                yield Span(start, start + len(value), 0.9)
        for found in _CHAT.finditer(text) if ".me/" in text or "whatsapp.com" in text else ():
            if is_international(f"+{found[1]}", someones=False):
                yield Span(found.start(1), found.end(1), 0.9)
