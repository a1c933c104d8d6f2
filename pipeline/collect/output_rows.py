"""The records of one output of a finished run, read forwards, with as little reading as possible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.collect import parts
from pipeline.errors import LakeError
from pipeline.lake.errors import said

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.manifest import FileEntry, Manifest


class OutputRows:
    """A position in the records of an output; it only moves forwards."""

    def __init__(self, lake: Lake, manifest: Manifest | None, output: str, columns: list[str] | None = None) -> None:
        """Open nothing until the first record is wanted; without a manifest there are no records."""
        self._lake = lake
        self._columns = columns
        self._where = manifest.uri if manifest else None
        self._place = manifest.output(output).uri if manifest else ""
        self._files = sorted(manifest.output(output).files, key=lambda file: file.path) if manifest else []
        self._counts: dict[int, int] = {}
        self._position = 0
        self._file = 0
        self._group = 0
        self._open: pq.ParquetFile | None = None
        self._rest: pa.RecordBatch | None = None

    def take(self, count: int) -> Iterator[pa.RecordBatch]:
        """Yield the next `count` records; raises LakeError when there are fewer."""
        while count > 0:
            batch = self._head(count)
            count -= batch.num_rows
            yield batch

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield all records that are left."""
        while self._rest is not None or self._more():
            yield self._head(parts.PART_ROWS)

    def seek(self, position: int) -> None:
        """Go forwards to a record, counted from 0; whole files and row groups on the way are not read."""
        while (count := position - self._position) > 0:
            if self._between_groups() and self._group == 0 and self._rows_of(self._file) <= count:
                self._position += self._rows_of(self._file)
                self._pass(1)
            elif self._rest is None and (size := self._group_rows()) <= count:
                self._position += size
                self._group += 1
            else:
                self._head(count)

    def take_parts(self, count: int) -> list[FileEntry]:
        """Return the files that hold exactly the next `count` records, cut as they would be cut today, and pass them.

        An empty list means that there are no such files; the position is then the same as before.
        """
        if count == 0 or not self._between_groups() or self._group:
            return []
        end, left = self._file, count
        while left > 0 and end < len(self._files) and self._rows_of(end) == min(left, parts.PART_ROWS):
            left -= self._rows_of(end)
            end += 1
        if left:
            return []
        found = self._files[self._file : end]
        self._pass(len(found))
        self._position += count
        return found

    def address(self, file: FileEntry) -> str:
        """Return a file's URI."""
        return f"{self._place}/{file.path}"

    def _rows_of(self, file: int) -> int:
        if file not in self._counts:
            if file >= len(self._files):
                raise self._too_few()
            filesystem, path = self._lake.arrow(self.address(self._files[file]))
            with said(self.address(self._files[file])):
                self._counts[file] = pq.read_metadata(path, filesystem=filesystem).num_rows
        return self._counts[file]

    def _reader(self) -> pq.ParquetFile:
        """Return the present file, opened; raises LakeError when it is not the one that was written."""
        if self._open is None:
            address = self.address(self._files[self._file])
            if self._lake.digest(address) != self._files[self._file].sha256:
                raise LakeError(
                    "A file of collected rows is not the one that was written",
                    where=address,
                    remedy="Find out who writes to the lake; then delete the source's reference below refs/collect: it "
                    "is collected as a whole again",
                )
            filesystem, path = self._lake.arrow(address)
            with said(self.address(self._files[self._file])):
                self._open = pq.ParquetFile(filesystem.open_input_file(path))
        return self._open

    def _between_groups(self) -> bool:
        """Tell whether no row group is half read; at the end of a file, go on to the next one."""
        if self._rest is None and self._open is not None and self._group >= self._open.num_row_groups:
            self._pass(1)
        return self._rest is None

    def _head(self, count: int) -> pa.RecordBatch:
        """Return the next records, `count` or as many as the row group still holds, and pass them."""
        batch = self._rest or self._next_group()
        self._rest = batch.slice(count) if count < batch.num_rows else None
        self._position += min(count, batch.num_rows)
        return batch.slice(0, count)

    def _pass(self, files: int) -> None:
        if self._open is not None:
            self._open.close(force=True)
        self._open = None
        self._file += files
        self._group = 0

    def _more(self) -> bool:
        """Go on to the next row group, past files that have none (left), and tell whether there is one."""
        while self._file < len(self._files) and self._group >= self._reader().num_row_groups:
            self._pass(1)
        return self._file < len(self._files)

    def _group_rows(self) -> int:
        """Return the number of records of the next row group; raises LakeError when there is none."""
        if not self._more():
            raise self._too_few()
        size: int = self._reader().metadata.row_group(self._group).num_rows
        return size

    def _next_group(self) -> pa.RecordBatch:
        self._group_rows()
        reader = self._reader()
        with said(self.address(self._files[self._file])):
            table = reader.read_row_group(self._group, columns=self._columns).combine_chunks()
        self._group += 1
        return table.to_batches()[0]

    def _too_few(self) -> LakeError:
        return LakeError(
            "The previous run's outputs hold fewer records than its state says",
            where=self._where,
            remedy="Delete the source's reference below refs/collect; it is then collected as a whole again",
        )
