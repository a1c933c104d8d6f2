"""A subset of JQL for the sample ticket server: comparisons joined by AND, OR, NOT and parentheses, and ORDER BY."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Issue = Mapping[str, Any]
Test = Callable[[Issue], bool]
_TOKEN = re.compile(
    r"\s*(?:\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|(>=|<=|!=|!~|[()=<>~,])|([^\s()=<>~,!\"']+))", re.S
)
_RELATIVE = re.compile(r"^([+-]?\d+)([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WORDS = frozenset(("and", "or", "not", "in", "is", "order", "by", "empty", "null", "asc", "desc"))


class QueryError(Exception):
    """A query that Jira would refuse, in words like Jira's."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: which issues it matches, in which order, and whether it restricts anything."""

    matches: Test
    order: tuple[str, bool] | None
    bounded: bool


def parse(text: str, zone: ZoneInfo) -> Query:
    """Parse a query; times without a zone are read in `zone`. Raises QueryError."""
    return _Parser(text, zone).query()


class _Parser:
    def __init__(self, text: str, zone: ZoneInfo) -> None:
        self._zone = zone
        self._tokens: list[tuple[str, bool]] = []
        self._at = 0
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if not found:
                raise QueryError(f"Error in the JQL Query: unexpected character at {position}")
            quoted = found[1] if found[1] is not None else found[2]
            self._tokens.append((quoted, True) if quoted is not None else (found[3] or found[4], False))
            position = found.end()

    def _word(self) -> str | None:
        """Return the next token in lower case if it is a bare word or sign."""
        if self._at >= len(self._tokens):
            return None
        token, quoted = self._tokens[self._at]
        return None if quoted else token.lower()

    def _take(self, *words: str) -> bool:
        if self._word() in words:
            self._at += 1
            return True
        return False

    def query(self) -> Query:
        bounded = bool(self._tokens) and self._word() != "order"
        matches = self._either() if bounded else _always
        order = self._order()
        if self._at != len(self._tokens):
            raise QueryError(f"Error in the JQL Query: unexpected '{self._tokens[self._at][0]}'")
        return Query(matches, order, bounded)

    def _order(self) -> tuple[str, bool] | None:
        if not self._take("order"):
            return None
        if not self._take("by"):
            raise QueryError("Error in the JQL Query: expecting BY after ORDER")
        name = self._value().lower()
        descending = self._take("desc")
        self._take("asc")
        return name, descending

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda issue: all(test(issue) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            inner = self._one()
            return lambda issue: not inner(issue)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise QueryError("Error in the JQL Query: expecting ')'")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        name = self._value().lower()
        field = FIELDS.get(name)
        if field is None:
            raise QueryError(f"Field '{name}' does not exist or you do not have permission to view it.")
        if self._take("is"):
            return self._emptiness(field)
        negated = self._take("not")
        if self._take("in"):
            wanted = self._list()
            return lambda issue: any(value in wanted for value in field(issue)) != negated
        sign = self._word() or ""
        if sign not in ("=", "!=", "~", "!~", ">=", "<=", ">", "<"):
            raise QueryError(f"Error in the JQL Query: expecting an operator after '{name}'")
        self._at += 1
        return self._compared(field, sign, self._value())

    def _emptiness(self, field: Callable[[Issue], list[str]]) -> Test:
        negated = self._take("not")
        if not self._take("empty", "null"):
            raise QueryError("Error in the JQL Query: expecting EMPTY after IS")
        return lambda issue: (not field(issue)) != negated

    def _compared(self, field: Callable[[Issue], list[str]], sign: str, value: str) -> Test:
        wanted = value.lower()
        if sign in ("=", "!="):
            return lambda issue: (wanted in field(issue)) == (sign == "=")
        if sign in ("~", "!~"):
            return lambda issue: any(wanted in text for text in field(issue)) == (sign == "~")
        moment = self._moment(value)
        compare: dict[str, Callable[[datetime], bool]] = {
            ">=": lambda found: found >= moment,
            "<=": lambda found: found <= moment,
            ">": lambda found: found > moment,
            "<": lambda found: found < moment,
        }
        return lambda issue: any(compare[sign](datetime.fromisoformat(text)) for text in field(issue))

    def _moment(self, value: str) -> datetime:
        relative = _RELATIVE.match(value)
        if relative:
            return datetime.now(UTC) + timedelta(**{_UNITS[relative[2]]: int(relative[1])})
        try:
            moment = datetime.fromisoformat(value.replace("/", "-"))
        except ValueError:
            raise QueryError(f"Date value '{value}' is invalid. Valid formats include: 'yyyy-MM-dd HH:mm'.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def _list(self) -> set[str]:
        if not self._take("("):
            raise QueryError("Error in the JQL Query: expecting '(' after IN")
        values = {self._value().lower()}
        while self._take(","):
            values.add(self._value().lower())
        if not self._take(")"):
            raise QueryError("Error in the JQL Query: expecting ')'")
        return values

    def _value(self) -> str:
        if self._at >= len(self._tokens):
            raise QueryError("Error in the JQL Query: it ends too early")
        token, quoted = self._tokens[self._at]
        if not quoted and (token.lower() in _WORDS or not re.match(r"[\w+-]", token)):
            raise QueryError(f"Error in the JQL Query: '{token}' is a reserved word or sign")
        self._at += 1
        return token


def _always(issue: Issue) -> bool:
    return True


def _texts(*values: Any) -> list[str]:
    return [str(value).lower() for value in values if value]


def _named(name: str) -> Callable[[Issue], list[str]]:
    def read(issue: Issue) -> list[str]:
        value = issue["fields"].get(name) or {}
        return _texts(value.get("name"), value.get("id"), value.get("key"))

    return read


def _category(issue: Issue) -> list[str]:
    category = issue["fields"]["status"]["statusCategory"]
    return _texts(category["name"], category["key"], category["id"])


def _time(name: str) -> Callable[[Issue], list[str]]:
    return lambda issue: [issue["fields"][name]] if issue["fields"].get(name) else []


FIELDS: dict[str, Callable[[Issue], list[str]]] = {
    "project": _named("project"),
    "status": _named("status"),
    "statuscategory": _category,
    "resolution": _named("resolution"),
    "issuetype": _named("issuetype"),
    "type": _named("issuetype"),
    "id": lambda issue: _texts(issue["id"], issue["key"]),
    "issue": lambda issue: _texts(issue["id"], issue["key"]),
    "key": lambda issue: _texts(issue["key"], issue["id"]),
    "issuekey": lambda issue: _texts(issue["key"], issue["id"]),
    "labels": lambda issue: _texts(*issue["fields"].get("labels", ())),
    "summary": lambda issue: _texts(issue["fields"].get("summary")),
    "text": lambda issue: _texts(issue["fields"].get("summary")),
    "updated": _time("updated"),
    "created": _time("created"),
    "resolved": _time("resolutiondate"),
    "resolutiondate": _time("resolutiondate"),
}
