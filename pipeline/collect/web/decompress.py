"""Undoing compression without ever holding more than a set number of bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable


class TooLarge(ValueError):
    """More bytes than allowed, before or after decompression."""


class BadEncoding(ValueError):
    """A content encoding that was not asked for, or data that is not in it."""


def read_limited(chunks: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """Return the decompressed body; `encoding` is the Content-Encoding header, `limit` counts bytes.

    Compressed data is inflated in steps of bounded size, so a small body that would grow to gigabytes stops at the
    limit. Raises TooLarge, or BadEncoding for encodings other than identity, gzip and deflate and for broken data.
    """
    names = [name for name in (part.strip().lower() for part in encoding.split(",")) if name and name != "identity"]
    if not names:
        return _plain(chunks, limit)
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise BadEncoding(f"the content encoding {encoding!r} was not asked for")
    return b"".join(_inflate(chunks, limit))


def gunzip(body: bytes, limit: int) -> bytes:
    """Return the content of gzip data of at most `limit` bytes; raises TooLarge or BadEncoding."""
    return b"".join(_inflate([body], limit))


def _plain(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"more than {limit} bytes")
    return bytes(body)


def _inflate(chunks: Iterable[bytes], limit: int) -> Iterable[bytes]:
    decoder: zlib._Decompress | None = None
    left, received, pending = limit, 0, b""
    for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise TooLarge(f"more than {limit} bytes, still compressed")
        pending += chunk
        while pending:
            if decoder is None or decoder.eof:
                if len(pending) < 2 or not pending.strip(b"\x00"):
                    break  # too little to tell, or the padding after the end
                decoder = _decoder(pending)
            part = _step(decoder, pending, left + 1)
            left -= len(part)
            if left < 0:
                raise TooLarge(f"more than {limit} bytes when decompressed")
            yield part
            pending = decoder.unconsumed_tail or (decoder.unused_data if decoder.eof else b"")
    if received and (decoder is None or not decoder.eof):
        raise BadEncoding("the compressed data ends too early")


def _step(decoder: zlib._Decompress, data: bytes, room: int) -> bytes:
    try:
        return decoder.decompress(data, room)
    except zlib.error as problem:
        raise BadEncoding(f"the compressed data is broken: {problem}") from None


def _decoder(start: bytes) -> zlib._Decompress:
    if start[:2] == b"\x1f\x8b":
        return zlib.decompressobj(wbits=31)
    looks_like_zlib = len(start) >= 2 and start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
    return zlib.decompressobj(wbits=15 if looks_like_zlib else -15)
