"""One form for each value, however it is spelt, so that it has one pseudonym."""

from __future__ import annotations

import re
from ipaddress import ip_address

_AT = re.compile(r"\s*(?:@|＠|%40)\s*")
_HIDDEN_AT = re.compile(r"\s*(?:[(\[{<]at[)\]}>]|\bat\b)\s*")
_DOT = re.compile(r"\s*(?:[(\[{]dot[)\]}]|\bdot\b)\s*")
_EXTENSION = re.compile(r"\s?(?:ext\.?|x|extension|#)\s?(\d{1,5})$")
_NUMERIC_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")
_NOT_WORD = re.compile(r"[\W_]+")
SUBSCRIBER_DIGITS = 9
"""Last digits of a telephone number that are the same with and without its country's and its trunk's code."""


def canonical(entity: str, value: str) -> str:
    """Return the form that all spellings of a value share, as far as they can be told from each other.

    Numbers lose what parts their digits; secrets stay as they are, since their case counts.
    """
    if entity == "SECRET":
        return value
    folded = " ".join(value.casefold().split())
    if entity == "PHONE":
        return _phone(folded)
    if entity == "EMAIL":
        shown = _AT.search(folded)
        return _AT.sub("@", folded) if shown else _DOT.sub(".", _HIDDEN_AT.sub("@", folded, count=1))
    if entity in ("IBAN", "CREDIT_CARD", "SSN", "ID_NUMBER"):
        return _NOT_WORD.sub("", folded)
    if entity == "IP":
        return str(ip_address(folded))
    if entity == "DATE":
        return _date(folded)
    return folded


def _phone(value: str) -> str:
    extension = _EXTENSION.search(value)
    digits = re.sub(r"\D", "", value[: extension.start()] if extension else value)
    return digits[-SUBSCRIBER_DIGITS:] + (f"x{extension[1]}" if extension else "")


def _date(value: str) -> str:
    """Return a date in digits with its year first, where its marks say which number is which."""
    found = _NUMERIC_DATE.fullmatch(value)
    if not found:
        return value
    numbers = [number.lstrip("0") for number in (found[1], found[3], found[4])]
    return "-".join(numbers if len(found[1]) == 4 or found[2] == "/" else reversed(numbers))
