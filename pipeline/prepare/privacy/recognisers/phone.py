# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Telephone numbers, in international form or in the national forms of Europe and North America."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "PL", "PT", "IE", "SE", "DK", "NO", "FI", "CZ")
"""Whose national forms count near a word that announces a number."""
_CANDIDATE = re.compile(
    r"(?<![\w.,/=@#$€£+-])(?:\+|00(?=[1-9 ])|\()?\d[\d\s().\-/\u2013]{5,20}\d(?:\s?(?:ext\.?|x|extension|#)\s?\d{1,5})?(?![\w@]|[.,]\d)",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"(?:\b(?:tele)?phone|\btel\b|\bt[ée]l\.|\bcall(?:ed|ing)?|\bcell|\bmobil[e]?|\bm[óo]vil|\bfax|\bhandy|\btelefo(?:n|on|no|ne)|téléphone|portable|teléfono|"
    r"cellulare|telemóvel|hotline|\bdial(?:led)?|whatsapp|\bsms|\btext(?:ed)? (?:me|us|him|her)|\breach(?:ed)? (?:me|us|him|her)|\bring|\bruf\w*|anruf\w*|rückruf\w*|erreich\w+|"
    r"durchwahl|puhelin|numer|\bmy number|\bmeine nummer|\bmon numéro|\bmi número|☎|📞)"
    r"[\s:./-]*(?:(?:me|us|him|her|you|mich|uns|is|are|was|at|on|under|unter|an|ist|lautet|au|est|es|al|il|le|der|the|my|bitte|please|s'il vous plaît|por favor|number|numbers|nummer|numéro|número|numero|"
    r"no\.?|nr\.?|line|bin|ich|or|oder|ou)[\s:]*){0,5}$",
    re.IGNORECASE,
)
_ANNOUNCED_AFTER = re.compile(
    r"^[\s,(]*(?:is|ist|est|es|è|=) (?:my|our|his|her|the|meine|unsere|mon|mi) (?:\w+ )?(?:phone|mobile|cell|number|nummer|numéro|número)",
    re.IGNORECASE,
)
# Forms that are hardly anything else: (212) 555-0123, 212-555-0123, 06 12 34 56 78, 0171/1234567, 020 7946 0958.
_TYPICAL = re.compile(
    r"\(\d{3}\)\s?\d{3}[-. ]\d{4}|1?[-. ]?\d{3}([-.])\d{3}\1\d{4}|0\d(?:[ .-]\d{2}){4}|01[5-7]\d[ /-]\d{6,9}|0\d{2,4}/[\d -]{5,9}"
    r"|07\d{3} \d{6}|0(?:20|1\d{2,3}) \d{3,4} \d{3,4}|\(0\d{2,4}\) ?\d{3,4} ?\d{3,5}|\([1-9]{2}\) ?9?\d{4}-\d{4}"
)
_NOT_A_NUMBER = re.compile(
    r"(?:isbn|issn|doi|pid|port|rfc|cve|bug|issue|ticket|order|invoice|serial|version|build|error|code|id|uid|#|line|page|§)"
    r"[\s:#-]*(?:1[03][-: ]*)?$",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{4}(?!\d)|\d{4}\s?[-\u2013]\s?\d{4}")


class PhoneRecogniser(Recogniser):
    """Numbers that Google's libphonenumber knows to be possible or valid, where their form or a word says phone."""

    entity = "PHONE"
    guard = r"\d(?:[\s().\-/–]{0,3}\d){6}"

    def find(self, text: str) -> Iterator[Span]:
        """Yield telephone numbers."""
        for found in _CANDIDATE.finditer(text):
            end = found.start() + len(found[0].rstrip(" .-/("))
            value = text[found.start() : end]
            if not 7 <= sum(c.isdigit() for c in value) <= 17 or "\n" in value:
                continue
            score = _score(value, text[max(0, found.start() - 48) : found.start()], text[end : end + 40])
            if score:
                yield Span(found.start(), end, score)


def _score(value: str, before: str, after: str) -> float:
    announced = bool(_ANNOUNCED.search(before) or _ANNOUNCED_AFTER.match(after))
    if value.startswith("+") or (value.startswith("00") and announced):
        return 0.9 if _is_international(value) else 0.0
    if _NOT_A_NUMBER.search(before) or _DATE.fullmatch(value):
        return 0.0
    if _TYPICAL.fullmatch(re.sub(r"\s?(?:ext\.?|x|extension|#)\s?\d{1,5}$", "", value, flags=re.IGNORECASE)):
        return 0.8
    return 0.75 if announced and _is_national(value) else 0.0


def _is_international(value: str) -> bool:
    import phonenumbers

    number = "+" + value[2:] if value.startswith("00") else value
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number.replace("(0)", ""), None)))
    except phonenumbers.NumberParseException:
        return False


def _is_national(value: str) -> bool:
    import phonenumbers

    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(value, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
