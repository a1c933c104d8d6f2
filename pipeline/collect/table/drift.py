"""Schema drift: columns that came, went or changed their type, between runs and between files."""

from __future__ import annotations

from collections.abc import Mapping

MAX_WARNINGS = 20


class Drift:
    """Collects differences; the first file of a run is what the others are compared with."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._first: tuple[str, Mapping[str, str]] | None = None
        self._found: list[str] = []

    def note(self, path: str, schema: Mapping[str, str], before: Mapping[str, str] | None) -> None:
        """Compare a file's columns with those it had, or else with those of the first file of this run."""
        if before is not None:
            self._compare(path, schema, before, "since the last run")
        elif self._first is not None:
            self._compare(path, schema, self._first[1], f"compared with {self._first[0]}")
        if self._first is None:
            self._first = (path, schema)

    def _compare(self, path: str, schema: Mapping[str, str], other: Mapping[str, str], when: str) -> None:
        changes = [f"{name} is new" for name in sorted(schema.keys() - other.keys())]
        changes += [f"{name} is gone" for name in sorted(other.keys() - schema.keys())]
        changes += [
            f"{name} was {other[name]} and is {schema[name]}"
            for name in sorted(schema.keys() & other.keys())
            if schema[name] != other[name]
        ]
        if changes:
            self._found.append(f"The columns of {path} changed {when}: {'; '.join(changes)}")

    def warnings(self) -> list[str]:
        """Return the differences as sentences, the first twenty of them."""
        more = len(self._found) - MAX_WARNINGS
        return self._found[:MAX_WARNINGS] + ([f"… and {more} more files with other columns"] if more > 0 else [])
