"""Records of CSV files that lack a closing quote: what stands behind it is read, and not taken for one long field."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

FAR = 100
MOST_FAR = 20
"""Records of more than `FAR` lines that are read again for a missing quote; then every line is one of its own."""


def csv_lines(lines: Iterable[str], delimiter: str) -> Iterator[list[str] | str]:
    """Yield the fields of each record, or its first line as it is where a quote that opens in it closes nowhere.

    A quote closes nowhere if the file ends first, if a field gets longer than any, or if the next quote opens a field
    too. The lines behind it are then read as if it had not been there.
    """
    source = _Lines(lines)
    records = csv.reader(source, delimiter=delimiter)
    opens_field = re.compile(rf'(?:^|{re.escape(delimiter)})"[^"\r\n{re.escape(delimiter)}]')
    far = 0
    while True:
        source.taken = []
        try:
            fields = next(records)
        except StopIteration:
            return
        except csv.Error:  # a field beyond the limit, or one line that is none of text
            if not source.taken:
                raise
            yield source.taken[0]
            source.give_back()
            continue
        taken = source.taken
        if len(taken) == 1 and not source.ended:
            yield fields
        elif source.ended or (_is_illegal(taken, delimiter) and opens_field.search(taken[-1])):
            far += len(taken) > FAR
            yield taken[0]
            source.give_back()
            if far > MOST_FAR:
                yield from _singly(source, delimiter)
                return
        else:
            yield fields


def _is_illegal(taken: list[str], delimiter: str) -> bool:
    """Tell whether something stands between a closing quote and the end of its field."""
    try:
        list(csv.reader(taken, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _singly(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        yield next(csv.reader([line], delimiter=delimiter), [])


class _Lines:
    """Lines of a file, of which those that a record took can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: list[str] = []
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.pop()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                # the reader asks on only in the middle of a field, or between records
                self.ended = bool(self.taken)
                raise
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """Give back all lines of the record but its first."""
        self._again.extend(reversed(self.taken[1:]))
        self.ended = False
