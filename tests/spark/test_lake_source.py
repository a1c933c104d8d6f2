from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import LakeError
from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings, Settings
from pipeline.spark.lake_source import read_lake, write_lake
from pipeline.spark.partitions import pieces

SCHEMA = pa.schema([("question_id", pa.string()), ("question", pa.string()), ("tags", pa.list_(pa.string()))])


def rows(start: int, stop: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"question_id": f"q{n}", "question": f"Wie heißt {n}?", "tags": [str(n % 3)]} for n in range(start, stop)],
        SCHEMA,
    )


def test_pieces_join_small_row_groups_and_slice_large_ones(lake: Lake) -> None:
    lake.write_batches(lake.uri("d/part-00000.parquet"), [rows(0, 10), rows(10, 15), rows(15, 50)], SCHEMA)
    lake.write_batches(lake.uri("d/part-00001.parquet"), [rows(50, 53)], SCHEMA)
    made = pieces(lake, lake.uri("d"), 16)
    assert [(p.row_groups, p.skip, p.rows, p.number) for p in made] == [
        ((0, 1), 0, 15, 0),
        ((2,), 0, 16, 15),
        ((2,), 16, 16, 31),
        ((2,), 32, 3, 47),
        ((0,), 0, 3, 50),
    ]


def test_a_place_without_files_is_named(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no Parquet files") as problem:
        pieces(lake, lake.uri("nothing"), 10)
    assert problem.value.where == lake.uri("nothing")


def test_a_damaged_file_is_named(lake: Lake) -> None:
    lake.write(lake.uri("d/part-00000.parquet"), b"PAR1 not really PAR1")
    with pytest.raises(LakeError, match="is damaged") as problem:
        pieces(lake, lake.uri("d"), 10)
    assert "part-00000.parquet" in str(problem.value.where)


@pytest.mark.spark
def test_reads_columns_and_numbers_rows_in_order(spark, spark_settings: Settings) -> None:
    lake = open_lake(spark_settings.lake)
    place = lake.uri("numbered")
    lake.write_batches(f"{place}/part-00000.parquet", [rows(0, 700)], SCHEMA)
    lake.write_batches(f"{place}/part-00001.parquet", [rows(700, 1000)], SCHEMA)
    frame = read_lake(spark, spark_settings, place, ["question_id"], row_numbers=True)
    assert frame.columns == ["question_id", "row"]
    assert frame.rdd.getNumPartitions() == 9  # 128 rows at most, and no piece spans two files
    assert sorted((r["row"], r["question_id"]) for r in frame.collect()) == [(n, f"q{n}") for n in range(1000)]


@pytest.mark.spark
def test_a_missing_column_is_named(spark, spark_settings: Settings) -> None:
    lake = open_lake(spark_settings.lake)
    lake.write_batches(lake.uri("lacking/part-00000.parquet"), [rows(0, 3)], SCHEMA)
    with pytest.raises(LakeError, match="lacks the columns answer"):
        read_lake(spark, spark_settings, lake.uri("lacking"), ["question", "answer"])


@pytest.mark.spark
def test_written_parts_have_the_same_names_and_bytes_every_time(spark, spark_settings: Settings) -> None:
    lake = open_lake(spark_settings.lake)
    lake.write_batches(lake.uri("source/part-00000.parquet"), [rows(0, 500)], SCHEMA)
    frame = read_lake(spark, spark_settings, lake.uri("source"))
    for name in ("one", "two"):
        write_lake(
            frame.repartition(3, "question_id").sortWithinPartitions("question_id"), spark_settings, lake.uri(name)
        )
    digests = [[lake.digest(info.uri) for info in lake.objects(lake.uri(name))] for name in ("one", "two")]
    assert [info.uri.rsplit("/", 1)[1] for info in lake.objects(lake.uri("one"))] == [
        f"part-{n:05d}.parquet" for n in range(3)
    ]
    assert digests[0] == digests[1]
    written = lake.read_table(lake.uri("one")).sort_by("question_id")
    assert written.equals(lake.read_table(lake.uri("source")).sort_by("question_id").cast(written.schema))


@pytest.mark.spark
def test_no_rows_leave_an_empty_file_with_the_columns(spark, spark_settings: Settings) -> None:
    lake = open_lake(spark_settings.lake)
    lake.write_batches(lake.uri("some/part-00000.parquet"), [rows(0, 5)], SCHEMA)
    write_lake(read_lake(spark, spark_settings, lake.uri("some")).where("false"), spark_settings, lake.uri("none"))
    table = lake.read_table(lake.uri("none"))
    assert (table.num_rows, table.schema.names) == (0, SCHEMA.names)
    assert read_lake(spark, spark_settings, lake.uri("none")).count() == 0


@pytest.mark.spark
def test_a_failed_job_leaves_no_parts(spark, spark_settings: Settings) -> None:
    lake = open_lake(spark_settings.lake)
    lake.write_batches(lake.uri("good/part-00000.parquet"), [rows(0, 500)], SCHEMA)
    frame = read_lake(spark, spark_settings, lake.uri("good"))

    def broken(batches):
        for batch in batches:
            if "q499" in batch["question_id"].to_pylist():
                raise ValueError("planted")
            yield batch

    with pytest.raises(Exception, match="planted"):
        write_lake(frame.mapInArrow(broken, frame.schema), spark_settings, lake.uri("failed"))
    assert lake.objects(lake.uri("failed")) == []


@pytest.mark.spark
def test_reads_and_writes_s3_without_showing_the_secret(spark, s3_lake: Lake, s3_settings: LakeSettings) -> None:
    settings = Settings(lake=s3_settings.model_copy(update={"uri": s3_lake.root}))
    s3_lake.write_batches(s3_lake.uri("in/part-00000.parquet"), [rows(0, 300)], SCHEMA)
    frame = read_lake(spark, settings, s3_lake.uri("in"), ["question_id", "tags"])
    write_lake(frame, settings, s3_lake.uri("out"))
    assert s3_lake.read_table(s3_lake.uri("out")).num_rows == 300
    secret = s3_settings.secret_key.get_secret_value() if s3_settings.secret_key else ""
    assert secret not in frame._jdf.queryExecution().toString()
    everything = spark.sparkContext.getConf().getAll()
    assert not any(secret in value for _, value in everything)


def test_row_groups_are_of_a_useful_size(lake: Lake) -> None:
    from pipeline.spark.parts import ROW_GROUP_ROWS, write_part

    batches = [rows(n * 500, n * 500 + 500) for n in range(40)]
    assert write_part(lake, lake.uri("p"), 7, batches, SCHEMA) == 20_000
    filesystem, path = lake.arrow(lake.uri("p/part-00007.parquet"))
    metadata = pq.ParquetFile(path, filesystem=filesystem).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [16_500, 3_500]
    assert ROW_GROUP_ROWS == 16_384
