"""Lists of given names and surnames, read once."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files


@cache
def given() -> frozenset[str]:
    """Return given names that are rarely anything else, folded."""
    return _read("given.txt")


@cache
def ambiguous() -> frozenset[str]:
    """Return given names that are also words, places or products, folded."""
    return _read("ambiguous.txt")


@cache
def surnames() -> frozenset[str]:
    """Return common surnames, folded."""
    return _read("surnames.txt")


@cache
def surnames_first() -> frozenset[str]:
    """Return surnames, folded, behind which the given name stands."""
    return _read("surnames_first.txt")


@cache
def roles() -> frozenset[str]:
    """Return what mailboxes that are no person's are called, folded."""
    return _read("roles.txt")


@cache
def never() -> frozenset[str]:
    """Return words in lower case that stand in a name's place but are none."""
    return frozenset(_words("no_names.txt"))


@cache
def things() -> frozenset[str]:
    """Return words, folded, with which a phrase names a thing, an organisation or a place."""
    return _read("things.txt")


@cache
def organisations() -> frozenset[str]:
    """Return words, folded, of brands, authorities and products, which a weak cue alone must not make a person."""
    return _read("organisations.txt")


@cache
def public() -> frozenset[str]:
    """Return names of brands and public figures, folded, their words joined by `_`."""
    return _read("public.txt")


@cache
def folded(name: str) -> str:
    """Return a name in the form of the lists: lower case, without accents (`Müller` meets `Muller`)."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "'").replace("ł", "l").replace("Ł", "L").replace("ø", "o"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _read(name: str) -> frozenset[str]:
    return frozenset(map(folded, _words(name)))


def _words(name: str) -> list[str]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]
