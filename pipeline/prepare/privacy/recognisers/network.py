"""IP addresses that can lead to a person; those that no one on the Internet has are not personal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address, ip_network

from pipeline.prepare.privacy.recogniser import Recogniser, Span

_V4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)")
_V6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]*\d)(?:[0-9A-Fa-f]{1,4}:){1,7}(?::?[0-9A-Fa-f]{1,4}|:)(?::[0-9A-Fa-f]{1,4})*(?![\w:])"
)
_NAMED = re.compile(
    r"\b(?:ip|address|adresse|dirección|host|server|ping|from|connect\w*|login|logged|client|peer)\b[^\n]{0,24}$",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?:version|release|ver\.?|v|build|firmware|driver|update|upgrade to|section|chapter|§)\s*$", re.IGNORECASE
)
# Addresses of the large public resolvers stand in manuals, not for people.
_PUBLIC_SERVICES = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"}
)
_SHARED = ip_network("100.64.0.0/10")


class IpRecogniser(Recogniser):
    """IPv4 and IPv6 addresses but for the private, reserved and documentation ranges (RFC 1918, 5737, 3849, 6890)."""

    entity = "IP"
    guard = r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f:]*:[0-9A-Fa-f]"
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield global addresses."""
        for pattern in (_V4, _V6):
            for found in pattern.finditer(text):
                before = text[max(0, found.start() - 40) : found.start()]
                if _is_personal(found[0]) and not _VERSION.search(before) and not _is_section(found[0], before):
                    yield Span(found.start(), found.end(), 0.9)


def _is_section(value: str, before: str) -> bool:
    """Tell whether four small numbers are rather those of a section or a version (8.1.6.1)."""
    small = value.count(".") == 3 and all(int(part) < 32 for part in value.split("."))
    return small and not _NAMED.search(before)


def _is_personal(value: str) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    if value in _PUBLIC_SERVICES or not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        # A first or last part of 0 is a version or a network, not somebody's address.
        return address not in _SHARED and not value.startswith("0.") and not value.endswith(".0")
    return value.count(":") >= 3
