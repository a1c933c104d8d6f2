"""E-mail addresses of people. Role addresses (`support@…`) and placeholders (`user@example.com`) are not personal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.mailboxes import is_listed, is_personal
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import SPACED, UNSPACED, Apart, has_unspaced

_MARKS = "!#$%&'*+^{|}~-"


def _patterns(sign: str, left_out: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the shapes of an address, and of one behind a slash, whose letters are none of those left out."""
    local = rf"{sign}+(?:\.{sign}+)*"
    label = rf"[^\W_{left_out}](?:(?:[^\W{left_out}]|-){{0,61}}[^\W_{left_out}])?"
    label = rf"(?:{label}|[{left_out}]{{1,63}})" if left_out else label
    letter = rf"[^\W\d_{left_out}]"
    # the first label may have letters of both kinds (abc中文.com)
    labels = rf"(?:(?:{label}\.)+|[^\W_](?:[^\W_]|-){{0,61}}\.(?:{label}\.)*)" if left_out else rf"(?:{label}\.)+"
    apart, ends = rf"(?<![^\W{left_out}])", rf"(?![^\W{left_out}]|@)"
    return (
        re.compile(
            rf"(?<![.@/]){apart}({local})(?:[@＠]|%40)({labels}{letter}{{2,24}}|(?:{label}\.)+xn--[a-z0-9-]+){ends}"
        ),
        # Behind a slash there are ids of messages and versions of packages too, so here only names count.
        re.compile(rf"(?<=[\w.-]/)({local})(?:@|%40)({labels}{letter}{{2,24}}){ends}"),
    )


# Scripts without blanks are left out: the sentence would be taken for a part of the address. One whose domain ends with
# their letters is taken up to the blanks around it.
_ADDRESS, _IN_PATH = _patterns(rf"[\w{_MARKS}]", "")
_ADDRESS_BEYOND, _IN_PATH_BEYOND = _patterns(rf"(?:{SPACED}|[{_MARKS}])", UNSPACED)
_WHOLLY_BEYOND = re.compile(rf"(?<![\w.@/])([\w.+-]+)[@＠]((?:[\w-]+\.)+[{UNSPACED}]{{2,8}})(?![\w@])")
# A name in these letters before @, with Latin ones before it or none: where it starts in its sentence cannot be told,
# so it is taken up to a blank or a mark.
_AT_BEYOND = re.compile(
    rf"(?<=[{UNSPACED}])(?:[@＠]|%40)((?:[^\W_]|-){{1,63}}\.(?:(?:[^\W_{UNSPACED}]|-){{1,63}}\.)*[^\W\d_{UNSPACED}]{{2,24}})(?!{SPACED}|@)"
)
_LOCAL_BEYOND = re.compile(rf"(?:(?:{SPACED}|[{_MARKS}])+[._-]?)?[{UNSPACED}]+(?:[._-][{UNSPACED}]+)*\Z")
LONGEST_LOCAL = 64
"""Characters of a mailbox's name (RFC 5321)."""
# What stands before @ there is who logs in at a host.
_IN_URL = re.compile(r"://\S*\Z")
_LOGIN = re.compile(r"://[^\s/?#]*\Z")
# The ways in which people hide addresses from machines.
_HIDES = re.compile(r"\bdot\b|\bDOT\b")
_HIDDEN = Apart(
    r"([A-Za-z0-9][\w.+-]*)\s*(?:[(\[{<]at[)\]}>]|\s\bat\b\s|\s\bAT\b\s|\s@\s)\s*"
    r"([A-Za-z0-9-]+(?:\s*(?:\.|\(dot\)|\[dot\]|\{dot\}|\s\bdot\b\s|\s\bDOT\b\s)\s*[A-Za-z0-9-]+)*"
    r"\s*(?:\(dot\)|\[dot\]|\{dot\}|\s\bdot\b\s|\s\bDOT\b\s)\s*[A-Za-z]{2,10})",
    before=".@",
)
# Only what stands for @ is hidden, or blanks stand around it.
_HALF_HIDES = re.compile(r"\s@\s|[(\[{<](?:at|AT)[)\]}>]")
_HALF_HIDDEN = Apart(
    r"([A-Za-z0-9][\w.+-]*)(?:\s?[(\[{<](?:at|AT)[)\]}>]\s?((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,10})"
    # `a @ b.T` multiplies matrices, so here only the usual domains count.
    r"|\s@\s((?:[A-Za-z0-9-]+\.)+(?:com|net|org|edu|eu|de|at|ch|fr|be|nl|es|it|pt|pl|se|dk|no|fi|ie|cz|co\.uk|uk|ca|us|br|mx)))",
    before=".@",
)


class EmailRecogniser(Recogniser):
    """Addresses by syntax, with the reserved domains of RFC 2606 and roles of RFC 2142 told apart."""

    entity = "EMAIL"
    guard = r"(?i)@|＠|%40|\bat\b.{1,80}\bdot\b|[(\[{<]at[)\]}>]"
    in_code = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield addresses of people."""
        beyond = has_unspaced(text)
        address, in_path = (_ADDRESS_BEYOND, _IN_PATH_BEYOND) if beyond else (_ADDRESS, _IN_PATH)
        for found in address.finditer(text):
            if is_personal(found[1], found[2]) and not _is_of_url(text, found.start(), found[1], found[2]):
                yield Span(found.start(), found.end(), 0.95)
        for found in _WHOLLY_BEYOND.finditer(text) if beyond else ():
            if is_personal(found[1], found[2]):
                yield Span(found.start(), found.end(), 0.9)
        yield from _named_beyond(text) if beyond else ()
        for found in in_path.finditer(text) if "://" in text else ():
            named = any(map(is_listed, re.split(r"[._-]", found[1])))
            if named and is_personal(found[1], found[2]) and not _is_of_url(text, found.start(), found[1], found[2]):
                yield Span(found.start(), found.end(), 0.9)
        yield from _hidden(text)


def _hidden(text: str) -> Iterator[Span]:
    """Yield what people write so that machines do not read it."""
    for found in _HALF_HIDDEN.finditer(text) if _HALF_HIDES.search(text) else ():
        if is_personal(found[1], found[2] or found[3]):
            yield Span(found.start(), found.end(), 0.8)
    for found in _HIDDEN.finditer(text) if _HIDES.search(text) else ():
        domain = re.sub(r"\s*(?:[(\[{]dot[)\]}]|\bdot\b)\s*", ".", found[2], flags=re.IGNORECASE)
        if is_personal(found[1], domain):
            yield Span(found.start(), found.end(), 0.8)


def _named_beyond(text: str) -> Iterator[Span]:
    """Yield addresses whose mailbox ends with letters of scripts without blanks."""
    for found in _AT_BEYOND.finditer(text):
        local = _LOCAL_BEYOND.search(text, max(0, found.start() - LONGEST_LOCAL), found.start())
        if local and is_personal(local[0], found[1]) and not _is_of_url(text, local.start(), local[0], found[1]):
            yield Span(local.start(), found.end(), 0.9)


def _is_of_url(text: str, start: int, local: str, domain: str) -> bool:
    """Tell whether what reads like an address logs in at a URL's host or is the id of a message in an archive."""
    before = max(0, start - 200)
    if not _IN_URL.search(text, before, start):
        return False
    # nobody has a mailbox at the host that only numbers messages
    is_id = 2 * sum(map(str.isdigit, local)) > len(local) or domain.lower() == "mail.gmail.com"
    return is_id or bool(_LOGIN.search(text, before, start))
