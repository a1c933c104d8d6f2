"""US social security numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy import checksums
from pipeline.prepare.privacy.other_numbers import NEAR, OTHER_NUMBER, is_of_a_thing
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_SSN = Apart(r"(\d{3})([- ])(\d{2})\2(\d{4})", before=".,/-", after=r"[.,/-]\d")
_SSN_PLAIN = Apart(r"\d{9}", before=".,/-", after=r"[.,/-]\d")
_SSN_WORDS = re.compile(r"\bssn\b|social security", re.IGNORECASE)


class SsnRecogniser(Recogniser):
    """US social security numbers: written with dashes, or as nine digits behind their name."""

    entity = "SSN"
    guard = r"\d{3}[- ]\d{2}[- ]\d{4}|\d{9}"
    of_digits = True
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield numbers that SSA can have issued."""
        for found in _SSN.finditer(text):
            near = text[max(0, found.start() - NEAR) : found.start()]
            named = bool(_SSN_WORDS.search(near))
            other = OTHER_NUMBER.search(near) or is_of_a_thing(near)
            if not (named or (found[2] == "-" and not other)):
                continue
            if checksums.social_security_us(found[1] + found[3] + found[4]):
                yield Span(found.start(), found.end(), 0.9)
        for found in _SSN_PLAIN.finditer(text):
            named = bool(_SSN_WORDS.search(text[max(0, found.start() - NEAR) : found.start()]))
            if named and checksums.social_security_us(found[0]):
                yield Span(found.start(), found.end(), 0.9)
