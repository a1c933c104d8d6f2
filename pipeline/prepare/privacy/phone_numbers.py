# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Which telephone numbers are somebody's, by Google's libphonenumber and by what services' numbers look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

REGIONS = tuple(
    [
        "US",
        "GB",
        "DE",
        "FR",
        "ES",
        "IT",
        "NL",
        "BE",
        "AT",
        "CH",
        "PL",
        "PT",
        "IE",
        "SE",
        "DK",
        "NO",
        "FI",
        "CZ",
        "RU",
        "UA",
        "TR",
        "GR",
        "JP",
        "CN",
        "KR",
        "IN",
        "BR",
        "AU",
        "RO",
        "HU",
        "SK",
        "BG",
        "HR",
        "IL",
        "SA",
        "AE",
        "EG",
        "MX",
        "AR",
        "CL",
        "CO",
        "VN",
        "TH",
        "TW",
        "HK",
        "SG",
        "MY",
        "ID",
        "PH",
        "NZ",
        "ZA",
        "NG",
        "KE",
    ]
)
"""Whose national forms count near a word that announces a number."""
# Free, shared-cost and service numbers are those of companies and offices, and what callers ask for.
SERVICE = re.compile(
    r"(?:\+?1[-. ]?)?\(?8(?:00|33|44|55|66|77|88)\)?[-. ]\d{3}[-. ]?\d{4}|0(?:800|808|500|900|901|905|906)[ /.-]?\d[\d /.-]{4,9}|(?:\+|00)800[ -]?\d[\d -]{6,10}"
    r"|0(?:180|137|700|120|570)[ -]?\d?[/ -]?\d[\d /-]{4,8}|1[38]00[ -]?\d{3}[ -]?\d{3}|8[ -]?\(?800\)?[ -]\d{3}[ -]\d{2}[ -]\d{2}|400[ -]\d{3}[ -]\d{4}|0 ?8[0-2]\d(?:(?:[ .]?\d{2}){3}|(?:[ .]\d{3}){2})"
)
# Before a number of a service, these say that it is rather somebody's own.
SOMEONES = re.compile(r"\b(?:me|my|mich|meine|mijn|mi|mon|mein|his|her)\b[^.\n]{0,24}$", re.IGNORECASE)


def is_international(value: str, someones: bool) -> bool:
    """Tell whether a number that starts with `+` or `00` is possible and, unless it is someone's, no service's."""
    import phonenumbers

    number = "+" + value[2:] if value.startswith("00") else value
    try:
        parsed = phonenumbers.parse(number.replace("(0)", ""), None)
    except phonenumbers.NumberParseException:
        return False
    # A number without its area (`+1-555-0100`) is one of documentation, not one that somebody answers.
    possible = phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    service = phonenumbers.number_type(parsed) in (
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.UAN,
    )
    return possible and (someones or not service)


def is_national(value: str) -> bool:
    """Tell whether a number is valid in the national form of one of the regions."""
    import phonenumbers

    for region in REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(value, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def written_numbers(candidates: Iterable[re.Match[str]]) -> Iterator[tuple[int, str]]:
    """Yield place and text of those that have as many digits as a telephone number and stand on one line."""
    for found in candidates:
        value = found[0].rstrip(" .-/(")
        if 7 <= sum(c.isdigit() for c in value) <= 17 and "\n" not in value:
            yield found.start(), value
