"""E-mail addresses of people. Role addresses (`support@…`) and placeholders (`user@example.com`) are not personal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span

_LOCAL = r"[\w!#$%&'*+^{|}~-]+(?:\.[\w!#$%&'*+^{|}~-]+)*"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(
    rf"(?<![\w.@/])({_LOCAL})[@＠]((?:{_LABEL}\.)+[^\W\d_]{{2,24}}|(?:{_LABEL}\.)+xn--[a-z0-9-]+)(?![\w@])"
)
_IN_URL = re.compile(r"://\S*\Z")
# The ways in which people hide addresses from machines.
_HIDDEN = re.compile(
    r"(?<![\w.@])([A-Za-z0-9][\w.+-]*)\s*(?:[(\[{<]at[)\]}>]|\s\bat\b\s|\s\bAT\b\s|\s@\s)\s*"
    r"([A-Za-z0-9-]+(?:\s*(?:\.|\(dot\)|\[dot\]|\{dot\}|\s\bdot\b\s|\s\bDOT\b\s)\s*[A-Za-z0-9-]+)*"
    r"\s*(?:\(dot\)|\[dot\]|\{dot\}|\s\bdot\b\s|\s\bDOT\b\s)\s*[A-Za-z]{2,10})\b"
)
# Only what stands for @ is hidden, or blanks stand around it.
_HALF_HIDDEN = re.compile(
    r"(?<![\w.@])([A-Za-z0-9][\w.+-]*)(?:\s?[(\[{<](?:at|AT)[)\]}>]\s?((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,10})"
    # `a @ b.T` multiplies matrices, so here only the usual domains count.
    r"|\s@\s((?:[A-Za-z0-9-]+\.)+(?:com|net|org|edu|eu|de|at|ch|fr|be|nl|es|it|pt|pl|se|dk|no|fi|ie|cz|co\.uk|uk|ca|us|br|mx)))\b"
)
ROLES = frozenset(
    [
        "abuse",
        "accounts",
        "accounting",
        "admin",
        "administration",
        "administrator",
        "announce",
        "api",
        "billing",
        "bugs",
        "careers",
        "chair",
        "community",
        "compliance",
        "conduct",
        "contact",
        "contributors",
        "customer",
        "customercare",
        "customerservice",
        "dev",
        "devel",
        "developer",
        "developers",
        "dns",
        "docs",
        "donations",
        "editor",
        "editors",
        "enquiries",
        "events",
        "feedback",
        "finance",
        "foundation",
        "general",
        "hello",
        "help",
        "helpdesk",
        "hostmaster",
        "hr",
        "info",
        "information",
        "inquiries",
        "invoices",
        "it",
        "jobs",
        "kontakt",
        "legal",
        "list",
        "lists",
        "mail",
        "mailer-daemon",
        "maintainers",
        "marketing",
        "media",
        "membership",
        "moderators",
        "news",
        "newsletter",
        "no-reply",
        "noreply",
        "office",
        "operations",
        "orders",
        "owner",
        "postmaster",
        "press",
        "privacy",
        "product",
        "psf",
        "purchasing",
        "questions",
        "registrations",
        "returns",
        "root",
        "sales",
        "security",
        "service",
        "services",
        "shop",
        "social",
        "spam",
        "sponsors",
        "staff",
        "subscribe",
        "suggestions",
        "support",
        "sysadmin",
        "team",
        "trademarks",
        "training",
        "unsubscribe",
        "users",
        "vendas",
        "ventas",
        "verkauf",
        "volunteers",
        "webmaster",
        "website",
        "welcome",
    ]
)
_LIST = re.compile(r"(?:^|[-_.])(?:list|users?|dev|devel|announce|discuss|bugs?|support|help|owner|request|core|sig)$")
_PLACEHOLDERS = frozenset(
    [
        "you",
        "your",
        "receiver",
        "listmaster",
        "yourname",
        "your-name",
        "your_name",
        "your.name",
        "me",
        "someone",
        "somebody",
        "anyone",
        "user",
        "username",
        "user1",
        "user2",
        "name",
        "nobody",
        "foo",
        "bar",
        "baz",
        "foobar",
        "example",
        "test",
        "tester",
        "testing",
        "anonymous",
        "email",
        "e-mail",
        "mail",
        "address",
        "email-address",
        "git",
        "myname",
        "recipient",
        "sender",
        "from",
        "to",
        "addr",
        "xxx",
        "x",
        "y",
        "a",
        "b",
    ]
)
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost|local)$")


class EmailRecogniser(Recogniser):
    """Addresses by syntax, with the reserved domains of RFC 2606 and roles of RFC 2142 told apart."""

    entity = "EMAIL"
    guard = r"(?i)@|＠|\bat\b.{1,80}\bdot\b|[(\[{<]at[)\]}>]"
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield addresses of people."""
        for found in _ADDRESS.finditer(text):
            if not _IN_URL.search(text, max(0, found.start() - 200), found.start()) and is_personal(found[1], found[2]):
                yield Span(found.start(), found.end(), 0.95)
        for found in _HALF_HIDDEN.finditer(text):
            if is_personal(found[1], found[2] or found[3]):
                yield Span(found.start(), found.end(), 0.8)
        for found in _HIDDEN.finditer(text):
            domain = re.sub(r"\s*(?:[(\[{]dot[)\]}]|\bdot\b)\s*", ".", found[2], flags=re.IGNORECASE)
            if is_personal(found[1], domain):
                yield Span(found.start(), found.end(), 0.8)


def is_personal(local: str, domain: str) -> bool:
    """Tell whether an address belongs to a person, as far as it shows."""
    name = local.lower().split("+")[0]
    domain = domain.lower()
    if name in ROLES or _LIST.search(name) or ROLES.intersection(name.split("-")):
        return False
    # The mailbox of a project is called like its domain, and lists live on hosts of their own.
    if name in domain.split(".")[:-1] or domain.startswith(("lists.", "list.", "googlegroups.")):
        return False
    return not ((name in _PLACEHOLDERS or name.isdigit()) and _is_reserved_or_generic(domain))


def _is_reserved_or_generic(domain: str) -> bool:
    return (
        bool(_RESERVED.search(domain))
        or re.match(r"(?:your|my|some)[\w-]*\.|domain\.|host\.|server\.|mail\.com", domain) is not None
    )
