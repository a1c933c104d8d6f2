from __future__ import annotations

import bz2
import gzip
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from collect_support import collect, reasons, rows_of, set_aside_of
from pydantic import ValidationError

from pipeline.collect.table.partitions import Predicate, partition_values
from pipeline.errors import SourceError
from pipeline.lake import Lake, open_lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings, TableSourceSettings

RECORDS = [
    b'{"question":"What is A?","answer":"A is one."}',
    b'{"answer":"B is two.","x":[1],"question":"What is B?"}',
    b'{"answer":"NA","question":"What is C?"}',
]
PAIRS = [("What is A?", "A is one."), ("What is B?", "B is two."), ("What is C?", "NA")]


def config(uri: Path | str, **changes: Any) -> TableSourceSettings:
    return TableSourceSettings(**{"kind": "table", "name": "kb", "licence": "CC0-1.0", "uri": str(uri), **changes})


def table(pairs: list[tuple[str, str]] = PAIRS, **columns: Any) -> pa.Table:
    return pa.table({"question": [q for q, _ in pairs], "answer": [a for _, a in pairs], **columns})


def pairs(lake: Lake, manifest: Manifest) -> list[tuple[str, str]]:
    return [(row["question"], row["answer"]) for row in rows_of(lake, manifest)]


def touched(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


@pytest.mark.parametrize("codec", ["snappy", "gzip", "zstd", "lz4", "brotli", "none"])
def test_parquet_of_any_codec(lake: Lake, folder: Path, codec: str) -> None:
    pq.write_table(table(), folder / "t.parquet", compression=codec)
    manifest = collect(lake, config(folder / "t.parquet"))
    assert pairs(lake, manifest) == PAIRS
    row = rows_of(lake, manifest)[0]
    assert row["provenance"] == (folder / "t.parquet").as_uri()
    assert (row["data_source"], row["source_kind"], row["licence"]) == ("kb", "table", "CC0-1.0")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("t.csv", b"question,answer\nWhat is A?,A is one.\nWhat is B?,B is two.\nWhat is C?,NA\n"),
        ("t.csv", b"\xef\xbb\xbfquestion;answer\r\nWhat is A?;A is one.\r\nWhat is B?;B is two.\r\nWhat is C?;NA\r\n"),
        ("t.tsv", b"x\tanswer\tquestion\n1\tA is one.\tWhat is A?\n2\tB is two.\tWhat is B?\n3\tNA\tWhat is C?"),
        ("t.csv", "question,answer\nWhat is A?,A is one.\nWhat is B?,B is two.\nWhat is C?,NA\n".encode("utf-16")),
        ("t.txt", b"question|answer\nWhat is A?|A is one.\nWhat is B?|B is two.\nWhat is C?|NA\n"),
        ("t.jsonl", b"\n\n".join(RECORDS)),
        ("t.json", b"[" + b",".join(RECORDS) + b"]"),
    ],
)  # fmt: skip
def test_text_formats(lake: Lake, folder: Path, name: str, body: bytes) -> None:
    (folder / name).write_bytes(body)
    assert pairs(lake, collect(lake, config(folder / name))) == PAIRS


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_compressed_text(lake: Lake, folder: Path, ending: str, pack: Any) -> None:
    (folder / f"t.csv.{ending}").write_bytes(pack(b"question,answer\nWhat is A?,A is one.\n"))
    assert pairs(lake, collect(lake, config(folder))) == PAIRS[:1]


def test_nested_columns_types_and_names_with_dots(lake: Lake, folder: Path) -> None:
    nested = pa.table(
        {
            "payload": [{"qa": {"q": "What is A?", "answers": ["A is one.", "x"]}}, {"qa": {"q": "B?", "answers": []}}],
            "meta.topic": ["dots", "dots"],
            "number": [17, 18],
            "day": pa.array([datetime(2026, 1, 2), None], pa.timestamp("ms")),
        }
    )
    pq.write_table(nested, folder / "n.parquet")
    mapping = {"question": "payload.qa.q", "answer": "payload.qa.answers.0", "section": "meta.topic"}
    manifest = collect(lake, config(folder / "n.parquet", key="number", updated_at="day", **mapping))
    [row] = rows_of(lake, manifest)
    assert (row["answer"], row["section"]) == ("A is one.", "dots")
    assert row["updated_at"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert row["provenance"].endswith("n.parquet#17")
    assert reasons(lake, manifest) == ["no answer"]
    (folder / "n.jsonl").write_text('{"payload":{"qa":{"q":"What is A?","answers":["A is one."]}},"number":1}\n')
    changes = {"question": "payload.qa.q", "answer": "payload.qa.answers.0"}
    assert pairs(lake, collect(lake, config(folder / "n.jsonl", **changes), "r2")) == PAIRS[:1]


def test_lists_of_structs_are_followed_as_in_json(lake: Lake, folder: Path) -> None:
    answers = [[{"text": "A is one.", "by": "x"}, {"text": "y", "by": "z"}], []]
    nested = pa.table({"faq": [{"q": "What is A?", "answers": answers[0]}, {"q": "B?", "answers": answers[1]}]})
    pq.write_table(nested, folder / "n.parquet")
    mapping = {"question": "faq.q", "answer": "faq.answers.0.text"}
    manifest = collect(lake, config(folder / "n.parquet", **mapping))
    assert (pairs(lake, manifest), reasons(lake, manifest)) == (PAIRS[:1], ["no answer"])
    pq.write_table(pa.table({"q": ["What is A?"], "answers": answers[:1]}), folder / "n.parquet")
    flat = {"question": "q", "answer": "answers.0.text"}
    assert pairs(lake, collect(lake, config(folder / "n.parquet", **flat), "r2")) == PAIRS[:1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, 2]), ["1", "2"]),
        (pa.array([1.5, 2.0]), ["1.5", "2"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
        (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
        (pa.array([b"x", b"y"]), ["x", "y"]),
        (
            pa.array([datetime(2026, 1, 2), datetime(2026, 1, 3)], pa.timestamp("us")),
            ["2026-01-02 00:00:00.000000", "2026-01-03 00:00:00.000000"],
        ),
    ],
)
def test_answers_of_other_types(lake: Lake, folder: Path, values: pa.Array, expected: list[str]) -> None:
    pq.write_table(pa.table({"question": ["a?", "b?"], "answer": values}), folder / "t.parquet")
    assert [answer for _, answer in pairs(lake, collect(lake, config(folder / "t.parquet")))] == expected


def test_ids_do_not_depend_on_the_place_of_a_row(lake: Lake, folder: Path) -> None:
    many = [(f"Question {n}?", f"Answer {n}.") for n in range(500)] + [("Twice?", "one"), ("Twice?", "two")]
    file = folder / "t.parquet"
    pq.write_table(table(many), file)
    first = {row["answer"]: row["question_id"] for row in rows_of(lake, collect(lake, config(file), "r1"))}
    random.Random(1).shuffle(many)
    pq.write_table(table([("A new first row?", "new"), *many]), file)
    second = {row["answer"]: row["question_id"] for row in rows_of(lake, collect(lake, config(file), "r2"))}
    assert len(set(first.values())) == 502
    assert {answer: second[answer] for answer in first} == first


def test_with_a_key_the_same_question_may_occur_twice(lake: Lake, folder: Path) -> None:
    file = folder / "t.csv"
    file.write_text("id,question,answer\n1,Same?,a\n2,Same?,b\n,Same?,c\n2,Same?,b\n")
    manifest = collect(lake, config(file, key="id"))
    assert [row["provenance"].rpartition("#")[2] for row in rows_of(lake, manifest)] == ["1", "2"]
    assert reasons(lake, manifest) == ["duplicate of another row of the same source", "no key"]


def test_unchanged_files_are_not_read_again(lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        pq.write_table(table([(f"{name}?", name)]), folder / f"{name}.parquet")
    first = collect(lake, config(folder), "r1")
    opened: list[str] = []
    real = pq.ParquetFile
    monkeypatch.setattr(pq, "ParquetFile", lambda path, **rest: opened.append(str(path)) or real(path, **rest))
    second = collect(lake, config(folder), "r2")
    assert second.outputs == first.outputs
    assert [path for path in opened if "llmops-table" in path] == []
    assert not any("parquet" in info.uri for info in lake.objects(lake.uri("raw/kb/r2")))
    touched(folder / "a.parquet")
    third = collect(lake, config(folder), "r3")
    assert third.facts["documents"] == {"unchanged": 3}
    assert third.output("rows").digest == first.output("rows").digest
    pq.write_table(table([("b?", "changed")]), folder / "b.parquet")
    (folder / "c.parquet").unlink()
    fourth = collect(lake, config(folder), "r4")
    assert fourth.facts["documents"] == {"changed": 1, "gone": 1, "unchanged": 1}
    assert [answer for _, answer in pairs(lake, fourth)] == ["a", "changed"]


def test_raw_files_land_unchanged(lake: Lake, folder: Path) -> None:
    body = gzip.compress(b"question,answer\nWhat is A?,A is one.\n")
    (folder / "day=1").mkdir()
    (folder / "day=1" / "t.csv.gz").write_bytes(body)
    collect(lake, config(folder))
    assert lake.read(lake.uri("raw/kb/r1/day=1/t.csv.gz")) == body


def test_other_column_mapping_reads_unchanged_files_again(lake: Lake, folder: Path) -> None:
    pq.write_table(table(long=["x", "y", "z"]), folder / "t.parquet")
    collect(lake, config(folder), "r1")
    second = collect(lake, config(folder, answer="long"), "r2")
    assert [answer for _, answer in pairs(lake, second)] == ["x", "y", "z"]


def partitioned(root: Path) -> None:
    for language in ("en", "de"):
        for year in (2023, 2024, 2025):
            folder = root / f"language={language}" / f"year={year}"
            folder.mkdir(parents=True)
            pq.write_table(table([(f"{language} {year}?", "x")]), folder / "data.parquet")
    (root / "_SUCCESS").touch()
    (root / "language=en" / ".hidden.parquet").write_bytes(b"no")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["de 2023?", "de 2024?", "de 2025?", "en 2023?", "en 2024?", "en 2025?"]),
        ({"language": "en"}, ["en 2023?", "en 2024?", "en 2025?"]),
        ({"language": "en", "year": ">=2024"}, ["en 2024?", "en 2025?"]),
        ({"language": "!=en", "year": "<2024"}, ["de 2023?"]),
        ({"question": "en 2025?"}, ["en 2025?"]),
    ],
)
def test_partitions_and_predicates(lake: Lake, folder: Path, where: dict[str, str], expected: list[str]) -> None:
    partitioned(folder)
    manifest = collect(lake, config(folder, where=where, language="language"))
    assert [question for question, _ in pairs(lake, manifest)] == expected
    assert all(row["language"] == row["question"][:2] for row in rows_of(lake, manifest))


def test_files_that_a_predicate_excludes_are_not_read(lake: Lake, folder: Path) -> None:
    partitioned(folder)
    for year in (2023, 2024):
        (folder / "language=en" / f"year={year}" / "data.parquet").write_bytes(b"broken")
    assert len(pairs(lake, collect(lake, config(folder, where={"language": "en", "year": "2025"})))) == 1
    with pytest.raises(SourceError, match="No file meets the predicates"):
        collect(lake, config(folder, where={"language": "fr"}), "r2")


def test_partition_values() -> None:
    assert partition_values("a=1/b=x%20y/c=__HIVE_DEFAULT_PARTITION__/plain/f=1.csv") == {
        "a": "1",
        "b": "x y",
        "c": None,
    }
    assert Predicate.parse("a", "!=1").holds(None)
    assert not Predicate.parse("a", ">=1").holds(None)
    assert Predicate.parse("a", ">9").holds("10")
    assert not Predicate.parse("a", ">b").holds("10")


def test_files_with_generated_names_are_one_dataset(lake: Lake, folder: Path) -> None:
    def write(suffix: str, *parts: list[tuple[str, str]]) -> None:
        for old in folder.glob("*.parquet"):
            old.unlink()
        for number, part in enumerate(parts):
            pq.write_table(table(part), folder / f"part-{number:05d}-{suffix}.snappy.parquet")

    write("0c1f7a52-3f5a-4a53-9d5f-8d4d3cf0a001-c000", [("a?", "1"), ("b?", "2")], [("c?", "3")])
    first = collect(lake, config(folder), "r1")
    write("5d0fa5ac-98e1-4c5c-8a2e-111111111111-c000", [("c?", "3")], [("b?", "2"), ("a?", "1")])
    second = collect(lake, config(folder), "r2")
    ids = [{row["question"]: row["question_id"] for row in rows_of(lake, manifest)} for manifest in (first, second)]
    assert ids[0] == ids[1]
    assert second.facts["rows"]["retired"] == 0
    assert second.facts["documents"] == {"changed": 1}


def test_a_dataset_of_one_part_keeps_its_ids_when_it_is_written_again(lake: Lake, folder: Path) -> None:
    def write(*names: str) -> None:
        for old in folder.glob("*.parquet"):
            old.unlink()
        for pair, name in zip(([("a?", "1"), ("b?", "2")], [("c?", "3")]), names, strict=False):
            pq.write_table(table(pair), folder / name)

    write("part-00000-0c1f7a52-3f5a-4a53-9d5f-8d4d3cf0a001-c000.snappy.parquet")
    first = rows_of(lake, collect(lake, config(folder), "r1"))
    write("part-00000-5d0fa5ac-98e1-4c5c-8a2e-111111111111-c000.snappy.parquet")
    second = collect(lake, config(folder / "*.parquet"), "r2")
    write("part-00000-aaaaaaaa-98e1-4c5c-8a2e-111111111111-c000.parquet", "part-00001-aaaa.parquet")
    third = collect(lake, config(folder), "r3")
    ids = {row["question"]: row["question_id"] for row in first}
    for manifest in (second, third):
        found = {row["question"]: row["question_id"] for row in rows_of(lake, manifest)}
        assert {name: found[name] for name in ids} == ids
        assert manifest.facts["rows"]["retired"] == 0
    named = config(folder / "part-00001-aaaa.parquet", name="other")
    assert rows_of(lake, collect(lake, named))[0]["document_id"].endswith("part-00001-aaaa.parquet")


def test_schema_drift_is_reported(lake: Lake, folder: Path) -> None:
    pq.write_table(table(extra=[1, 2, 3]), folder / "a.parquet")
    collect(lake, config(folder), "r1")
    pq.write_table(table(extra=["1", "2", "3"], new=[0, 0, 0]), folder / "a.parquet")
    pq.write_table(table([("d?", "4")]), folder / "b.parquet")
    warnings = collect(lake, config(folder), "r2").warnings
    assert any("a.parquet changed since the last run: new is new; extra was int64 and is string" in w for w in warnings)
    assert any("b.parquet changed compared with a.parquet: extra is gone; new is gone" in w for w in warnings)


def test_contexts_given_by_people_win_and_the_others_come_from_neighbours(lake: Lake, folder: Path) -> None:
    file = folder / "t.parquet"
    contexts, topics = ["By hand.", None, " ", None], ["t", "t", "t", "other"]
    pq.write_table(table([*PAIRS, ("D?", "4")], c=contexts, topic=topics), file)
    rows = rows_of(lake, collect(lake, config(file, context="c", section="topic"), "r1"))
    assert [row["context_origin"] for row in rows] == ["human", "neighbours", "neighbours", None]
    assert rows[0]["context"] == "By hand."
    assert rows[1]["context"] == "What is A?\nA is one.\n\nWhat is B?\nB is two.\n\nWhat is C?\nNA"
    rows = rows_of(
        lake, collect(lake, config(file, context="c", section="topic", generated_context="without_answer"), "r2")
    )
    assert rows[1]["context"] == "What is A?\nA is one.\n\nWhat is C?\nNA"
    rows = rows_of(lake, collect(lake, config(file, context="c", generated_context="none"), "r3"))
    assert [row["context"] for row in rows] == ["By hand.", None, None, None]


def test_neighbours_reach_over_the_borders_of_batches(lake: Lake, folder: Path) -> None:
    many = [(f"Q{n}?", f"A{n}") for n in range(9000)]
    pq.write_table(table(many), folder / "t.parquet")
    contexts = [row["context"] for row in rows_of(lake, collect(lake, config(folder / "t.parquet")))]
    for n in (1, 4095, 4096, 8191, 8192):
        assert contexts[n] == f"Q{n - 1}?\nA{n - 1}\n\nQ{n}?\nA{n}\n\nQ{n + 1}?\nA{n + 1}"
    assert contexts[0] == "Q0?\nA0\n\nQ1?\nA1"
    assert contexts[-1] == "Q8998?\nA8998\n\nQ8999?\nA8999"


def test_s3_addresses_are_read_through_the_lake(folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.collect.table import files

    bucket = open_lake(LakeSettings(uri=str(folder / "bucket")))
    asked: list[str] = []

    def opened(settings: LakeSettings) -> Lake:
        asked.append(settings.uri)
        return bucket

    monkeypatch.setattr(files, "open_lake", opened)
    for name in ("data/a.csv", "data/b.csv", "data/readme.md", "other/c.csv"):
        bucket.write(bucket.uri(name), f"question,answer\n{name}?,x\n".encode())
    found = [file.path for file in files.open_files("s3://company/data", LakeSettings()).list()]
    assert found == ["a.csv", "b.csv"]
    assert [file.path for file in files.open_files("s3://company/data/b.csv", LakeSettings()).list()] == ["b.csv"]
    assert [file.path for file in files.open_files("s3://company/*/?.csv", LakeSettings()).list()] == [
        "data/a.csv",
        "data/b.csv",
        "other/c.csv",
    ]
    assert set(asked) == {"s3://company"}
    manifest = collect(lake, config("s3://company/data"))
    assert [question for question, _ in pairs(lake, manifest)] == ["data/a.csv?", "data/b.csv?"]


def test_numbers_and_codes_stay_what_they_are(lake: Lake, folder: Path) -> None:
    values = ["NA", "null", "None", "nan", "007", "1e5", "TRUE", "2024-01-01", "-", "#N/A", "3.10"]
    pacsv.write_csv(table([(f"{n}?", value) for n, value in enumerate(values)]), folder / "t.csv")
    assert [answer for _, answer in pairs(lake, collect(lake, config(folder / "t.csv")))] == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02 03:04:05+02:00", "2026-01-02T01:04:05+00:00"),
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("1767322800", "2026-01-02T03:00:00+00:00"),
        ("1767322800000", "2026-01-02T03:00:00+00:00"),
        ("1767322800000000", "2026-01-02T03:00:00+00:00"),
        ("1.7673228e+12", "2026-01-02T03:00:00+00:00"),
        ("20260102", "2026-01-02T00:00:00+00:00"),
        ("31.12.2025", "2025-12-31T00:00:00+00:00"),
        ("31.12.2025 9:05", "2025-12-31T09:05:00+00:00"),
        ("31/12/2025 10:00", "2025-12-31T10:00:00+00:00"),
        ("12/31/2025", "2025-12-31T00:00:00+00:00"),
        ("2025/12/31", "2025-12-31T00:00:00+00:00"),
        ("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02 03:04:05 +0200", "2026-01-02T01:04:05+00:00"),
        ("31 Dec 2025", "2025-12-31T00:00:00+00:00"),
        ("Fri 02 Jan 2026 03:04:05 +0200", "2026-01-02T01:04:05+00:00"),
        ("11/12/2025", None),
        ("2025", None),
        ("31.02.2025", None),
        ("last week", None),
        ("9" * 30, None),
        ("1900-01-01", "1900-01-01T00:00:00+00:00"),
        ("9999-12-31", None),
        ("", None),
    ],
)
def test_times_of_change(lake: Lake, folder: Path, text: str, expected: str | None) -> None:
    (folder / "t.csv").write_text(f"question,answer,t\nA?,x,{text}\n")
    [row] = rows_of(lake, collect(lake, config(folder / "t.csv", updated_at="t")))
    assert row["updated_at"] == (datetime.fromisoformat(expected) if expected else row["collected_at"])


def test_times_that_cannot_be_read_are_counted(lake: Lake, folder: Path) -> None:
    rows = "".join(f"{text}?,x,{text}\n" for text in ("11/12/2025", "soon", "2026-01-02", ""))
    (folder / "t.csv").write_text(f"question,answer,t\n{rows}")
    manifest = collect(lake, config(folder / "t.csv", updated_at="t"))
    [warning] = [text for text in manifest.warnings if "times of change" in text]
    assert "2 times" in warning
    assert "'11/12/2025'" in warning


def test_the_sample_articles(lake: Lake) -> None:
    from pipeline.local.sample_data import TABLE

    mapping = {
        "context": "passage",
        "key": "article",
        "section": "topic",
        "language": "language",
        "updated_at": "changed",
    }
    manifest = collect(lake, config(TABLE, **mapping))
    rows = rows_of(lake, manifest)
    assert len(rows) >= 150
    assert set_aside_of(lake, manifest) == []
    assert {row["context_origin"] for row in rows} == {"human", "neighbours"}
    assert len({row["answer"] for row in rows}) == len(rows)


NATIONAL = {
    "cp1250": {
        "Jak mogę zmienić hasło?": "Wejdź w ustawienia i wybierz zmianę hasła.",
        "Gdzie jest przesyłka?": "Sprawdź numer śledzenia.",
    },
    "cp1251": {"Как изменить пароль?": "Откройте настройки.", "Когда придёт посылка?": "Через два дня."},
    "cp1252": {"Comment régler mon compte ?": "Ouvrez « Sécurité ».", "Où est mon colis ?": "Il arrivera après."},
    "cp1254": {
        "Şifremi nasıl değiştiririm?": "Ayarları açın ve şifre değiştir seçeneğini seçin.",
        "Kargom nerede?": "İki üç gün içinde gelir.",
    },
    "shift_jis": {
        "パスワードを変更するには？": "設定を開いてください。",
        "荷物はいつ届きますか？": "通常は二日後です。",
    },
    "gbk": {"如何修改密码？": "打开设置，选择修改密码。", "包裹什么时候到？": "通常两到三天。"},
    "cp949": {"비밀번호는 어떻게 변경하나요?": "설정을 여세요.", "택배는 언제 도착하나요?": "이틀 후입니다."},
}


@pytest.mark.parametrize("encoding", NATIONAL)
def test_csv_in_national_encodings(lake: Lake, folder: Path, encoding: str) -> None:
    written = list(NATIONAL[encoding].items())
    text = "question,answer\n" + "".join(f"{question},{answer}\n" for question, answer in written)
    (folder / "t.csv").write_bytes(text.encode(encoding))
    assert pairs(lake, collect(lake, config(folder / "t.csv"))) == written


def test_an_encoding_that_is_stated_is_believed(lake: Lake, folder: Path) -> None:
    (folder / "t.csv").write_bytes("question,answer\nKde?,Tu \u016f\n".encode("cp1250"))
    stated = config(folder / "t.csv", encoding="Windows-1250")
    assert stated.encoding == "cp1250"
    assert pairs(lake, collect(lake, stated)) == [("Kde?", "Tu \u016f")]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", ""), ("utf-16-be", ""), ("utf-32-le", ""), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff")],
)
def test_wide_encodings_that_are_stated_need_no_mark(lake: Lake, folder: Path, encoding: str, mark: str) -> None:
    text = mark + 'question,answer\nWhere?,Über die Brücke.\nWhy?,"Because\nof it."\n'
    (folder / "t.csv").write_bytes(text.encode(encoding))
    found = pairs(lake, collect(lake, config(folder / "t.csv", encoding=encoding)))
    assert found == [("Where?", "Über die Brücke."), ("Why?", "Because\nof it.")]


@pytest.mark.parametrize("name", ["utf-9", "rot13", "base64"])
def test_what_is_no_encoding_of_text_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ValidationError, match="no encoding of text"):
        config(folder / "t.csv", encoding=name)
