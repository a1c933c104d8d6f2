"""JSON Lines, a line at a time, so that one broken line costs one line; a file that is one JSON array is read too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from pipeline.collect.source import Unreadable
from pipeline.collect.table.readers.base import BATCH_ROWS, BadRecord, Piece, TableReader, nested

MAX_LINE = 16 << 20
MAX_ARRAY = 256 << 20
SAMPLE_LINES = 100


class JsonLinesReader(TableReader):
    """Reads objects one per line; numbers and truth values become text, objects and lists are not text."""

    extensions = (".jsonl", ".ndjson", ".json")

    def schema(self, path: Path) -> dict[str, str]:
        """Return the names and JSON types in the first hundred records."""
        found: dict[str, str] = {}
        for _, record in islice(_records(path), SAMPLE_LINES):
            if isinstance(record, dict):
                for name, value in record.items():
                    if value is not None or name not in found:
                        found[_valid(name)] = type(value).__name__
        if not found:
            raise Unreadable("the file holds no JSON objects", "expected one object per line")
        return found

    def pieces(self, path: Path, wanted: Sequence[str], required: Sequence[str] = ()) -> Iterator[Piece]:
        """Yield batches of 4,096 lines with the bad lines among them."""
        records = _records(path)
        missing = list(required)
        while chunk := list(islice(records, BATCH_ROWS)):
            bad = [record for _, record in chunk if isinstance(record, BadRecord)]
            good = [record for _, record in chunk if not isinstance(record, BadRecord)]
            missing = [name for name in missing if not any(_has(record, name) for record in good)]
            columns = [pa.array([_text(_value(record, name)) for record in good], pa.string()) for name in wanted]
            yield Piece(pa.RecordBatch.from_arrays(columns, names=list(wanted)), bad)
        if missing:
            raise Unreadable(
                "a mapped column is missing",
                f"no record has {missing[0]}; the first records have: {', '.join(self.schema(path))}",
            )


def _has(record: dict[str, Any], name: str) -> bool:
    return name in record or _value(record, name) is not None


def _value(record: dict[str, Any], name: str) -> object:
    return record[name] if name in record else nested(record, name.split("."))


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _valid(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _valid("\n".join(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | int | float) else None


def _valid(text: str) -> str:
    """Replace lone surrogates, which JSON can spell but no encoding can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    with path.open("rb") as file:
        head = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        file.seek(0)
        if head.startswith(b"["):
            yield from _array(file, path.stat().st_size)
        else:
            yield from _lines(file)


def _array(file: BinaryIO, size: int) -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    if size > MAX_ARRAY:
        raise Unreadable("the JSON array is too large", f"{size} bytes; write one object per line instead")
    try:
        items = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise Unreadable("the file is not valid JSON", str(problem)[:300]) from None
    for number, item in enumerate(items, 1):
        yield (
            number,
            item
            if isinstance(item, dict)
            else BadRecord(f"item {number}", "not a JSON object", _valid(str(item)[:500])),
        )


def _lines(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if not line.endswith(b"\n") and len(line) == MAX_LINE:
            yield number, BadRecord(f"line {number}", "the line is too long", line[:500].decode("utf-8", "replace"))
            _pass_over(file)
            continue
        if line.strip(b" \t\r\n\xef\xbb\xbf"):
            yield number, _parsed(line, number)


def _pass_over(file: BinaryIO) -> None:
    """Read on to the end of an endless line, in pieces."""
    piece = file.readline(MAX_LINE)
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(MAX_LINE)


def _parsed(line: bytes, number: int) -> dict[str, Any] | BadRecord:
    try:
        record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return BadRecord(f"line {number}", "not valid UTF-8", line[:500].decode("utf-8", "replace"))
    except (ValueError, RecursionError) as problem:
        return BadRecord(f"line {number}", "not valid JSON", f"{problem}: {line[:400].decode('utf-8', 'replace')}")
    if not isinstance(record, dict):
        return BadRecord(f"line {number}", "not a JSON object", line[:500].decode("utf-8", "replace"))
    return record
