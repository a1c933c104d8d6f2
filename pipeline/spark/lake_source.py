"""The lake as a Spark data source: Parquet on S3 or in a folder, read and written by the executors in Arrow batches.

It needs no Java connector: pyarrow reads and writes in the Python workers. Where the lake is and its credentials travel
inside the pickled data source, over Spark's own wire: never as options, which Spark shows in plans and logs.
Parts are visible to anyone who lists the prefix before the job ends; a stage's manifest is what makes them count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceReader,
    InputPartition,
    WriterCommitMessage,
)

from pipeline.errors import LakeError
from pipeline.lake import open_lake
from pipeline.settings import LakeSettings, Settings
from pipeline.spark.partitions import Piece, open_parquet, parquet_files, pieces
from pipeline.spark.parts import PartWriter

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

FORMAT = "lake"
ROW_NUMBER = "row"
"""The column with a row's place in the dataset, counted from 0 over its files in order."""
ROWS_PER_PIECE = 20_000
SMALLEST_PIECE = 128
BATCH_ROWS = 4096


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
    _register(spark, settings.lake)
    lake = open_lake(settings.lake)
    schema = _schema(settings.lake, uri, columns, row_numbers)
    total = sum(piece.rows for piece in pieces(lake, uri, 1 << 62))
    # A few rows are spread over all cores too: what is done to a row costs more than reading it.
    wanted = max(SMALLEST_PIECE, min(ROWS_PER_PIECE, -(-total // spark.sparkContext.defaultParallelism)))
    reader = spark.read.format(FORMAT).schema(schema).option("path", uri).option("rows_per_piece", str(wanted))
    frame: DataFrame = reader.load()
    return frame


def write_lake(frame: DataFrame, settings: Settings, uri: str) -> None:
    """Write each partition of a frame as a part file below `uri`, a new prefix, named by the partition's number.

    A frame without rows leaves one empty file, so that its columns are known. Raises Spark's error when a task fails;
    the parts that were written by then are removed.
    """
    if open_lake(settings.lake).objects(uri):
        raise LakeError("Datasets of the lake are immutable", where=uri, remedy="Write below a new prefix")
    _register(frame.sparkSession, settings.lake)
    frame.write.format(FORMAT).mode("append").option("path", uri).save()


def _schema(lake: LakeSettings, uri: str, columns: Sequence[str], row_numbers: bool) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import LongType

    opened = open_lake(lake)
    filesystem, path = opened.arrow(parquet_files(opened, uri)[0])
    with open_parquet(filesystem, path) as file:
        found = file.schema_arrow
    missing = [name for name in columns if name not in found.names]
    if missing:
        raise LakeError(
            f"The dataset lacks the columns {', '.join(missing)}", where=uri, remedy="Make it again with this version"
        )
    schema = from_arrow_schema(found)
    if columns:
        schema = type(schema)([schema[name] for name in columns])
    return schema.add(ROW_NUMBER, LongType(), False) if row_numbers else schema


def _register(spark: SparkSession, lake: LakeSettings) -> None:
    class Bound(LakeSource):
        """Pickled by value, with the lake's settings in it, because it is defined inside a function."""

        settings = lake

    spark.dataSource.register(Bound)


@dataclass
class Part(InputPartition):
    """One piece of work of a read."""

    piece: Piece


@dataclass
class Written(WriterCommitMessage):
    """What a task wrote."""

    uri: str
    rows: int


class LakeSource(DataSource):
    """Parquet datasets of one lake."""

    settings: LakeSettings

    @classmethod
    def name(cls) -> str:
        """Return the name for `spark.read.format`."""
        return FORMAT

    def schema(self) -> Any:
        """Return the columns of the dataset at the option `path`."""
        return _schema(self.settings, self.options["path"], (), False)

    def reader(self, schema: Any) -> LakeReader:
        """Return the reader of the columns in `schema`."""
        rows = int(self.options.get("rows_per_piece", ROWS_PER_PIECE))
        return LakeReader(self.settings, self.options["path"], schema, rows)

    def writer(self, schema: Any, overwrite: bool) -> LakeWriter:
        """Return the writer; nothing in the lake is ever overwritten."""
        return LakeWriter(self.settings, self.options["path"], schema)


class LakeReader(DataSourceReader):
    """Reads pieces of files as Arrow batches in the executors."""

    def __init__(self, settings: LakeSettings, uri: str, schema: Any, rows_per_piece: int) -> None:
        """Read the columns in `schema`, and no others."""
        self._settings, self._uri, self._schema, self._rows = settings, uri, schema, rows_per_piece

    def partitions(self) -> Sequence[InputPartition]:
        """Return the pieces of work."""
        return [Part(piece) for piece in pieces(open_lake(self._settings), self._uri, self._rows)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a piece."""
        if not isinstance(partition, Part):  # an empty dataset has no pieces, and Spark asks for one nevertheless
            return
        import pyarrow as pa
        from pyspark.sql.pandas.types import to_arrow_schema

        schema = to_arrow_schema(self._schema, timezone="UTC")
        numbered = ROW_NUMBER in schema.names
        names = [name for name in schema.names if name != ROW_NUMBER]
        number = partition.piece.number
        for batch in _batches(self._settings, self._uri, partition.piece, names):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            if numbered:
                columns[ROW_NUMBER] = pa.array(range(number, number + batch.num_rows), pa.int64())
                number += batch.num_rows
            yield pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in schema], schema=schema)


def _batches(settings: LakeSettings, uri: str, piece: Piece, columns: list[str]) -> Iterator[pa.RecordBatch]:
    filesystem, _ = open_lake(settings).arrow(uri)
    skip, left = piece.skip, piece.rows
    with open_parquet(filesystem, piece.path) as file:
        groups = list(piece.row_groups)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, columns=columns):
            wanted = batch.slice(skip, left)
            skip = max(0, skip - batch.num_rows)
            left -= wanted.num_rows
            if wanted.num_rows:
                yield wanted
            if not left:
                return


class LakeWriter(DataSourceArrowWriter):
    """Writes each partition as one part file."""

    def __init__(self, settings: LakeSettings, uri: str, schema: Any) -> None:
        """Write below `uri`."""
        self._settings, self._uri, self._schema = settings, uri, schema

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Written:
        """Write the rows of a partition."""
        from pyspark import TaskContext
        from pyspark.sql.pandas.types import to_arrow_schema

        context = TaskContext.get()
        number = context.partitionId() if context else 0
        writer = PartWriter(open_lake(self._settings), self._uri, number, to_arrow_schema(self._schema, timezone="UTC"))
        try:
            for batch in iterator:
                writer.write(batch)
            return Written(writer.uri, writer.close())
        except BaseException:
            writer.discard()
            raise

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Leave an empty file when no partition had rows."""
        from pyspark.sql.pandas.types import to_arrow_schema

        if not any(isinstance(message, Written) and message.rows for message in messages):
            place = f"{self._uri.rstrip('/')}/part-00000.parquet"
            open_lake(self._settings).write_batches(place, [], to_arrow_schema(self._schema, timezone="UTC"))

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        """Remove the parts of a job that failed, also those of tasks that were stopped before they could report."""
        lake = open_lake(self._settings)
        lake.delete([info.uri for info in lake.objects(self._uri)])
