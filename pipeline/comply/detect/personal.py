"""Personal data in what a model says: e-mail, telephone, card, bank and identity numbers, addresses of machines.

Preparation masks personal data with recognisers that know much more, names among them; this is the last look at texts
that no person wrote, so it keeps to kinds that can be told by their form and their check digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_SEPARATED = re.compile(r"[ -]")
_EXAMPLE_DOMAINS = re.compile(
    r"(?:^|[.@])(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost|your-?(?:domain|company)\.\w+|domain\.com)$",
    re.IGNORECASE,
)
_ROLES = re.compile(
    r"^(?:info|support|help|contact|sales|admin|webmaster|postmaster|noreply|no-reply|privacy|security|press|billing|docs"
    r"|office|hello|service|abuse|[\w.-]*-(?:list|dev|users|announce)|user(?:name)?|name|you|me|someone|foo|bar)@",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of personal data: its kind, and where it stands. Its value is in the text and nowhere else."""

    kind: str
    start: int
    end: int


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) if place % 2 else d for place, d in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _iban(text: str) -> bool:
    plain = _SEPARATED.sub("", text).upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _email(text: str) -> bool:
    return not _EXAMPLE_DOMAINS.search(text) and not _ROLES.match(text)


def _phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2


def _address(text: str) -> bool:
    parts = [int(part) for part in text.split(".")]
    private = parts[0] in (0, 10, 127, 255) or parts[:2] in ([192, 168], [169, 254]) or parts[0] >= 224
    documentation = parts[:3] in ([192, 0, 2], [198, 51, 100], [203, 0, 113])
    return all(part <= 255 for part in parts) and not (private or documentation) and parts[0] > 3


def _ssn(text: str) -> bool:
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("EMAIL", re.compile(r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b"), _email),
    ("CREDIT_CARD", re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d|\.\d)"), _luhn),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), _iban),
    ("SSN", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), _ssn),
    (
        "PHONE",
        re.compile(
            r"(?<![\w.+])(?:\+|00)[1-9]\d{0,2}[ .\-/]?(?:\(0?\d{1,4}\)[ .\-/]?)?\d{2,4}(?:[ .\-/]?\d{2,4}){1,4}(?!\w)"
        ),
        _phone,
    ),
    ("PHONE", re.compile(r"(?<![\w.+-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"), _phone),
    ("PHONE", re.compile(r"(?<![\w.+-])(?<!\d )0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}(?![\w-])"), _phone),
    ("IP_ADDRESS", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"), _address),
)


def personal_data(text: str) -> list[Found]:
    """Return the personal data in a text, left to right and without overlaps.

    Placeholders of documentation (example.com, 192.0.2.1), role addresses (support@…) and private network addresses
    are nobody's.
    """
    if not any(c.isdigit() or c == "@" for c in text):
        return []
    text = _ascii_digits(text)
    found: list[Found] = []
    for kind, pattern, accepts in _KINDS:
        for match in pattern.finditer(text):
            free = all(match.end() <= other.start or match.start() >= other.end for other in found)
            if free and accepts(match.group()):
                found.append(Found(kind, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def values(text: str) -> dict[str, str]:
    """Return the personal data in a text in the form in which two spellings meet, each with its kind."""
    return {_plain(text[one.start : one.end]): one.kind for one in personal_data(text)}


def mask(text: str) -> str:
    """Return the text with every piece of personal data replaced by its kind."""
    parts, place = [], 0
    for one in personal_data(text):
        parts += [text[place : one.start], f"[{one.kind}]"]
        place = one.end
    return "".join([*parts, text[place:]])


def _plain(value: str) -> str:
    """A number is the same number in digits of any script, and with any marks between them."""
    text = unicodedata.normalize("NFKC", value)
    if "@" in text:
        return text.lower()
    return re.sub(r"[^0-9A-Za-z]", "", _ascii_digits(text)).lower()


def _ascii_digits(text: str) -> str:
    """Return a text, no shorter and no longer, with its decimal digits of any script as ASCII ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
