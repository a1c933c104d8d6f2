"""Records of CSV and JSON files from anywhere: any usual encoding, delimiter and shape."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TextIO

from pipeline.collect.web.encoding import decode
from pipeline.errors import SourceError

LONGEST_FIELD = 1 << 26
"""Characters of a CSV field beyond which a file is taken to have lost a closing quote."""
DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_VALID_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CONTINUED = bytes(range(0x80, 0xC0))
_HIGH = re.compile(rb"[\x80-\xff]")
# Where frequencies leave a choice, files are in the encodings of Windows rather than in those of old Macintoshes.
_LIKELIER = {"mac-cyrillic": "cp1251", "mac-roman": "cp1252", "mac-greek": "cp1253", "mac-turkish": "cp1254"}
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")


def _as_windows(problem: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252: files that were put together from several have both."""
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    return problem.object[problem.start : problem.end].decode("cp1252", "replace"), problem.end


codecs.register_error("as_windows", _as_windows)


def encoding_of(file: Path) -> tuple[str, str]:
    """Return the encoding of a file and what to do with bytes that it does not know.

    A byte order mark decides, then valid UTF-8, then which of both more of the bytes beyond ASCII are: UTF-8 with some
    foreign bytes, or another encoding, which is guessed from the lines that have such bytes.
    """
    with file.open("rb") as stream:
        start = stream.read(4)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name, "replace"
        if start[1:2] == b"\0" or start[:1] == b"\0":
            wide = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
            if start[2:].count(0) == 1:
                return wide, "replace"
        stream.seek(0)
        sample = b""
        for line in _pieces(stream):
            if not line.isascii() and not _is_utf8(line):
                sample += line[:_SAMPLE]
                if len(sample) >= _SAMPLE:
                    break
    if not sample:
        return "utf-8", "replace"
    valid = _VALID_UTF8.sub(b"", sample)
    broken = len(_HIGH.findall(valid))
    if broken <= (len(_HIGH.findall(sample)) - broken) // 2:
        return "utf-8", "as_windows"
    guessed = decode(sample)[1]
    name = _LIKELIER.get(guessed, guessed)
    return ("utf-8", "as_windows") if name in ("utf-8", "cp1252") else (name, "replace")


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.readline(_CHUNK):
        yield piece


def _is_utf8(line: bytes) -> bool:
    try:
        # an endless line is read in pieces, which may cut a character
        codecs.getincrementaldecoder("utf-8")().decode(line.lstrip(_CONTINUED))
    except UnicodeDecodeError:
        return False
    return True


def open_text(file: Path) -> TextIO:
    """Open a text file with the encoding that it is in; line ends stay as they are."""
    encoding, errors = encoding_of(file)
    return file.open(encoding=encoding, errors=errors, newline="")


def csv_records(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a CSV file with a header line, whatever separates its fields.

    What an unquoted delimiter cut off the last column is joined to it again. Of columns with the same name the first
    counts. Raises SourceError for a file that cannot be taken apart.
    """
    with open_text(file) as stream:
        csv.field_size_limit(LONGEST_FIELD)
        try:
            head = stream.readline()
            stated = re.fullmatch(r"\ufeff?sep=(.)\s*", head)  # what spreadsheets write for themselves
            delimiter = stated[1] if stated else _delimiter(head)
            if not stated:
                stream.seek(0)
            lines = csv.reader(stream, delimiter=delimiter)
            names = next((line for line in lines if any(line)), [])
            places: dict[str, int] = {}
            for place, name in enumerate(names):
                places.setdefault(name.lstrip("\ufeff"), place)
            for fields in lines:
                if fields:
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
                    yield json.loads(line.lstrip("\ufeff"), strict=False)
                except (ValueError, RecursionError):  # the latter from brackets without end
                    yield line.rstrip("\r\n")


def _whole(text: str, file: Path, names: Collection[str]) -> list[Any] | None:
    """Return the records of a file that is one JSON value, or None for one that holds a value a line."""
    text = text.lstrip("\ufeff \t\r\n")
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError) as problem:
        if not text.startswith("["):
            return None
        try:
            value = json.loads(_TRAILING_COMMA.sub(r"\1", text), strict=False)
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
