"""Which reader a file needs: by the configured format, its name, or its first bytes; and decompression before that."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pyarrow as pa

import pipeline.collect.table.readers as package
from pipeline.collect.source import Unreadable
from pipeline.collect.table.readers.base import TableReader

FORMATS = {"parquet": ".parquet", "csv": ".csv", "jsonl": ".jsonl"}
CODECS = {"gz": "gzip", "bz2": "bz2", "zst": "zstd", "lz4": "lz4"}
MAX_EXPANDED = 64 << 30
"""Bytes; an erasure searches what is landed up to the same limit."""
CHUNK = 1 << 20


class TooLarge(Unreadable):
    """A compressed file that expands beyond the limit."""


def readers() -> list[TableReader]:
    """Return one reader of each class that is in this package."""
    found: list[TableReader] = []
    for module in pkgutil.iter_modules(package.__path__):
        for value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, TableReader) and hasattr(value, "extensions"):
                found.append(value())
    return found


def reader_for(path: Path, format_name: str, extension: str) -> TableReader:
    """Return the reader of a local, decompressed file; `format_name` is `auto` or a key of `FORMATS`."""
    wanted = FORMATS.get(format_name) or (extension if any(extension in r.extensions for r in readers()) else None)
    wanted = wanted or _by_content(path)
    return next(reader for reader in readers() if wanted in reader.extensions)


def _by_content(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"PAR1"):
        return ".parquet"
    return ".jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else ".csv"


def expanded(path: Path, compression: str | None, into: Path, limit: int = MAX_EXPANDED) -> Path:
    """Return the file, decompressed when its name says that it is compressed; raises Unreadable when it is not sound.

    A file that expands beyond the limit, in bytes, is a bomb and is refused with TooLarge.
    """
    if compression is None:
        return path
    written = 0
    try:
        with pa.input_stream(str(path), compression=CODECS[compression]) as source, into.open("wb") as target:
            while chunk := source.read(CHUNK):
                written += len(chunk)
                if written > limit:
                    raise TooLarge("the compressed file is too large", f"more than {limit} bytes when expanded")
                target.write(chunk)
    except (pa.ArrowException, OSError) as problem:
        raise Unreadable("the compressed file is damaged", str(problem).split("\n")[0][:300]) from None
    return into
