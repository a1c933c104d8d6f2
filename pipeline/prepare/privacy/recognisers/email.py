# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""E-mail addresses of people. Role addresses (`support@…`) and placeholders (`user@example.com`) are not personal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.recogniser import Recogniser, Span

_LOCAL = r"[\w!#$%&'*+^{|}~-]+(?:\.[\w!#$%&'*+^{|}~-]+)*"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(
    rf"(?<![\w.@/])({_LOCAL})(?:[@＠]|%40)((?:{_LABEL}\.)+[^\W\d_]{{2,24}}|(?:{_LABEL}\.)+xn--[a-z0-9-]+)(?![\w@])"
)
# What stands before @ there is who logs in at a host.
# Behind a slash there are ids of messages and versions of packages too, so here only names count.
_IN_PATH = re.compile(rf"(?<=[\w.-]/)({_LOCAL})(?:@|%40)((?:{_LABEL}\.)+[^\W\d_]{{2,24}})(?![\w@])")
_IN_URL = re.compile(r"://\S*\Z")
_LOGIN = re.compile(r"://[^\s/?#]*\Z")
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


class EmailRecogniser(Recogniser):
    """Addresses by syntax, with the reserved domains of RFC 2606 and roles of RFC 2142 told apart."""

    entity = "EMAIL"
    guard = r"(?i)@|＠|%40|\bat\b.{1,80}\bdot\b|[(\[{<]at[)\]}>]"
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield addresses of people."""
        for found in _ADDRESS.finditer(text):
            if is_personal(found[1], found[2]) and not _is_of_url(text, found):
                yield Span(found.start(), found.end(), 0.95)
        for found in _IN_PATH.finditer(text) if "://" in text else ():
            named = any(map(_is_listed, re.split(r"[._-]", found[1])))
            if named and is_personal(found[1], found[2]) and not _is_of_url(text, found):
                yield Span(found.start(), found.end(), 0.9)
        for found in _HALF_HIDDEN.finditer(text):
            if is_personal(found[1], found[2] or found[3]):
                yield Span(found.start(), found.end(), 0.8)
        for found in _HIDDEN.finditer(text):
            domain = re.sub(r"\s*(?:[(\[{]dot[)\]}]|\bdot\b)\s*", ".", found[2], flags=re.IGNORECASE)
            if is_personal(found[1], domain):
                yield Span(found.start(), found.end(), 0.8)


def _is_of_url(text: str, found: re.Match[str]) -> bool:
    """Tell whether what reads like an address logs in at a URL's host or is the id of a message in an archive."""
    before = max(0, found.start() - 200)
    if not _IN_URL.search(text, before, found.start()):
        return False
    # nobody has a mailbox at the host that only numbers messages
    is_id = 2 * sum(map(str.isdigit, found[1])) > len(found[1]) or found[2].lower() == "mail.gmail.com"
    return is_id or bool(_LOGIN.search(text, before, found.start()))


def is_personal(local: str, domain: str) -> bool:
    """Tell whether an address belongs to a person, as far as it shows."""
    name, domain = local.lower().split("+")[0], domain.lower()
    if _is_role(name, domain) or _is_list(name, domain) or _NO_NAME.fullmatch(name):
        return False
    # The mailbox of a project is called like its domain, but so is that of a family.
    if name in domain.split(".")[:-1] and (domain.endswith(_PROJECTS) or not _is_listed(name)):
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
    return not (dot and (_is_listed(first) or names.folded(first) in names.ambiguous()))


def _is_listed(name: str) -> bool:
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
