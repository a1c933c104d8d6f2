"""Looking for a subject in payloads as sources sent them: text in any encoding, Parquet, and what is packed.

What cannot be searched to its end is said to be so, never taken for clean.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.collect.table.readers.choice import MAX_EXPANDED
from pipeline.lake import Lake, ObjectInfo
from pipeline.lake.errors import is_about_the_lake, lake_error
from pipeline.privacy import rows
from pipeline.privacy.subject import Subject
from pipeline.privacy.texts import naming, textual
from pipeline.privacy.unpacking import PARQUET, Again, Limit, Readable, Stored, Unpacked, Unsearchable, codec_of, filled
from pipeline.privacy.unpacking import closed as closed_kind

DEEPEST: Final = 3
CHUNK: Final = 1 << 20
OVERLAP: Final = 1 << 15
"""Bytes that two pieces share: more than a name with its white space takes. Multiples of four, as in UTF-32."""
UNKNOWN = "neither text nor a known format"


def mentions(lake: Lake, info: ObjectInfo, subject: Subject, *, limit: int = MAX_EXPANDED) -> bool:
    """Tell whether an object's name or content names the subject.

    `limit` is in bytes of unpacked content. Raises Unsearchable when the subject was not found and the object could not
    be searched to its end, LakeError when the lake does not give it.
    """
    return subject.mentioned(lake.key(info.uri)) or any(True for _ in readings(lake, info.uri, subject, limit=limit))


def readings(lake: Lake, uri: str, subject: Subject, *, limit: int = MAX_EXPANDED) -> Iterator[str]:
    """Yield the pieces of an object that name the subject, as text (empty for Parquet); raises like `mentions`."""
    filesystem, path = lake.arrow(uri)
    search = _Search(subject, Limit(limit), lake.key(uri))
    try:
        # Not unpacked by its name: Arrow would do that without asking what is inside, and without a limit.
        with filesystem.open_input_stream(path, compression=None) as stream:
            source = Stored(stream, uri)
            head = filled(source, CHUNK)
            if not head.startswith(PARQUET):
                yield from search.stream(head, source)
                return
        with filesystem.open_input_file(path) as file:
            yield from search.parquet(file)
    except OSError as problem:
        raise lake_error(problem, uri) from None


class _Search:
    """One payload's search."""

    def __init__(self, subject: Subject, limit: Limit, name: str) -> None:
        self._subject, self._limit, self._name = subject, limit, name

    def stream(self, head: bytes, rest: Readable, depth: int = 0) -> Iterator[str]:
        """Search what begins with `head`: as it is, or what is packed in it."""
        source = Again(head, rest)
        codec = codec_of(head, self._name)
        if head.startswith(PARQUET):
            yield from self._spooled(source)
        elif codec is None:
            yield from self._text(source, closed_kind(head))
        elif depth == DEEPEST:
            raise Unsearchable(f"packed more than {DEEPEST} times")
        else:
            unpacked = Unpacked(source, codec, self._limit)
            yield from self.stream(filled(unpacked, CHUNK), unpacked, depth + 1)

    def parquet(self, file: Any) -> Iterator[str]:
        """Search an open Parquet file."""
        try:
            with pq.ParquetFile(file, pre_buffer=False) as opened:
                for batch in opened.iter_batches(rows.BATCH):
                    if rows.named(batch, self._subject):
                        yield ""
                        return
                    self._limit.spend(batch.nbytes)
        except (pa.ArrowException, OSError, ValueError, RuntimeError) as problem:
            if isinstance(problem, OSError) and is_about_the_lake(problem):
                raise
            raise Unsearchable("a damaged or encrypted Parquet file") from None

    def _spooled(self, source: Readable) -> Iterator[str]:
        with tempfile.TemporaryFile(prefix="llmops-erase-") as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
            file.seek(0)
            yield from self.parquet(file)

    def _text(self, source: Readable, closed: str | None) -> Iterator[str]:
        piece, first, last, readable = b"", True, False, True
        while not last:
            chunk = filled(source, CHUNK)
            last = len(chunk) < CHUNK
            readable = readable and textual(chunk)
            text = naming(piece + chunk, self._subject, first=first, last=last)
            if text is not None:
                yield text
            piece, first = (piece + chunk)[-OVERLAP:], False
        if closed or not readable:
            raise Unsearchable(closed or UNKNOWN)
