"""The lake: one interface to an object store (S3) or a local folder, addressed by URIs.

Objects are immutable by convention; the two writes that must be atomic against other writers are `put_if_absent`
(manifests, audit records) and `swap` (named references). Both rest on conditional puts: `If-None-Match` and
`If-Match` on S3, hard links and a lock file in a folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pipeline.errors import LakeError
from pipeline.lake.errors import said
from pipeline.whole_file import replacing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as pafs

    from pipeline.settings import LakeSettings

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object's URI, its size in bytes and the store's tag for its present content."""

    uri: str
    size: int
    etag: str


class Store(Protocol):
    """What a backend offers; keys are relative to its root. Each method means what `Lake` says of the one it serves."""

    def read(self, key: str) -> bytes: ...  # noqa: D102
    def write(self, key: str, data: bytes) -> None: ...  # noqa: D102
    def put_if_absent(self, key: str, data: bytes) -> bool: ...  # noqa: D102
    def read_tagged(self, key: str) -> tuple[bytes, str] | None: ...  # noqa: D102
    def swap(self, key: str, data: bytes, etag: str | None) -> bool: ...  # noqa: D102
    def upload(self, key: str, file: Path) -> None: ...  # noqa: D102
    def download(self, key: str, file: Path) -> None: ...  # noqa: D102
    def copy(self, source: str, target: str) -> None: ...  # noqa: D102
    def delete(self, keys: list[str]) -> None: ...  # noqa: D102
    def keys(self, prefix: str) -> Iterator[tuple[str, int, str]]: ...  # noqa: D102
    def filesystem(self) -> tuple[pafs.FileSystem, str]: ...  # noqa: D102
    def make_parent(self, key: str) -> None: ...  # noqa: D102


def stays_inside(path: str) -> bool:
    """Tell whether a relative path names a file below the folder that it is joined to, whatever that folder is."""
    return "\0" not in path and all(part not in ("", ".", "..") for part in path.split("/"))


class Lake:
    """An object store with a root URI; every argument and result is a full URI below that root."""

    def __init__(self, root: str, store: Store) -> None:
        """Use `open_lake` to make one from settings."""
        self.root = root.rstrip("/")
        self._store = store

    def uri(self, *parts: str) -> str:
        """Join path parts below the root."""
        return "/".join([self.root, *(part.strip("/") for part in parts)])

    def key(self, uri: str) -> str:
        """Return the part of a URI below the root; refuse URIs outside it."""
        if uri.rstrip("/") == self.root:
            return ""
        if not uri.startswith(self.root + "/") or ".." in uri.split("/"):
            raise LakeError("The address lies outside the lake", where=uri, remedy=f"Use addresses below {self.root}")
        return uri[len(self.root) + 1 :].rstrip("/")

    def read(self, uri: str) -> bytes:
        """Return an object's bytes; raises LakeError when it is missing."""
        return self._store.read(self.key(uri))

    def write(self, uri: str, data: bytes) -> str:
        """Write an object whole and return its URI."""
        self._store.write(self.key(uri), data)
        return uri

    def put_if_absent(self, uri: str, data: bytes) -> bool:
        """Write an object unless one is there; of many writers at once exactly one gets True."""
        return self._store.put_if_absent(self.key(uri), data)

    def read_tagged(self, uri: str) -> tuple[bytes, str] | None:
        """Return an object's bytes with its tag, or None when it is missing; the tag goes to `swap`."""
        return self._store.read_tagged(self.key(uri))

    def swap(self, uri: str, data: bytes, etag: str | None) -> bool:
        """Replace an object only if it still has this tag (None: only if there is none)."""
        return self._store.swap(self.key(uri), data, etag)

    def exists(self, uri: str) -> bool:
        """Tell whether an object has exactly this URI."""
        key = self.key(uri)
        return any(found == key for found, _, _ in self._store.keys(key))

    def stat(self, uri: str) -> ObjectInfo | None:
        """Return an object's size and tag without reading it, or None when no object has exactly this URI."""
        key = self.key(uri)
        found = (entry for entry in self._store.keys(key) if entry[0] == key)
        return next((ObjectInfo(f"{self.root}/{name}", size, tag) for name, size, tag in found), None)

    def objects(self, uri: str) -> list[ObjectInfo]:
        """Return the objects below a prefix (a folder, not a part of a name), sorted by URI."""
        key = self.key(uri)
        prefix = f"{key}/" if key else ""
        return sorted(
            (ObjectInfo(f"{self.root}/{k}", size, tag) for k, size, tag in self._store.keys(prefix)),
            key=lambda info: info.uri,
        )

    def delete(self, uris: Iterable[str]) -> None:
        """Delete objects; one that is missing already is no error."""
        self._store.delete([self.key(uri) for uri in uris])

    def copy(self, source: str, target: str) -> str:
        """Copy an object inside the store, without its bytes passing through here, and return the new URI."""
        self._store.copy(self.key(source), self.key(target))
        return target

    def upload(self, file: Path, uri: str) -> str:
        """Stream a local file into the lake."""
        self._store.upload(self.key(uri), file)
        return uri

    def upload_folder(self, folder: Path, uri: str) -> list[str]:
        """Stream every file below a folder into the lake and return their URIs, sorted."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [self.upload(path, f"{uri}/{path.relative_to(folder).as_posix()}") for path in files]

    def download(self, uri: str, file: Path) -> Path:
        """Stream an object into a local file, whole or not at all."""
        with replacing(file) as partial:
            self._store.download(self.key(uri), partial)
        return file

    def download_folder(self, uri: str, folder: Path) -> Path:
        """Stream all objects below a prefix into a folder.

        Raises LakeError at a key that leads out of the folder: whoever may write to the lake may not write here.
        """
        for info in self.objects(uri):
            path = info.uri[len(uri.rstrip("/")) + 1 :]
            if not stays_inside(path):
                raise LakeError(
                    "An object's name leads out of the folder that it belongs to",
                    where=info.uri,
                    remedy="No stage writes such a name: find out who writes to the lake, and delete the object",
                )
            self.download(info.uri, folder / path)
        return folder

    def digest(self, uri: str) -> str:
        """Return the SHA-256 of an object's bytes, read as a stream."""
        filesystem, path = self.arrow(uri)
        digest = hashlib.sha256()
        with said(uri), filesystem.open_input_stream(path, compression=None) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def arrow(self, uri: str) -> tuple[pafs.FileSystem, str]:
        """Return a pyarrow file system and the path of a URI in it."""
        filesystem, base = self._store.filesystem()
        key = self.key(uri)
        return filesystem, f"{base}/{key}" if key else base

    def read_table(self, uri: str, columns: list[str] | None = None, filter: Any | None = None) -> pa.Table:
        """Read a Parquet file or a folder of them into memory."""
        import pyarrow.dataset as ds

        filesystem, path = self.arrow(uri)
        files: Any = [self.arrow(info.uri)[1] for info in self.objects(uri)] or [path]
        with said(uri):
            dataset = ds.dataset(files, filesystem=filesystem, format="parquet")
            table: pa.Table = dataset.to_table(columns=columns, filter=filter)
        return table

    def write_batches(self, uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
        """Stream record batches into one snappy Parquet file and return the number of rows."""
        import pyarrow.parquet as pq

        filesystem, path = self.arrow(uri)
        self._store.make_parent(self.key(uri))
        rows = 0
        with said(uri):
            writer = pq.ParquetWriter(path, schema, filesystem=filesystem, compression="snappy")
        try:
            for batch in batches:  # what making a batch raises is not about this file
                with said(uri):
                    writer.write_batch(batch)
                rows += batch.num_rows
        finally:
            with said(uri):
                writer.close()
        return rows


def open_lake(settings: LakeSettings) -> Lake:
    """Open the lake that the settings name: `s3://bucket[/prefix]`, `file:///folder` or a plain folder."""
    parts = urlsplit(settings.uri)
    if parts.scheme == "s3":
        from pipeline.lake.s3 import S3Store

        return Lake(settings.uri, S3Store(parts.netloc, parts.path.strip("/"), settings))
    if parts.scheme in ("", "file"):
        from pipeline.lake.folder import FolderStore

        folder = Path(parts.path).resolve()
        return Lake(folder.as_uri(), FolderStore(folder))
    raise LakeError("This kind of lake is not known", where=settings.uri, remedy="Use s3://bucket/prefix or a folder")
