"""The contract of a reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

BATCH_ROWS = 4096
MAX_CHARS = 100_000
"""Longer texts are no answers but damage (an unclosed quote, a dump): they are set aside."""


@dataclass(slots=True)
class BadRecord:
    """A part of a file that is no record: where it stands, why not, and the head of its text."""

    place: str
    reason: str
    text: str = ""


@dataclass(slots=True)
class Piece:
    """What a reader yields: wanted columns in the wanted order, and the bad records among them.

    Columns are text; a column that is a time in the file stays one. Bytes that are no UTF-8 stay binary, for the
    caller to judge row by row.
    """

    batch: pa.RecordBatch | None = None
    bad: list[BadRecord] = field(default_factory=list)


class TableReader(ABC):
    """Reads one format. Subclasses are found by their module being in this package."""

    extensions: ClassVar[tuple[str, ...]]
    encoding: str | None = None
    """The encoding of a text file where somebody stated it; formats that have only one pay no heed to it."""

    @abstractmethod
    def schema(self, path: Path) -> dict[str, str]:
        """Return the file's top-level columns and their types, for mapping and drift; raises Unreadable."""

    @abstractmethod
    def pieces(self, path: Path, wanted: Sequence[str], required: Sequence[str] = ()) -> Iterator[Piece]:
        """Yield the wanted columns (dotted paths reach into nested ones).

        `required` are those of them that some record must have: a format whose records differ cannot tell a column
        that is missing from one that is rarely filled. Raises Unreadable on damage and when such a column is missing.
        """


def as_text(column: pa.Array) -> pa.Array:
    """Return a column as text, as it is when it is a time, or as bytes when some are no UTF-8.

    Numbers and truth values are written as JSON would write them. Raises TypeError for lists and structs.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_string(kind):
        return column
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        try:
            return pc.cast(pc.cast(column, pa.binary()), pa.string())
        except pa.ArrowInvalid:
            return pc.cast(column, pa.binary())
    if pa.types.is_nested(kind):
        raise TypeError(f"it holds {kind}, not text; name one of its parts with a dotted path")
    return pc.cast(column, pa.string())


def nested(value: object, path: Sequence[str]) -> object:
    """Follow a dotted path into parsed JSON: names into objects, numbers into arrays; None where it ends early."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
