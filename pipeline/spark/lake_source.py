"""The lake in Spark: Parquet on S3 or in a folder, read and written by the executors' Python in Arrow batches.

It needs no Java connector. Each task opens its piece of a file with pyarrow inside the Python worker that also does the
work, so rows that are only read, changed and written never pass through Java; only what is shuffled does. (Spark's own
Python data source API did the same with five more Python processes for each read and write, 1 s of processor time each,
and with every row passing Java twice.)

Where the lake is and its credentials travel inside the pickled function, over Spark's own wire: never as options or
properties, which Spark shows in plans and logs. Parts are visible to anyone who lists the prefix before the job ends; a
stage's manifest is what makes them count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.errors import LakeError
from pipeline.lake import open_lake
from pipeline.lake.errors import said
from pipeline.settings import LakeSettings, Settings
from pipeline.spark.partitions import Piece, open_parquet, parquet_files, pieces
from pipeline.spark.parts import PartWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROW_NUMBER = "row"
"""The column with a row's place in the dataset, counted from 0 over its files in order."""
ROWS_PER_PIECE = 20_000
SMALLEST_PIECE = 128
FEW_PIECES = 8
"""A few rows are spread too, because what is done to a row costs more than reading it: on this many pieces, whatever
the number of cores, so that equal data gives equal parts on every machine."""
BATCH_ROWS = 4096
Batches = Iterator[pa.RecordBatch]
Work = Callable[[int, Batches], Iterable[pa.RecordBatch]]
"""What is done to a piece: gets its number and its rows, yields batches."""


def read_lake(
    spark: SparkSession,
    settings: Settings,
    uri: str,
    columns: Sequence[str] = (),
    *,
    row_numbers: bool = False,
) -> DataFrame:
    """Return a dataset of the lake, only these columns (all when none is named), optionally with `ROW_NUMBER`.

    Raises LakeError when there are no files, a file is damaged or a column is missing.
    """
    schema = _schema(settings.lake, uri, columns, row_numbers)
    return over_lake(spark, settings, uri, _as_it_is, schema, columns, row_numbers=row_numbers)


def over_lake(
    spark: SparkSession,
    settings: Settings,
    uri: str,
    work: Work,
    schema: pa.Schema,
    columns: Sequence[str] = (),
    *,
    row_numbers: bool = False,
    rows_per_piece: int = ROWS_PER_PIECE,
) -> DataFrame:
    """Return what `work` makes of each piece of a dataset, as a frame with one partition for each piece, in order.

    Pieces have about `rows_per_piece` rows, fewer when there are few. `work` runs in the Python workers on the rows as
    they are read, before anything reaches Java. It must be picklable and give the same result when a task is repeated.
    Raises LakeError as `read_lake` does.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    read = _schema(settings.lake, uri, columns, row_numbers)
    lake = open_lake(settings.lake)
    total = sum(piece.rows for piece in pieces(lake, uri, 1 << 62))
    wanted = max(SMALLEST_PIECE, min(rows_per_piece, -(-total // FEW_PIECES)))
    task = _Task(settings.lake, uri, tuple(pieces(lake, uri, wanted)), read, work)
    number = max(1, len(task.pieces))
    frame: DataFrame = spark.range(0, number, 1, number).mapInArrow(task, from_arrow_schema(schema))
    return frame


def write_lake(frame: DataFrame, settings: Settings, uri: str) -> int:
    """Write each partition of a frame as a part file below `uri`, a new prefix, and return the number of rows.

    A part is named by its partition's number. A frame without rows leaves one empty file, so that its columns are
    known. Raises Spark's error when a task fails; the parts that were written by then are removed.
    """
    from pyspark.sql.pandas.types import to_arrow_schema

    lake = open_lake(settings.lake)
    if lake.objects(uri):
        raise LakeError("Datasets of the lake are immutable", where=uri, remedy="Write below a new prefix")
    schema = to_arrow_schema(frame.schema)
    try:
        written = frame.mapInArrow(_Write(settings.lake, uri, schema), "rows long").collect()
    except BaseException:
        lake.delete([info.uri for info in lake.objects(uri)])
        raise
    rows = sum(int(part["rows"]) for part in written)
    if not rows:
        lake.write_batches(f"{uri.rstrip('/')}/part-00000.parquet", [], schema)
    return rows


def _as_it_is(number: int, batches: Batches) -> Batches:
    return batches


def _schema(settings: LakeSettings, uri: str, columns: Sequence[str], row_numbers: bool) -> pa.Schema:
    lake = open_lake(settings)
    filesystem, path = lake.arrow(parquet_files(lake, uri)[0])
    with open_parquet(filesystem, path) as file:
        found: pa.Schema = file.schema_arrow.remove_metadata()
    missing = [name for name in columns if name not in found.names]
    if missing:
        raise LakeError(
            f"The dataset lacks the columns {', '.join(missing)}", where=uri, remedy="Make it again with this version"
        )
    fields = [found.field(name) for name in columns or found.names]
    if row_numbers:
        fields.append(pa.field(ROW_NUMBER, pa.int64(), nullable=False))
    return pa.schema(fields)


@dataclass(frozen=True)
class _Task:
    """Reads the piece that a partition stands for and works on it."""

    lake: LakeSettings
    uri: str
    pieces: tuple[Piece, ...]
    schema: pa.Schema
    work: Work

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from self.work(number, self._read(number))

    def _read(self, number: int) -> Batches:
        """Yield the rows of a piece; an empty dataset has none."""
        if number >= len(self.pieces):
            return
        piece = self.pieces[number]
        names = [name for name in self.schema.names if name != ROW_NUMBER]
        at = piece.number
        for batch in _batches(self.lake, self.uri, piece, names):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            if ROW_NUMBER in self.schema.names:
                columns[ROW_NUMBER] = pa.array(range(at, at + batch.num_rows), pa.int64())
                at += batch.num_rows
            yield pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in self.schema], schema=self.schema)


def _batches(settings: LakeSettings, uri: str, piece: Piece, columns: list[str]) -> Batches:
    filesystem, _ = open_lake(settings).arrow(uri)
    skip, left = piece.skip, piece.rows
    with said(uri), open_parquet(filesystem, piece.path) as file:
        groups = list(piece.row_groups)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, columns=columns):
            wanted = batch.slice(skip, left)
            skip = max(0, skip - batch.num_rows)
            left -= wanted.num_rows
            if wanted.num_rows:
                yield wanted
            if not left:
                return


@dataclass(frozen=True)
class _Write:
    """Writes a partition as one part file."""

    lake: LakeSettings
    uri: str
    schema: Any

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = part_of_task(self.lake, self.uri, batches, self.schema)
        yield pa.RecordBatch.from_pydict({"rows": pa.array([rows], pa.int64())})


def part_of_task(settings: LakeSettings, uri: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write the rows of the running Spark task as the part with its partition's number; a failure leaves nothing."""
    from pyspark import TaskContext

    context = TaskContext.get()
    writer = PartWriter(open_lake(settings), uri, context.partitionId() if context else 0, schema)
    try:
        for batch in batches:
            writer.write(batch)
        return writer.close()
    except BaseException:
        writer.discard()
        raise
