"""Records of CSV and JSON files from anywhere: any usual encoding, delimiter and shape."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TextIO

from pipeline.errors import SourceError
from pipeline.file_encoding import encoding_of
from pipeline.prepare.csv_lines import csv_lines

LONGEST_FIELD = 1 << 26
"""Characters of a CSV field beyond which a file is taken to have lost a closing quote."""
DELIMITERS = ",;\t|"
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")


def open_text(file: Path) -> TextIO:
    """Open a text file with the encoding that it is in; line ends stay as they are."""
    encoding, errors = encoding_of(file)
    return file.open(encoding=encoding, errors=errors, newline="")


def csv_records(file: Path) -> Iterator[dict[str, Any] | str]:
    """Yield the records of a CSV file with a header line, whatever separates its fields.

    What an unquoted delimiter cut off the last column is joined to it again. Of columns with the same name the first
    counts. Of a record whose quote closes nowhere the line is yielded. Raises SourceError for a file that cannot be
    taken apart.
    """
    with open_text(file) as stream:
        csv.field_size_limit(LONGEST_FIELD)
        try:
            head = stream.readline()
            stated = re.fullmatch(r"\ufeff?sep=(.)\s*", head)  # what spreadsheets write for themselves
            delimiter = stated[1] if stated else _delimiter(head)
            if not stated:
                stream.seek(0)
            lines = csv_lines(stream, delimiter)
            first = next((line for line in lines if any(line)), [])
            names = next(csv.reader([first], delimiter=delimiter)) if isinstance(first, str) else first
            places: dict[str, int] = {}
            for place, name in enumerate(names):
                places.setdefault(name.lstrip("\ufeff"), place)
            for fields in lines:
                if isinstance(fields, str):
                    yield fields.rstrip("\r\n")
                elif fields:
                    yield _record(fields, places, len(names), delimiter)
        except csv.Error as problem:
            raise SourceError(f"This is no readable CSV file: {problem}", where=str(file)) from None


def _record(fields: list[str], places: dict[str, int], width: int, delimiter: str) -> dict[str, Any]:
    if len(fields) > width > 1:
        surplus = [field for field in fields[width:] if field]
        fields = [*fields[: width - 1], delimiter.join(fields[width - 1 :]) if surplus else fields[width - 1]]
    return {name: fields[place] if place < len(fields) else None for name, place in places.items()}


def _delimiter(head: str) -> str:
    return max(
        DELIMITERS, key=lambda mark: (len(next(csv.reader([head], delimiter=mark), [])), -DELIMITERS.index(mark))
    )


def json_records(file: Path, names: Collection[str]) -> Iterator[Any]:
    """Yield the records of a file of JSON: one a line, one array, one object, or an object that holds the array.

    An object with one of `names` (in lower case) is a record and holds none. Of lines that are no JSON the text is
    yielded. Raises SourceError for an array that is broken off.
    """
    with open_text(file) as stream:
        if file.suffix.lower() == ".json":
            text = stream.read()
            whole = _whole(text, file, names)
            if whole is not None:
                yield from whole
                return
            stream.seek(0)
        for line in stream:
            if line.strip("\ufeff \t\r\n"):
                try:
                    yield _read(line.lstrip("\ufeff"))
                except (ValueError, RecursionError):  # the latter from brackets without end
                    yield line.rstrip("\r\n")


def _read(text: str) -> Any:
    """Return a JSON value; fractions stay as they are written (`1.10`), and what is no number of JSON's is null."""
    return json.loads(text, strict=False, parse_float=str, parse_constant=lambda name: None)


def _whole(text: str, file: Path, names: Collection[str]) -> list[Any] | None:
    """Return the records of a file that is one JSON value, or None for one that holds a value a line."""
    text = text.lstrip("\ufeff \t\r\n")
    try:
        value = _read(text)
    except (ValueError, RecursionError) as problem:
        if not text.startswith("["):
            return None
        try:
            value = _read(_TRAILING_COMMA.sub(r"\1", text))
        except (ValueError, RecursionError):
            raise SourceError(f"This is no readable JSON file: {problem}", where=str(file)) from None
    return value if isinstance(value, list) else _listed(value, names)


def _listed(value: Any, names: Collection[str]) -> list[Any]:
    """Return the list of objects inside an object that has one only (`{"data": [...]}`), else the value itself."""
    inner = value
    for _ in range(3):
        if not isinstance(inner, dict) or any(name.casefold() in names for name in inner):
            break
        lists = [item for item in inner.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
        if len(lists) == 1:
            return lists[0]
        objects = [item for item in inner.values() if isinstance(item, dict)]
        if len(objects) != 1:
            break
        inner = objects[0]
    return [value]
