"""What the beginning of a CSV file tells: its encoding, its delimiter, its columns."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.source import Unreadable
from pipeline.file_encoding import encoding_of

SAMPLE = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
MAX_NULS = 0.01
"""A larger share of null bytes says that the file is no text; a few are stray bytes in a cell."""
HIGH = bytes(range(0x80, 0x100))
MIN_HIGH = 8
"""So many bytes beyond ASCII are needed to tell one national encoding from another."""
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a sample of the file tells: its encoding, its delimiter, its columns."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    plain: bool
    """Whether Arrow reads the header line as it stands: nothing before it, no blanks around names, none twice."""

    @property
    def errors(self) -> str:
        """Return how to decode what the encoding does not know: kept, where possible, so that its row can be told."""
        return "replace" if codecs.lookup(self.encoding).name.startswith(("utf-16", "utf-32")) else "surrogateescape"


def dialect_of(path: Path, stated: str | None) -> Dialect:
    """Read the beginning of a file; `stated` is its encoding when somebody said so. Raises Unreadable."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    if not sample.strip():
        raise Unreadable("the file is empty")
    head, wide = sample[:4096], sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if head.count(0) > MAX_NULS * max(len(head), 200) and not wide and not stated:
        raise Unreadable("the file is binary, not CSV")
    encoding = stated or _encoding(path, sample)
    text = sample.decode(encoding, "replace").lstrip("\ufeff")
    line = text.lstrip().splitlines()[0]
    delimiter = max(DELIMITERS, key=lambda sign: (len(fields_of(line, sign) or ()), -DELIMITERS.index(sign)))
    names = fields_of(line, delimiter)
    if names is None:
        raise Unreadable("the header line is damaged", line[:300])
    stripped = tuple(name.strip() for name in names)
    plain = text.startswith(line) and list(stripped) == names and len(set(names)) == len(names)
    return Dialect(encoding, delimiter, stripped, plain)


def _encoding(path: Path, sample: bytes) -> str:
    """Tell the encoding from a sample, and where most of its non-ASCII characters are no UTF-8 from the whole file.

    A few bytes tell nothing about a language: they are read as Windows-1252, which spreadsheets write.
    """
    for bom, name in BOMS:
        if sample.startswith(bom):
            return name
    valid = sum(not char.isascii() for char in sample.decode("utf-8", "ignore"))
    broken = sample.decode("utf-8", "replace").count("\ufffd") - sample.decode("utf-8", "ignore").count("\ufffd")
    if broken <= valid:
        return "utf-8"
    name, errors = encoding_of(path) if len(sample) - len(sample.translate(None, HIGH)) >= MIN_HIGH else ("", "")
    return name if errors == "replace" else "cp1252"


def fields_of(raw: str, delimiter: str) -> list[str] | None:
    """Return the fields of one record; None when it is none, or more than one."""
    try:
        records = list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None
