"""Payment cards and bank accounts, told from other long numbers by their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.checksums import iban, luhn
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_CARD = Apart(r"(?:\d[ -]?){12,18}\d|\d{4}(?:\.\d{4}){3}", before=".,+/=-", after=r"[.,-]\d")
# Issuers by ISO/IEC 7812: Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay, Maestro.
_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|35\d{14}|62\d{14,17}|(?:50|5[6-9]|6\d)\d{10,17}"
)
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])", re.IGNORECASE
)


class CreditCardRecogniser(Recogniser):
    """Card numbers of a known issuer that pass the Luhn test."""

    entity = "CREDIT_CARD"
    guard = r"(?:\d[ .-]?){12}\d"

    def find(self, text: str) -> Iterator[Span]:
        """Yield card numbers."""
        for found in _CARD.finditer(text):
            digits = re.sub(r"\D", "", found[0])
            if _ISSUER.fullmatch(digits) and len(set(digits)) > 1 and luhn(digits):
                yield Span(found.start(), found.end(), 0.97)


class IbanRecogniser(Recogniser):
    """International bank account numbers (ISO 13616) with the right length for their country and check digits."""

    entity = "IBAN"
    guard = r"[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}"

    def find(self, text: str) -> Iterator[Span]:
        """Yield account numbers."""
        for found in _IBAN.finditer(text):
            end = found.end()
            # The pattern may have taken in the words that follow.
            while end > found.start() + 14:
                if iban(text[found.start() : end]):
                    yield Span(found.start(), end, 0.98)
                    break
                end = max(text.rfind(" ", 0, end), text.rfind("-", 0, end))
