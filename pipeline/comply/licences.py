"""Licences: SPDX expressions, what each licence asks, and whether data, base model and intended use go together."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import product
from typing import Any

import yaml
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from pipeline.comply.policy import LicencePolicy
from pipeline.records import UNKNOWN_LICENCE

UNKNOWN = frozenset({"", UNKNOWN_LICENCE.lower(), "none", "unknown", "other", "null"})
_TOKEN = re.compile(r"\s*(?:(\()|(\))|([A-Za-z0-9][A-Za-z0-9.+\-:]*))")
MAX_OPTIONS = 256


class BadExpression(ValueError):
    """A text that is no SPDX licence expression."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence asks."""

    commercial: bool
    derivatives: bool
    share_alike: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a licence: why it is not allowed (nothing when it is), and what it obliges to."""

    licence: str
    problems: tuple[str, ...] = ()
    obligations: tuple[str, ...] = field(default=())
    unknown: bool = False


def options(expression: str) -> list[frozenset[str]]:
    """Return the sets of licences of which each alone satisfies an SPDX expression, ids as SPDX spells them.

    `MIT OR (Apache-2.0 AND CC-BY-4.0)` gives two sets. An exception (`WITH`) only ever permits more, so the licence
    stands without it. Raises BadExpression.
    """
    tokens = _tokens(expression)
    found, rest = _either(tokens)
    if rest:
        raise BadExpression(f"{rest[0]!r} is not expected here")
    return found


def terms(licence: str) -> Terms | None:
    """Return what a licence asks, None for one that the project does not know."""
    return _table().get(licence.lower(), (None, None))[1]


def spelt(licence: str) -> str:
    """Return a licence's id as SPDX spells it; the Hub writes them in lower case and has names of its own."""
    for known in (licence, f"LicenseRef-{licence}"):
        if known.lower() in _table():
            return _table()[known.lower()][0]
    return licence


def is_unknown(expression: str) -> bool:
    """Tell whether nobody stated a licence."""
    return expression.strip().lower() in UNKNOWN


def judge(expression: str, policy: LicencePolicy, allowed: Sequence[str]) -> Judged:
    """Judge a licence of data or of a model for the policy's intended use and distribution.

    The best way to satisfy the expression counts. Its problems name the licence and what it forbids.
    """
    if is_unknown(expression):
        return Judged(UNKNOWN_LICENCE, ("nobody stated a licence",), unknown=True)
    try:
        ways = options(expression)
    except BadExpression as problem:
        return Judged(expression, (f"{expression[:80]!r} is no SPDX expression: {problem}",))
    judged = [_judge_set(expression, ids, policy, allowed) for ids in ways]
    return min(judged, key=lambda one: (len(one.problems), len(one.obligations)))


def conflicts(data: Sequence[str], model: str, policy: LicencePolicy) -> list[str]:
    """Return why a model made from this data and this base model cannot be given away under the policy's licence."""
    if policy.distribution != "public":
        return []
    problems = []
    for expression, allowed in sorted({*((one, policy.data) for one in data), (model, policy.models)}):
        try:
            ways = options(expression)
        except BadExpression:
            continue
        # A side of an OR that the policy does not allow is no way out. Where it allows none, `judge` has said so.
        open_ways = [ids for ids in ways if not _judge_set(expression, ids, policy, allowed).problems]
        demands = [list(_demands(ids, policy.release)) for ids in open_ways or ways]
        if demands and all(demands):
            problems += demands[0]
    return list(dict.fromkeys(problems))


def _demands(ids: frozenset[str], release: str) -> Iterator[str]:
    for licence in sorted(ids):
        asked = terms(licence)
        if asked and asked.share_alike and release not in asked.share_alike:
            yield f"{licence} asks for {' or '.join(asked.share_alike)}, the model would be released as {release}"


def _judge_set(expression: str, ids: frozenset[str], policy: LicencePolicy, allowed: Sequence[str]) -> Judged:
    problems: list[str] = []
    obligations: list[str] = []
    permitted = {licence.lower() for licence in allowed}
    for licence in sorted(ids):
        asked = terms(licence)
        if licence.lower() not in permitted:
            problems.append(f"{licence} is not on the policy's list")
        if asked is None:
            continue
        if policy.intended_use == "commercial" and not asked.commercial:
            problems.append(f"{licence} forbids commercial use")
        if not asked.derivatives:
            problems.append(f"{licence} forbids to make anything from it")
        obligations += asked.obligations
    return Judged(expression, tuple(problems), tuple(dict.fromkeys(obligations)))


def _tokens(expression: str) -> list[str]:
    found, place = [], 0
    text = expression.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadExpression(f"{text[place : place + 10]!r} cannot stand in an expression")
        found.append(match.group().strip())
        place = match.end()
    if not found:
        raise BadExpression("it is empty")
    return found


def _either(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    found, rest = _both(tokens)
    while rest and rest[0].upper() == "OR":
        more, rest = _both(rest[1:])
        found = found + more
    return _bounded(found), rest


def _both(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    found, rest = _one(tokens)
    while rest and rest[0].upper() == "AND":
        more, rest = _one(rest[1:])
        found = _bounded([first | second for first, second in product(found, more)])
    return found, rest


def _one(tokens: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    if not tokens:
        raise BadExpression("a licence is missing at its end")
    if tokens[0] == "(":
        found, rest = _either(tokens[1:])
        if not rest or rest[0] != ")":
            raise BadExpression("a bracket is not closed")
        return found, rest[1:]
    name, rest = tokens[0], tokens[1:]
    if name.upper() in ("AND", "OR", "WITH", ")"):
        raise BadExpression(f"{name!r} stands where a licence should")
    if rest and rest[0].upper() == "WITH":
        if len(rest) < 2:
            raise BadExpression("an exception is missing at its end")
        _exception(name, rest[1])
        rest = rest[2:]
    return [frozenset({_later(name)})], rest


def _exception(licence: str, exception: str) -> None:
    """Refuse what SPDX does not list as an exception: a rider of unknown content may forbid as well as permit."""
    if exception.lower().startswith("additionref-"):
        raise BadExpression(f"{exception[:60]!r} is an addition of unknown content to {licence}")
    try:
        canonicalize_license_expression(f"MIT WITH {exception}")
    except InvalidLicenseExpression:
        raise BadExpression(f"{exception[:60]!r} is no exception that SPDX lists") from None


def _later(name: str) -> str:
    """Return the present id: `GPL-2.0+` was `GPL-2.0-or-later`, and `GPL-2.0` was `GPL-2.0-only`.

    A `+` behind a licence without such an id lets its later versions be chosen, so the licence itself is enough.
    """
    if name.endswith("+"):
        name = name[:-1]
        later = spelt(f"{name}-or-later")
        return later if later.lower() in _table() else spelt(name)
    only = spelt(f"{name}-only")
    return only if only.lower() in _table() else spelt(name)


def _bounded(ways: list[frozenset[str]]) -> list[frozenset[str]]:
    if len(ways) > MAX_OPTIONS:
        raise BadExpression("it has too many alternatives")
    return ways


@functools.cache
def _table() -> dict[str, tuple[str, Terms]]:
    content: dict[str, dict[str, Any]] = yaml.safe_load(
        (files("pipeline.comply") / "data" / "licences.yaml").read_text(encoding="utf-8")
    )
    return {
        name.lower(): (
            name,
            Terms(
                commercial=bool(entry["commercial"]),
                derivatives=bool(entry["derivatives"]),
                share_alike=tuple(entry.get("share_alike", ())),
                obligations=tuple(entry.get("obligations", ())),
            ),
        )
        for name, entry in content.items()
    }
