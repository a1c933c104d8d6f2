# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Whose a mailbox is: a person's, a role's, a list's, or nobody's, as far as its address shows."""

from __future__ import annotations

import re

from pipeline.prepare.privacy import names

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
        "abc",
        "xyz",
        "pass",
        "password",
        "passwd",
        "login",
    ]
)
# Names that say that there should be a name, whatever the domain.
_NO_NAME = re.compile(
    r"(?:your|my|votre|ton|ihr|ihre|dein|deine|tu|su|il-?tuo|seu|jouw|twoj)[._-]?(?:e-?mail|mail|name|address|adresse|correo|nome|nombre|naam)"
    r"|(?:first|given|f)[._-]?(?:name)?[._-]?(?:last|sur|family|l)[._-]?name|first[._-]last|(?:vorname|prenom|prénom|nombre|nome|voornaam|imie|imię|name)[._-]"
    r"(?:nachname|nom|apellido|apellidos|cognome|sobrenome|apelido|achternaam|nazwisko|surname|lastname)|username|git"
)
_FREE_MAIL = re.compile(
    r"(?:^|\.)(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|mac|aol|gmx|web|t-online|freenet|proton|protonmail|posteo|mailbox"
    r"|orange|wanadoo|free|laposte|sfr|libero|virgilio|tiscali|alice|terra|telefonica|uol|bol|ig|wp|onet|interia|o2|seznam|centrum|mail|yandex|ya|rambler|ukr|bk|list|inbox|qq|163|126|naver|daum|hanmail|rediffmail|telenet|ziggo|kpnmail|planet|bluewin|hispeed)\.[a-z.]{2,6}$"
)
_PROJECTS = (".org", ".io", ".dev")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost|local)$")


def is_personal(local: str, domain: str) -> bool:
    """Tell whether an address belongs to a person, as far as it shows."""
    name, domain = local.lower().split("+")[0], domain.lower()
    if _is_role(name, domain) or _is_list(name, domain) or _NO_NAME.fullmatch(name):
        return False
    # The mailbox of a project is called like its domain, but so is that of a family.
    if name in domain.split(".")[:-1] and (domain.endswith(_PROJECTS) or not is_listed(name)):
        return False
    return not ((name in _PLACEHOLDERS or name.isdigit()) and _is_reserved_or_generic(domain))


def _is_list(name: str, domain: str) -> bool:
    """Tell whether many read a mailbox: lists are called by what they are for and live on hosts of their own."""
    if domain.startswith(("lists.", "list.", "googlegroups.")):
        return True
    # Nobody has a list at a host of free mail, and `anna.support` is somebody who works there.
    if not _LIST.search(name) or _FREE_MAIL.search(domain):
        return False
    first, dot, _ = name.partition(".")
    return not (dot and (is_listed(first) or names.folded(first) in names.ambiguous()))


def is_listed(name: str) -> bool:
    """Tell whether a part of an address is a given name or a surname of the lists."""
    name = names.folded(name)
    return name in names.given() or name in names.surnames()


def _is_role(name: str, domain: str) -> bool:
    """Tell whether a mailbox is called by what it is for: wholly, or in part (`sales.eu`) where nobody can have his own."""
    roles = names.roles()
    name = names.folded(name)
    if name in roles or name.rstrip("0123456789") in roles or re.sub(r"[._-]", "", name) in roles:
        return True
    if _FREE_MAIL.search(domain):
        return False
    parts = [part for part in re.split(r"[._-]", name) if part]
    in_part = any(part in roles and len(part) > 3 for part in parts)
    return in_part and names.given().isdisjoint(parts) and names.surnames().isdisjoint(parts)


def _is_reserved_or_generic(domain: str) -> bool:
    return (
        bool(_RESERVED.search(domain))
        or re.match(
            r"(?:your|my|some|votre|ihre|deine)[\w-]*\.|(?:domain|domaine|dominio|host|server|company|firma|foo|bar|abc|xyz|test|email|website|site)\.|mail\.com",
            domain,
        )
        is not None
    )
