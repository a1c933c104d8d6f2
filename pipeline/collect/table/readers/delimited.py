"""CSV and its relatives: Arrow's streaming parser for sound files, a careful one for what it rejects.

Every column is read as text, so `NA`, `007` and `1e5` stay what they are. Records with a wrong number of fields,
often the wake of an unclosed quote, are taken apart line by line: sound lines become rows, the others are set aside.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from pipeline.collect.source import Unreadable
from pipeline.collect.table.readers.base import BadRecord, Piece, TableReader
from pipeline.collect.table.readers.dialect import Dialect, dialect_of, fields_of

BLOCK = 4 << 20
MAX_JOINED_LINES = 200
MAX_LINE = 1 << 20
"""Characters; a longer line is no record but damage, and is passed over without being held."""


class DelimitedReader(TableReader):
    """Reads comma-, semicolon-, tab- or bar-separated text with a header line."""

    extensions = (".csv", ".tsv")

    def schema(self, path: Path) -> dict[str, str]:
        """Return the names in the header line."""
        return dict.fromkeys(dialect_of(path, self.encoding).names, "text")

    def pieces(self, path: Path, wanted: Sequence[str], required: Sequence[str] = ()) -> Iterator[Piece]:
        """Yield the wanted columns; whole records only."""
        dialect = dialect_of(path, self.encoding)
        missing = [name for name in wanted if name not in dialect.names]
        if missing:
            raise Unreadable(
                "a mapped column is missing", f"no column {missing[0]}; the file has: {', '.join(dialect.names)}"
            )
        twice = next((name for name in wanted if dialect.names.count(name) > 1), None)
        if twice is not None:
            raise Unreadable("a mapped column is ambiguous", f"{dialect.names.count(twice)} columns are called {twice}")
        if dialect.plain and _sound(path, dialect):
            yield from _fast(path, dialect, wanted)
        else:
            text = io.TextIOWrapper(path.open("rb"), dialect.encoding, errors=dialect.errors, newline="")
            with text:
                yield from _careful(text, dialect, wanted)


def _sound(path: Path, dialect: Dialect) -> bool:
    """Tell whether every quote of a file opens or closes a field, and every byte is one of its encoding.

    Arrow reads on where one does not and takes the records up to the next quote for one text; this check costs a
    tenth of what reading costs. UTF-8 is not checked here: Arrow passes it on as it is, for each row to be judged.
    """
    errors = "replace" if dialect.encoding == "utf-8" else "strict"
    with path.open("r", encoding=dialect.encoding, errors=errors, newline="") as text:
        try:
            deque(csv.reader(_short_lines(text), delimiter=dialect.delimiter, strict=True), maxlen=0)
        except (csv.Error, UnicodeError):
            return False
    return True


def _short_lines(text: io.TextIOBase) -> Iterator[str]:
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise csv.Error("an endless line")
        yield line


def _fast(path: Path, dialect: Dialect, wanted: Sequence[str]) -> Iterator[Piece]:
    rejected: list[str] = []

    def reject(row: Any) -> str:
        rejected.append(row.text)
        return "skip"

    try:
        with pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(block_size=BLOCK, encoding=dialect.encoding, use_threads=False),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=reject
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.binary()),
                include_columns=list(wanted),
                strings_can_be_null=False,
                null_values=[],
                check_utf8=False,
            ),
        ) as reader:
            for batch in reader:
                yield Piece(batch)
                while rejected:
                    yield from _recovered(rejected.pop(0), dialect, wanted)
    except (pa.ArrowException, OSError, UnicodeError, ValueError) as problem:
        raise Unreadable("the CSV file is damaged", str(problem).split("\n")[0][:300]) from None
    while rejected:
        yield from _recovered(rejected.pop(0), dialect, wanted)


def _recovered(text: str, dialect: Dialect, wanted: Sequence[str]) -> Iterator[Piece]:
    lines = text.splitlines()
    if len(lines) < 2:
        fields = fields_of(text, dialect.delimiter)
        yield Piece(bad=[_bad(text, dialect, None if fields is None else len(fields))])
    else:
        yield from _careful(io.StringIO(text + "\n"), dialect, wanted, header=False, join=1)


def _careful(
    text: io.TextIOBase, dialect: Dialect, wanted: Sequence[str], *, header: bool = True, join: int = MAX_JOINED_LINES
) -> Iterator[Piece]:
    places = [dialect.names.index(name) for name in wanted]
    rows: list[list[str]] = []
    bad: list[BadRecord] = []
    for fields, raw in _split_records(text, dialect, join):
        if header:
            header = not raw.strip()
        elif fields is not None and len(fields) == len(dialect.names):
            rows.append(fields)
        elif raw.strip():
            bad.append(_bad(raw, dialect, None if fields is None else len(fields)))
        if len(rows) + len(bad) >= 4096:
            yield Piece(_batch(rows, places, wanted), bad)
            rows, bad = [], []
    yield Piece(_batch(rows, places, wanted), bad)


def _split_records(text: io.TextIOBase, dialect: Dialect, join: int) -> Iterator[tuple[list[str] | None, str]]:
    """Yield fields and raw text of each record; None for fields when no sound record begins on the line.

    A record goes on over following lines only when that gives it the right number of fields; otherwise its first
    line alone is bad and the following ones are tried by themselves, so a stray quote costs one line.
    """
    waiting: deque[str] = deque()
    while line := waiting.popleft() if waiting else text.readline(MAX_LINE):
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            _pass_over(text)
            yield None, line[:1000]
            continue
        joined = [line]
        fields = fields_of(line, dialect.delimiter)
        while fields is None and len(joined) < join:
            following = waiting.popleft() if waiting else text.readline(MAX_LINE)
            if not following:
                break
            joined.append(following)
            if '"' in following:
                fields = fields_of("".join(joined), dialect.delimiter)
        if len(joined) > 1 and (fields is None or len(fields) != len(dialect.names)):
            waiting.extendleft(reversed(joined[1:]))
            yield None, line
        else:
            yield fields, "".join(joined)


def _pass_over(text: io.TextIOBase) -> None:
    """Read on to the end of an endless line, in pieces."""
    piece = text.readline(MAX_LINE)
    while piece and not piece.endswith(("\n", "\r")):
        piece = text.readline(MAX_LINE)


def _batch(rows: list[list[str]], places: list[int], wanted: Sequence[str]) -> pa.RecordBatch:
    columns = [
        pa.array([row[place].encode("utf-8", "surrogateescape") for row in rows], pa.binary()) for place in places
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(wanted))


def _bad(text: str, dialect: Dialect, count: int | None = None) -> BadRecord:
    found = "unpaired quotes" if count is None else f"{count} fields"
    head = text.strip()[:500].encode("utf-8", "replace").decode()
    return BadRecord("record", "not a valid CSV record", f"{found}, {len(dialect.names)} expected: {head}")
