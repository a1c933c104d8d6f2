"""Streams over what sources sent: what a payload is by its first bytes, and unpacked with a limit.

Whatever collection unpacks is unpacked here, a piece at a time: a large table and a file that was made to burst the
memory are read alike.
"""

from __future__ import annotations

import io
import re
from typing import Protocol

import pyarrow as pa

from pipeline.lake.errors import lake_error

CODECS = (
    (re.compile(rb"\x1f\x8b"), "gzip"),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "bz2"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "zstd"),
    (re.compile(rb"\x04\x22\x4d\x18"), "lz4"),
)
SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""A frame without content, with which both Zstandard and LZ4 may begin: here the name says which of them it is."""
PARQUET = b"PAR1"
CLOSED = (
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "a ZIP archive"),
    (re.compile(rb"\xfd7zXZ\x00"), "compressed with xz"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive"),
    (re.compile(rb"Rar!\x1a\x07"), "a RAR archive"),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive"),
    (re.compile(rb"\x1f\x9d"), "compressed with compress"),
    (re.compile(rb"\x02\x21\x4c\x18"), "compressed with an old LZ4"),
    (re.compile(rb"%PDF-"), "a PDF file"),
    (re.compile(rb"-----BEGIN PGP MESSAGE|\x8c\x0d\x04|age-encryption\.org/|Salted__"), "encrypted"),
)
"""What no source of this pipeline reads, and what therefore is not opened for a search either."""


class Unsearchable(Exception):
    """A payload, or a part of it, that cannot be searched; its text says why."""


class Readable(Protocol):
    """Bytes in order."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class Limit:
    """How many bytes one payload may still unpack to."""

    def __init__(self, size: int) -> None:
        """Start with all of it."""
        self._size, self._left = size, size

    def spend(self, size: int) -> None:
        """Count bytes; raises Unsearchable when they are too many."""
        self._left -= size
        if self._left < 0:
            raise Unsearchable(f"it unpacks to more than {self._size} bytes")


class _Stream(io.RawIOBase):
    def readable(self) -> bool:
        return True


class Stored(_Stream):
    """An object of the lake as a stream; what its store raises is not taken for damage of what is inside."""

    def __init__(self, stream: pa.NativeFile, uri: str) -> None:
        """Read from an open object."""
        self._stream, self._uri = stream, uri

    def read(self, size: int = -1, /) -> bytes:
        """Read; raises LakeError."""
        try:
            return bytes(self._stream.read(size if size >= 0 else None))
        except OSError as problem:
            raise lake_error(problem, self._uri) from None


class Again(_Stream):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        """Give the first bytes once more."""
        self._head, self._rest = head, rest

    def read(self, size: int = -1, /) -> bytes:
        """Read the first bytes, then the others."""
        if not self._head:
            return self._rest.read(size)
        taken = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(taken) :]
        return taken


class Unpacked(_Stream):
    """What a codec makes of a stream, counted."""

    def __init__(self, source: Readable, codec: str, limit: Limit) -> None:
        """Unpack a stream; all streams of one payload share the limit."""
        self._stream = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), codec)
        self._limit = limit

    def read(self, size: int = -1, /) -> bytes:
        """Read; raises Unsearchable at damage and beyond the limit."""
        try:
            data = bytes(self._stream.read(size))
        except (pa.ArrowException, OSError):
            raise Unsearchable("its compression is damaged or ends in something else") from None
        self._limit.spend(len(data))
        return data


def codec_of(head: bytes, name: str) -> str | None:
    """Return the codec that a payload's first bytes tell, or its name where two begin alike; None when it has none."""
    if SKIPPABLE.match(head):
        return "lz4" if name.lower().endswith(".lz4") else "zstd"
    return next((codec for sign, codec in CODECS if sign.match(head)), None)


def closed(head: bytes) -> str | None:
    """Return what a payload is when its content cannot be seen, by its first bytes."""
    return next((what for sign, what in CLOSED if sign.match(head)), None)


def filled(source: Readable, size: int) -> bytes:
    """Read exactly so many bytes, or up to the end."""
    buffer = io.BytesIO()
    while buffer.tell() < size and (data := source.read(size - buffer.tell())):
        buffer.write(data)
    return buffer.getvalue()
