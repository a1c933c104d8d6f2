"""The files of a table: one, a folder or a pattern, on S3 or local, each with a tag that changes with its content."""

from __future__ import annotations

import fnmatch
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipeline.errors import LakeError, SourceError
from pipeline.lake import Lake, open_lake

if TYPE_CHECKING:
    from pipeline.settings import LakeSettings, TableSourceSettings

EXTENSIONS = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
COMPRESSIONS = (".gz", ".bz2", ".zst", ".lz4")
PATTERN = re.compile(r"[*?\[]")
GENERATED = re.compile(r"^(part|data|chunk)[-_]\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
"""File names that an engine makes up at each write: what is in which file means nothing, only the folder does."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file: its URI, its path below the table's root, its size in bytes, and a tag of its present content."""

    uri: str
    path: str
    size: int
    tag: str

    @property
    def extension(self) -> str:
        """Return the extension without a compression's, in lower case."""
        name = self.path.lower()
        for compression in COMPRESSIONS:
            name = name.removesuffix(compression)
        return Path(name).suffix

    @property
    def compression(self) -> str | None:
        """Return the compression that the name states, without its dot."""
        return next((ending[1:] for ending in COMPRESSIONS if self.path.lower().endswith(ending)), None)

    @property
    def generated(self) -> bool:
        """Tell whether an engine made the name up."""
        return bool(GENERATED.search(Path(self.path).name))


class Files(ABC):
    """Where a table's files are.

    After `list`, `skipped` are the paths of links, which are not followed, and `single` tells whether the address
    names one file rather than a folder or a pattern.
    """

    def __init__(self) -> None:
        """Skip nothing yet."""
        self.skipped: list[str] = []
        self.single = False

    @abstractmethod
    def list(self) -> list[TableFile]:
        """Return the files, sorted by path; raises SourceError when there are none."""

    @abstractmethod
    def fetch(self, file: TableFile, into: Path) -> Path:
        """Copy a file to a local path and return it; raises SourceError when it is gone or cannot be read."""


def service(config: TableSourceSettings, lake: LakeSettings) -> LakeSettings:
    """Return how a source's S3 is reached: as the lake, or at a service of its own, without the lake's keys."""
    if not config.endpoint_url and not config.region:
        return lake
    own = {"endpoint_url": config.endpoint_url or None, "region": config.region or lake.region}
    return lake.model_copy(update={**own, "access_key": None, "secret_key": None})


def open_files(uri: str, settings: LakeSettings) -> Files:
    """Return the files of `s3://bucket/key`, `file:///path` or a plain path; a trailing pattern chooses among them.

    S3 is reached through the endpoint and credentials of `settings`. Raises SourceError for any other scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        lake = open_lake(settings.model_copy(update={"uri": f"s3://{parts.netloc}"}))
        return _LakeFiles(lake, uri.split("://", 1)[1].partition("/")[2])
    if parts.scheme in ("", "file") or len(parts.scheme) == 1:
        from pipeline.collect.table.local_files import LocalFiles

        return LocalFiles(unquote(parts.path) if parts.scheme == "file" else uri)
    raise SourceError(
        f"Tables are not read over {parts.scheme}",
        where=uri,
        remedy="Use s3://bucket/key, file:///path or a plain path",
    )


class _LakeFiles(Files):
    def __init__(self, lake: Lake, key: str) -> None:
        super().__init__()
        self._lake = lake
        self._key = key

    def list(self) -> list[TableFile]:
        where = self._lake.uri(self._key)
        single = self._lake.stat(where) if self._key and not self._key.endswith("/") else None
        self.single = single is not None
        if single is not None:
            return [TableFile(single.uri, self._key.rpartition("/")[2], single.size, single.etag.strip('"'))]
        folder, pattern = self._key, None
        if PATTERN.search(self._key):
            root, pattern = split_pattern(self._key)
            folder = root.as_posix() if root != Path(".") else ""
        start = self._lake.uri(folder) if folder else self._lake.root
        found = self._lake.objects(start)
        files = [
            TableFile(info.uri, info.uri[len(start) :].lstrip("/"), info.size, info.etag.strip('"')) for info in found
        ]
        return chosen(files, pattern, where)

    def fetch(self, file: TableFile, into: Path) -> Path:
        try:
            return self._lake.download(file.uri, into)
        except LakeError as problem:
            raise SourceError(f"The object cannot be read: {problem.what}", where=file.uri) from None


def split_pattern(path: str) -> tuple[Path, str | None]:
    """Return the folder before a path's pattern, and the pattern, if it has one."""
    parts = Path(path).parts
    plain = next((index for index, part in enumerate(parts) if PATTERN.search(part)), len(parts))
    if plain == len(parts):
        return Path(path), None
    return Path(*parts[:plain]), "/".join(parts[plain:])


def chosen(files: list[TableFile], pattern: str | None, where: str, links: int = 0) -> list[TableFile]:
    """Return the files that are tables, sorted by path; raises SourceError when there are none beside so many links."""
    visible = [file for file in files if not any(part.startswith(("_", ".")) for part in file.path.split("/"))]
    if pattern is not None:
        kept = [file for file in visible if fnmatch.fnmatchcase(file.path, pattern)]
    else:
        kept = [file for file in visible if file.extension in EXTENSIONS]
    if not kept:
        others = f"; it holds {len(visible)} other files" if visible else ""
        others += f"; {links} links are not followed" if links else ""
        raise SourceError(
            f"There is no table here{others}",
            where=where,
            remedy=f"Name a file, a folder or a pattern with files ending in {', '.join(EXTENSIONS)}",
        )
    return sorted(kept, key=lambda file: file.path)
