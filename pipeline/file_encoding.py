"""Which encoding a text file is in, when nobody says: byte order marks, UTF-8, then what its bytes make likely."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.charsets import decode
from pipeline.latin import region_of

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
    name = region_of(sample) if name == "cp1252" else name
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
