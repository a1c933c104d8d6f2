"""The table source: files that changed are copied, landed raw, and read in batches."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from pipeline.collect.source import Document, Landing, Source, SourceState, Unreadable
from pipeline.collect.table.drift import MAX_WARNINGS, Drift
from pipeline.collect.table.files import TableFile, open_files, service
from pipeline.collect.table.groups import Group, folder_of, groups_of
from pipeline.collect.table.mapping import RowMapping
from pipeline.collect.table.partitions import partition_values, predicates
from pipeline.collect.table.readers.base import TableReader
from pipeline.collect.table.readers.choice import TooLarge, expanded, reader_for
from pipeline.collect.table.times import Times
from pipeline.errors import SourceError
from pipeline.records import SetAside, to_batches
from pipeline.settings import LakeSettings, Settings, TableSourceSettings


class TableSource(Source[TableSourceSettings]):
    """Parquet, CSV or JSON Lines with question and answer columns."""

    kind = "table"

    def __init__(
        self, config: TableSourceSettings, *, user_agent: str = "llmops-pipeline", lake: LakeSettings | None = None
    ) -> None:
        """Keep the configuration; `lake` gives endpoint and credentials for `s3://`, unless it has its own endpoint."""
        super().__init__(config, user_agent=user_agent)
        self._service = service(config, lake or LakeSettings())
        self._predicates = predicates(config.where)
        self._drift = Drift()
        self._times = Times(datetime.now(UTC))

    @classmethod
    def from_settings(cls, config: TableSourceSettings, settings: Settings) -> Self:
        """Read S3 through the lake's endpoint, unless the source names another."""
        return cls(config, user_agent=settings.collect.user_agent, lake=settings.lake)

    def documents(self, state: SourceState, landing: Landing) -> Iterator[Document]:
        """Yield one document per file or per folder of generated files; those with the same tags are not read."""
        self._times = Times(state.now)
        place = open_files(self.config.uri, self._service)
        selected = [file for file in place.list() if self._selected(file)]
        self._warn_of_links(place.skipped)
        if not selected:
            raise SourceError("No file meets the predicates on partitions", where=self.config.uri, remedy="Check where")
        for group in groups_of(selected, named=place.single):
            before = state.documents.get(group.document_id, {})
            if before and before.get("tags") == group.tags():
                yield Document(group.document_id, "unchanged", before)
                continue
            with tempfile.TemporaryDirectory(prefix="llmops-table-") as folder:
                reading = _Reading(self, group, landing, Path(folder))
                try:
                    digests = reading.copy(place.fetch)
                except SourceError as problem:
                    yield self._failed(group, "the file cannot be fetched", str(problem))
                    continue
                validators = {"tags": group.tags(), "sha256": digests, "schemas": dict(before.get("schemas") or {})}
                if before and before.get("sha256") == digests:
                    yield Document(group.document_id, "unchanged", {**before, **validators})
                    continue
                yield Document(group.document_id, "changed", validators, reading.batches(validators, before))
        self.warnings += [*self._drift.warnings(), *self._times.warnings(self.config.name)]

    def _warn_of_links(self, paths: list[str]) -> None:
        shown = [f"{path} is a link and was not read: links are not followed" for path in paths[:MAX_WARNINGS]]
        more = len(paths) - len(shown)
        self.warnings += shown + ([f"… and {more} more links"] if more else [])

    def _selected(self, file: TableFile) -> bool:
        values = partition_values(file.path)
        return all(p.holds(values[p.column]) for p in self._predicates if p.column in values)

    def _failed(self, group: Group, reason: str, detail: str | None) -> Document:
        aside = SetAside(
            stage="collect",
            reason=reason,
            detail=detail,
            data_source=self.config.name,
            provenance=group.document_id,
        )
        return Document(group.document_id, "failed", set_aside=[aside])

    def reader(self, path: Path, extension: str) -> TableReader:
        """Return the reader of a local file."""
        reader = reader_for(path, self.config.format, extension)
        reader.encoding = self.config.encoding
        return reader

    def mapping(self, group: Group, file: TableFile) -> RowMapping:
        """Return how a file's columns become rows."""
        return RowMapping(
            self.config,
            document_id=group.document_id,
            provenance=file.uri,
            partitions=partition_values(file.path),
            predicates=self._predicates,
            times=self._times,
        )

    def note_schema(self, path: str, schema: Mapping[str, str], before: Mapping[str, str] | None) -> None:
        """Compare a file's columns with what they were and with the other files'."""
        self._drift.note(path, schema, before)


class _Reading:
    """One group of files being read."""

    def __init__(self, source: TableSource, group: Group, landing: Landing, folder: Path) -> None:
        self._source = source
        self._group = group
        self._landing = landing
        self._folder = folder
        self._local: dict[str, Path] = {}

    def copy(self, fetch: Any) -> dict[str, str]:
        """Copy the files to local disk and return their digests: what is read cannot change underneath."""
        digests = {}
        for number, file in enumerate(self._group.files):
            local = fetch(file, self._folder / f"{number:06d}")
            with local.open("rb") as stream:
                digests[file.path] = hashlib.file_digest(stream, "sha256").hexdigest()
            self._local[file.path] = local
        return digests

    def batches(self, validators: dict[str, Any], before: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """Land each file and yield its rows; `before` are the validators of the last reading, if there was one.

        A damaged file of several is set aside when the document is new, or when it was as damaged before; otherwise
        the document is unreadable, as is one of a single file: rows that it had would be lost with the damage.
        """
        schemas = validators["schemas"]
        known = set(before.get("damaged") or ())
        validators["damaged"] = []
        for file in self._group.files:
            digest = validators["sha256"][file.path]
            try:
                yield from self._rows(file, schemas)
            except Unreadable as problem:
                if len(self._group.files) == 1 or ("damaged" in before and digest not in known):
                    raise
                validators["damaged"].append(digest)
                yield from to_batches([self._damaged(file, problem)])
            finally:
                self._local[file.path].unlink(missing_ok=True)

    def _rows(self, file: TableFile, schemas: dict[str, Any]) -> Iterator[pa.RecordBatch]:
        source, local = self._source, self._local[file.path]
        try:
            path = expanded(local, file.compression, self._folder / "expanded")
        except TooLarge:
            raise  # not landed: nothing can be read out of it, and an erasure could not search it to its end
        except Unreadable:
            self._land(file, local)
            raise
        self._land(file, local)
        reader = source.reader(path, file.extension)
        schema = reader.schema(path)
        earlier = schemas.get(folder_of(file))
        source.note_schema(file.path, schema, earlier)
        schemas[folder_of(file)] = schema
        mapping = source.mapping(self._group, file)
        # Writers of JSON leave out what is null: one part of several may lack a column that was not renamed.
        renamed = len(self._group.files) == 1 or (earlier and set(schema) - set(earlier))
        yield from mapping.batches(reader.pieces(path, mapping.wanted(), mapping.required() if renamed else ()))

    def _land(self, file: TableFile, local: Path) -> None:
        self._landing.land_file(file.path, local, {"uri": file.uri, "tag": file.tag})

    def _damaged(self, file: TableFile, problem: Unreadable) -> SetAside:
        return SetAside(
            stage="collect",
            reason=problem.reason,
            detail=problem.detail,
            data_source=self._source.config.name,
            provenance=file.uri,
        )
