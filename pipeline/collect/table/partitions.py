"""Hive-style folders (`language=en/year=2024/`) and the predicates that choose rows by them or by plain columns."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
COMPARISONS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    (">=", operator.ge),
    ("<=", operator.le),
    ("!=", operator.ne),
    (">", operator.gt),
    ("<", operator.lt),
    ("=", operator.eq),
)


def partition_values(path: str) -> dict[str, str | None]:
    """Return the partition columns in a relative path; a null partition gives None."""
    values: dict[str, str | None] = {}
    for folder in path.split("/")[:-1]:
        name, equals, value = folder.partition("=")
        if equals and name:
            values[unquote(name)] = None if value == NULL_PARTITION else unquote(value)
    return values


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition of `where`: a column, a comparison and a value. Numbers compare as numbers, else as text."""

    column: str
    sign: str
    wanted: str

    @classmethod
    def parse(cls, column: str, text: str) -> Predicate:
        """Read a condition such as `en`, `>=2024` or `!=draft`."""
        for sign, _ in COMPARISONS:
            if text.startswith(sign):
                return cls(column, sign, text[len(sign) :].strip())
        return cls(column, "=", text)

    def holds(self, value: str | None) -> bool:
        """Tell whether a value meets the condition; an absent value meets none but `!=`."""
        if value is None:
            return self.sign == "!="
        compare = dict(COMPARISONS)[self.sign]
        try:
            return bool(compare(float(value), float(self.wanted)))
        except ValueError:
            return bool(compare(value, self.wanted))


def predicates(where: Mapping[str, str]) -> list[Predicate]:
    """Read the `where` table of the settings."""
    return [Predicate.parse(column, text) for column, text in where.items()]
