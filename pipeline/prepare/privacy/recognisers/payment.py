# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Payment cards and bank accounts, told from other long numbers by their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.checksums import iban, luhn
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_NUMBER = r"(?:\d[ -]?){12,18}\d|\d{4}(?:\.\d{4}){3}"
_CARD = Apart(_NUMBER, before=".,+/=-", after=r"[.,-]\d")
# In a form: card=4111111111111111. In a URL, where the numbers of posts and products stand too, only what is called so.
_KEYED = re.compile(rf"(?<=[\w\"'][=/])(?:{_NUMBER})(?!\w|[.,-]\d)")
_IN_URL = re.compile(r"(?:://|[?&]|(?<!\w)/)\S*\Z")
_CALLED = re.compile(
    r"(?:\b(?:credit|debit|bank)?cards?|karten?|cartes?|tarjetas?|kaart|kort|cart[aã]o?|karta|\bpan|\bcc|visa|maestro|mastercard|amex|\bpayments?|卡|カード|카드)"
    r"(?:[^.\n\d]{0,24}|[\w-]{0,12}[=/])\Z",
    re.IGNORECASE,
)
# Numbers of goods and other things, of which one in ten has a card's check digit. Of somebody's own order or beside the
# name of a card it is a card's after all.
_CALLED_OTHERWISE = r"(?:[\s._-]*(?:number|nummer|code|no|nr|n°|is|ist))*[\s:.#=/\"'-]*\Z"
_OTHER_NUMBER = re.compile(
    r"(?:\b(?:sku|items?|articles?|art(?=[\s.-]*n[or]\b|\s*[:=#])|product|(?<!my )(?<!my order )(?:order|id|reference)|serial|tracking|ticket|timestamp|nonce|(?:time|ts)(?=\s*[:=#]))|artikel\w*|artículo|articolo|\w+_id|(?-i:[a-z]+I[dD]))"
    + _CALLED_OTHERWISE,
    re.IGNORECASE,
)
_GOODS_NUMBER = re.compile(r"\b(?:ean|gtin|upc|isbn|asin|imei|barcode|strichcode)" + _CALLED_OTHERWISE, re.IGNORECASE)
_NEAR = 48
"""Characters before a number in which a word says what it is."""
_SHORT = 13
"""Digits up to which articles of shops are numbered and hardly any card is."""
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
    of_digits = True
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield card numbers."""
        for found in _CARD.finditer(text):
            if _is_card(text, found):
                yield Span(found.start(), found.end(), 0.97)
        for found in _KEYED.finditer(text) if "=" in text or "/" in text else ():
            # files and pages are numbered behind slashes
            in_path = text[found.start() - 1] == "/"
            in_path = in_path or bool(_IN_URL.search(text, max(0, found.start() - 200), found.start()))
            if _is_card(text, found, must_be_called=in_path):
                yield Span(found.start(), found.end(), 0.97)


def _is_card(text: str, found: re.Match[str], *, must_be_called: bool = False) -> bool:
    digits = re.sub(r"\D", "", found[0])
    if not (_ISSUER.fullmatch(digits) and len(set(digits)) > 1 and luhn(digits)):
        return False
    before = max(0, found.start() - _NEAR), found.start()
    called = bool(_CALLED.search(text, *before))
    if found[0].isdigit() and _GOODS_NUMBER.search(text, *before):
        return False
    is_short = len(digits) <= _SHORT
    if found[0].isdigit() and (is_short or not called) and _OTHER_NUMBER.search(text, *before):
        return False
    return called or not (must_be_called or is_short)


class IbanRecogniser(Recogniser):
    """International bank account numbers (ISO 13616) with the right length for their country and check digits."""

    entity = "IBAN"
    guard = r"[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}"
    of_digits = True
    in_code = True

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
