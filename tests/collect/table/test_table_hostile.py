from __future__ import annotations

import functools
import gzip
import json
import os
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collect_support import collect, rows_of, set_aside_of

from pipeline.collect.table import source as table_source
from pipeline.collect.table.files import open_files
from pipeline.collect.table.readers import choice
from pipeline.errors import PipelineError, SourceError
from pipeline.lake import Lake
from pipeline.settings import LakeSettings, TableSourceSettings


def config(uri: Path | str, **changes: Any) -> TableSourceSettings:
    return TableSourceSettings(
        **{"kind": "table", "name": "kb", "uri": str(uri), "generated_context": "none", **changes}
    )


def parquet(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def from_arrays(names: list[str], *columns: list[str]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays([pa.array(column) for column in columns], names=names), sink)
    return sink.getvalue().to_pybytes()


def damaged_page() -> bytes:
    rows = 20_000
    body = bytearray(parquet(question=[f"Q{n}?" for n in range(rows)], answer=[f"A{n} " * 5 for n in range(rows)]))
    body[len(body) // 2 : len(body) // 2 + 4000] = b"\xff" * 4000
    return bytes(body)


GOOD = parquet(question=["a?"], answer=["1"])
WHOLE_FILE: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("t.parquet", b"", "Parquet file is damaged"),
    "text instead of Parquet": ("t.parquet", b"question,answer\na,b\n", "Parquet file is damaged"),
    "Parquet cut off": ("t.parquet", GOOD[:-20], "Parquet file is damaged"),
    "Parquet without its middle": ("t.parquet", GOOD[:10] + GOOD[-12:], "Parquet file is damaged"),
    "a damaged page": ("t.parquet", damaged_page(), "Parquet file is damaged"),
    "only magic": ("t.parquet", b"PAR1PAR1", "Parquet file is damaged"),
    "a footer that claims four gigabytes": (
        "t.parquet",
        b"PAR1" + b"\0" * 8 + b"\xff\xff\xff\xffPAR1",
        "Parquet file is damaged",
    ),
    "Parquet without the column": (
        "t.parquet",
        parquet(q=["a?"], answer=["1"]),
        "no column question; the file has: q, answer",
    ),
    "a struct where text should be": (
        "t.parquet",
        parquet(question=[{"x": "a?"}], answer=["1"]),
        "mapped column is not text",
    ),
    "a list where text should be": ("t.parquet", parquet(question=[["a?"]], answer=["1"]), "mapped column is not text"),
    "a map where text should be": (
        "t.parquet",
        parquet(question=pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())), answer=["1"]),
        "mapped column is not text",
    ),
    "two columns of one name in Parquet": (
        "t.parquet",
        from_arrays(["question", "answer", "answer"], ["a?"], ["1"], ["2"]),
        "exists 2 times",
    ),
    "two columns of one name in CSV": ("t.csv", b"question,answer,answer\na?,1,2\n", "2 columns are called answer"),
    "an encrypted footer": ("t.parquet", GOOD[:-4] + b"PARE", "Parquet file is damaged"),
    "no columns": ("t.parquet", from_arrays([]), "no column question"),
    "empty CSV": ("t.csv", b"", "the file is empty"),
    "blank CSV": ("t.csv", b"\n\n  \n", "the file is empty"),
    "CSV without the column": ("t.csv", b"q,a\n1,2\n", "no column question; the file has: q, a"),
    "binary called CSV": ("t.csv", b"\x7fELF\0\0\0\0" * 50, "binary, not CSV"),
    "Parquet called CSV": ("t.csv", GOOD, "binary, not CSV"),
    "a header with an open quote": ("t.csv", b'"question,answer\na,b\n', "header line is damaged"),
    "no JSON at all": ("t.jsonl", b"hello\nworld\n", "no JSON objects"),
    "a JSON array cut off": ("t.json", b'[{"question":"a?","answer":"1"},', "not valid JSON"),
    "a deep JSON array": ("t.json", b"[" * 200_000, "not valid JSON"),
    "gzip cut off": (
        "t.csv.gz",
        gzip.compress(b"question,answer\n" + b"a,b\n" * 9999)[:-30],
        "compressed file is damaged",
    ),
    "no gzip": ("t.csv.gz", b"question,answer\na,b\n", "compressed file is damaged"),
}


@pytest.mark.parametrize("name", WHOLE_FILE)
def test_an_unreadable_file_alone_is_one_clear_error(lake: Lake, folder: Path, name: str) -> None:
    file, body, message = WHOLE_FILE[name]
    (folder / file).write_bytes(body)
    with pytest.raises(SourceError) as problem:
        collect(lake, config(folder / file))
    assert message in str(problem.value)
    assert file in str(problem.value)
    assert len(str(problem.value)) < 1000


@pytest.mark.parametrize("name", WHOLE_FILE)
def test_an_unreadable_file_among_others_is_set_aside(lake: Lake, folder: Path, name: str) -> None:
    file, body, message = WHOLE_FILE[name]
    (folder / file).write_bytes(body)
    (folder / "good.parquet").write_bytes(GOOD)
    manifest = collect(lake, config(folder))
    assert [row["answer"] for row in rows_of(lake, manifest)] == ["1"]
    [aside] = set_aside_of(lake, manifest)
    assert message in f"{aside['reason']} {aside['detail']}"
    assert aside["provenance"].endswith(file)


def test_an_unreadable_part_of_a_dataset_is_set_aside(lake: Lake, folder: Path) -> None:
    (folder / "part-00000.parquet").write_bytes(GOOD)
    (folder / "part-00001.parquet").write_bytes(b"broken")
    manifest = collect(lake, config(folder))
    assert len(rows_of(lake, manifest)) == 1
    assert set_aside_of(lake, manifest)[0]["provenance"].endswith("part-00001.parquet")


def test_a_part_that_breaks_later_keeps_the_earlier_rows_of_all_parts(lake: Lake, folder: Path) -> None:
    (folder / "other.jsonl").write_text('{"question": "o?", "answer": "o"}')
    (folder / "part-00000.parquet").write_bytes(GOOD)
    (folder / "part-00001.parquet").write_bytes(parquet(question=["b?"], answer=["2"]))
    collect(lake, config(folder), "r1")
    (folder / "part-00001.parquet").write_bytes(damaged_page())
    second = collect(lake, config(folder), "r2")
    assert sorted(row["answer"] for row in rows_of(lake, second)) == ["1", "2", "o"]
    assert second.facts["documents"] == {"failed": 1, "unchanged": 1}
    assert second.counts.reasons == {"the Parquet file is damaged or incomplete": 1}
    still = collect(lake, config(folder), "r2b")
    assert sorted(row["answer"] for row in rows_of(lake, still)) == ["1", "2", "o"]
    (folder / "part-00001.parquet").write_bytes(parquet(question=["b?"], answer=["3"]))
    assert sorted(row["answer"] for row in rows_of(lake, collect(lake, config(folder), "r3"))) == ["1", "3", "o"]


def test_a_part_that_always_was_damaged_holds_up_no_new_part(lake: Lake, folder: Path) -> None:
    (folder / "part-00000.parquet").write_bytes(GOOD)
    (folder / "part-00001.parquet").write_bytes(b"broken")
    collect(lake, config(folder), "r1")
    for number, run in ((2, "r2"), (3, "r3")):
        (folder / f"part-0000{number}.parquet").write_bytes(parquet(question=[f"b{number}?"], answer=[str(number)]))
        manifest = collect(lake, config(folder), run)
        assert len(rows_of(lake, manifest)) == number
        assert manifest.counts.set_aside == 1


def test_one_json_part_of_several_may_hold_no_answers(lake: Lake, folder: Path) -> None:
    for number, record in enumerate(('{"question": "a?", "answer": "1"}', '{"question": "b?", "answer": "2"}')):
        (folder / f"part-0000{number}.json").write_text(record)
    collect(lake, config(folder), "r1")
    (folder / "part-00002.json").write_text('{"question": "open?"}')
    (folder / "part-00003.json").write_text('{"question": "c?", "answer": "3"}')
    second = collect(lake, config(folder), "r2")
    assert sorted(row["answer"] for row in rows_of(lake, second)) == ["1", "2", "3"]
    assert second.counts.set_aside == 1


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize("renamed", ["question", "answer", "code"])
def test_a_column_that_was_renamed_keeps_the_earlier_rows(lake: Lake, folder: Path, ending: str, renamed: str) -> None:
    def write(*names: str) -> None:
        records = [dict(zip(names, (f"q{n}?", str(n), f"k{n}"), strict=True)) for n in range(3)]
        lines = [",".join(names), *(",".join(record.values()) for record in records)]
        lines = [json.dumps(record) for record in records] if ending == "jsonl" else lines
        (folder / f"t.{ending}").write_text("\n".join(lines))

    (folder / "other.jsonl").write_text('{"question": "o?", "answer": "o", "code": "o"}')
    write("question", "answer", "code")
    collect(lake, config(folder, key="code"), "r1")
    write(*(f"{name}s" if name == renamed else name for name in ("question", "answer", "code")))
    second = collect(lake, config(folder, key="code"), "r2")
    assert len(rows_of(lake, second)) == 4
    [aside] = set_aside_of(lake, second)
    assert aside["reason"] == "a mapped column is missing"
    assert renamed in str(aside["detail"])


@pytest.mark.parametrize(("line", "said"), [("b?,2,3", "3 fields"), ('b?,"2', "unpaired quotes")])
def test_what_is_wrong_with_a_line_is_said(lake: Lake, folder: Path, line: str, said: str) -> None:
    (folder / "t.csv").write_text(f"question,answer\na?,1\n{line}\nc?,3\n")
    [aside] = set_aside_of(lake, collect(lake, config(folder / "t.csv")))
    assert f"{said}, 2 expected: {line}" in str(aside["detail"])


def test_a_file_that_breaks_later_keeps_its_earlier_rows(lake: Lake, folder: Path) -> None:
    (folder / "a.parquet").write_bytes(GOOD)
    (folder / "b.parquet").write_bytes(parquet(question=["b?"], answer=["2"]))
    collect(lake, config(folder), "r1")
    (folder / "b.parquet").write_bytes(damaged_page())
    second = collect(lake, config(folder), "r2")
    assert [row["answer"] for row in rows_of(lake, second)] == ["1", "2"]
    assert second.counts.reasons == {"the Parquet file is damaged or incomplete": 1}


ROWS: dict[str, tuple[str, bytes, int, dict[str, int]]] = {
    "blank cells": ("t.csv", b'question,answer\n,1\na?,\n" ","x"\nb?,2\n', 1, {"no question": 2, "no answer": 1}),
    "too few and too many fields": ("t.csv", b"question,answer\na?\nb?,2,3\nc?,3\n", 1, {"not a valid CSV record": 2}),
    "an open quote at the end": ("t.csv", b'question,answer\na?,1\nb?,"2\n', 1, {"not a valid CSV record": 1}),
    "an open quote swallows no rows": (
        "t.csv",
        b'question,answer\na?,1\nb?,"2\nc?,3\nd?,4\n',
        3,
        {"not a valid CSV record": 1},
    ),
    "two open quotes swallow no rows": (
        "t.csv",
        b'question,answer\nb?,"2\nc?,3\nd?,"4\ne?,5\n',
        2,
        {"not a valid CSV record": 2},
    ),
    "inch marks": ("t.csv", b'question,answer\nHow wide?,24" wide\nb?,2\n', 2, {}),
    "line breaks in quotes": ("t.csv", b'question,answer\na?,"1\n2\n\n3"\nb?,"say ""yes"""\n', 2, {}),
    "bytes that are no UTF-8": (
        "t.csv",
        "question,answer\né?,ü\nä?,ß\nö?,ø\n".encode() + b"b?,\xff\xfe\nc?,3\n",
        4,
        {"not valid UTF-8": 1},
    ),
    "a spreadsheet's encoding": ("t.csv", "question,answer\nÜber?,süß\n".encode("cp1252"), 1, {}),
    "null bytes in Parquet": ("t.parquet", parquet(question=["a\0?", "b?"], answer=["1\0", "2"]), 2, {}),
    "nulls": (
        "t.parquet",
        parquet(question=[None, "b?", "c?"], answer=["1", None, "3"]),
        1,
        {"no question": 1, "no answer": 1},
    ),
    "all null": ("t.parquet", parquet(question=["a?"], answer=pa.nulls(1)), 0, {"no answer": 1}),
    "binary that is no text": (
        "t.parquet",
        parquet(question=[b"a?", b"\xff\xfe?"], answer=[b"1", b"2"]),
        1,
        {"not valid UTF-8": 1},
    ),
    "no rows": ("t.parquet", parquet(question=pa.array([], pa.string()), answer=pa.array([], pa.string())), 0, {}),
    "a huge answer": (
        "t.parquet",
        parquet(question=["a?", "b?"], answer=["1", "x" * 200_000]),
        1,
        {"text is too long": 1},
    ),
    "broken lines of JSON": (
        "t.jsonl",
        b'{"question":"a?","answer":"1"}\n{"question":\n[1]\n"x"\nnull\n{"question":"b?","answer":"2"}\n',
        2,
        {"not valid JSON": 1, "not a JSON object": 3},
    ),
    "other types in JSON": (
        "t.jsonl",
        b'{"question":"a?","answer":3}\n{"question":"b?","answer":{"x":1}}\n{"question":"c?","answer":["1","2"]}\n{"question":"d?","answer":true}\n',
        3,
        {"no answer": 1},
    ),
    "not a number in JSON": ("t.jsonl", b'{"question":"a?","answer":NaN}\n{"question":"b?","answer":1e999}\n', 2, {}),
    "lone surrogates in JSON": ("t.jsonl", b'{"question":"half \\ud83d?","answer":"1 \\udc00"}\n', 1, {}),
    "bytes in JSON that are no UTF-8": (
        "t.jsonl",
        b'{"question":"a?","answer":"1"}\n{"question":"\xff","answer":"2"}\n',
        1,
        {"not valid UTF-8": 1},
    ),
    "deep JSON": ("t.jsonl", b'{"question":"a?","answer":"1"}\n' + b"[" * 100_000 + b"\n", 1, {"not valid JSON": 1}),
    "an endless line": (
        "t.jsonl",
        b'{"question":"a?","answer":"1"}\n{"question":"' + b"x" * (40 << 20) + b'"}\n{"question":"b?","answer":"2"}\n',
        2,
        {"the line is too long": 1},
    ),
    "decimals": (
        "t.parquet",
        parquet(question=pa.array([Decimal("1.50"), None]), answer=["1", "2"]),
        1,
        {"no question": 1},
    ),
    "large strings in a dictionary": (
        "t.parquet",
        parquet(question=pa.array(["a?", "b?"], pa.large_string()).dictionary_encode(), answer=["1", "2"]),
        2,
        {},
    ),
    "two other columns of one name": ("t.csv", b"question,answer,x,x\na?,1,2,3\n", 1, {}),
    "blanks around names": ("t.csv", b"question , answer\na?,1\n", 1, {}),
    "blank lines before the names": ("t.csv", b"\n\nquestion,answer\na?,1\n", 1, {}),
    "only a header": ("t.csv", b"question,answer\n", 0, {}),
    "a null byte in a cell": ("t.csv", b"question,answer\na?,1\0\nb?,2\n", 2, {}),
    "a byte that the spreadsheet's encoding does not know": (
        "t.csv",
        "question,answer\n\u00dcber?,s\u00fc\u00df\n".encode("cp1252") + b"b?,\x81\nc?,3\n",
        2,
        {"not valid UTF-8": 1},
    ),
    "UTF-16 cut in a character": ("t.csv", 'question,answer\na?,"1"\nb?,22'.encode("utf-16")[:-1], 2, {}),
    "UTF-16 cut in a character, an open quote": (
        "t.csv",
        'question,answer\na?,"1\nb?,22'.encode("utf-16")[:-1],
        1,
        {"not a valid CSV record": 1},
    ),
    "a CSV line of 100 MB": (
        "t.csv",
        b"question,answer\na?,1\nx?," + b"y" * (100 << 20) + b"\nb?,2\n",
        2,
        {"not a valid CSV record": 1},
    ),
    "half a character in a JSON array": (
        "t.json",
        b'["\\ud800", {"question":"a?","answer":"1"}]',
        1,
        {"not a JSON object": 1},
    ),
    "numbers of 9,000 digits": (
        "t.jsonl",
        b'{"question":"a?","answer":' + b"9" * 9000 + b'}\n{"question":"c?","answer":1}\n',
        1,
        {"not valid JSON": 1},
    ),
    "a formula": ("t.csv", b'question,answer\na?,"=HYPERLINK(""http://x.example"")"\n', 1, {}),
}


@pytest.mark.parametrize("name", ROWS)
def test_bad_rows_are_set_aside_and_the_rest_goes_on(lake: Lake, folder: Path, name: str) -> None:
    file, body, rows, expected = ROWS[name]
    (folder / file).write_bytes(body)
    manifest = collect(lake, config(folder / file))
    assert manifest.counts.rows_out == rows
    assert manifest.counts.reasons == expected
    for entry in set_aside_of(lake, manifest):
        assert entry["provenance"].endswith(file)
        json.dumps(entry)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_predicate_on_bytes_that_are_no_text(lake: Lake, folder: Path, name: str) -> None:
    csv = b"question,answer,l\na?,1,en\nb?,2,\xff\n"
    (folder / name).write_bytes(
        csv if name == "t.csv" else parquet(question=["a?", "b?"], answer=["1", "2"], l=[b"en", b"\xff"])
    )
    assert len(rows_of(lake, collect(lake, config(folder / name, where={"l": "en"})))) == 1


def test_times_at_the_ends_of_the_calendar(lake: Lake, folder: Path) -> None:
    times = ["NaN", "1e30", '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', "9" * 400]
    lines = [f'{{"question":"q{n}?","answer":"1","u":{text}}}' for n, text in enumerate(times)]
    (folder / "t.jsonl").write_text("\n".join(lines))
    assert len(rows_of(lake, collect(lake, config(folder / "t.jsonl", updated_at="u")))) == 5


def test_times_that_no_calendar_and_no_zone_knows(lake: Lake, folder: Path) -> None:
    odd = {"question": ["a?", "b?"], "answer": ["1", "2"], "u": pa.array([2**62, -(2**62)], pa.timestamp("us"))}
    (folder / "t.parquet").write_bytes(parquet(**odd))
    assert len(rows_of(lake, collect(lake, config(folder / "t.parquet", updated_at="u"), "r1"))) == 2
    odd["u"] = pa.array([10**18, 10**18], pa.timestamp("ns", "Mars/X"))
    (folder / "z.parquet").write_bytes(parquet(**odd))
    manifest = collect(lake, config(folder / "z.parquet", updated_at="u", where={"u": ">2000"}), "r2")
    assert len(rows_of(lake, manifest)) == 2


def test_the_rest_of_a_row_that_is_set_aside_is_kept(lake: Lake, folder: Path) -> None:
    (folder / "t.csv").write_text("id,question,answer\n7,,the answer\n")
    [aside] = set_aside_of(lake, collect(lake, config(folder / "t.csv", key="id")))
    assert (aside["answer"], aside["provenance"].rpartition("#")[2]) == ("the answer", "7")


def test_a_compressed_bomb_is_not_landed(lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.csv").write_text("question,answer\na?,1\n")
    (folder / "b.csv.gz").write_bytes(gzip.compress(b"question,answer\n" + b"0" * (8 << 20)))
    (folder / "c.csv.gz").write_bytes(b"no gzip at all")
    monkeypatch.setattr(table_source, "expanded", functools.partial(choice.expanded, limit=1 << 20))
    manifest = collect(lake, config(folder))
    assert [row["answer"] for row in rows_of(lake, manifest)] == ["1"]
    assert sorted(entry["reason"] for entry in set_aside_of(lake, manifest)) == [
        "the compressed file is damaged",
        "the compressed file is too large",
    ]
    landed = {info.uri.rpartition("/")[2] for info in lake.objects(lake.uri("raw"))}
    assert {"a.csv", "c.csv.gz"} < landed
    assert not any(name.startswith("b.csv") for name in landed)


def test_a_compressed_bomb_is_refused(folder: Path) -> None:
    bomb = folder / "t.csv.gz"
    bomb.write_bytes(gzip.compress(b"question,answer\n" + b"0" * (8 << 20)))
    with pytest.raises(choice.Unreadable, match="too large"):
        choice.expanded(bomb, "gz", folder / "out", limit=1 << 20)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("{tmp}/missing.csv", "There is no table here"),
        ("{tmp}", "There is no table here"),
        ("{tmp}/*.csv", "There is no table here"),
        ("https://example.com/t.csv", "not read over https"),
        ("ftp://example.com/t.csv", "not read over ftp"),
        ("s3://", "not read over s3"),
    ],
)
def test_places_without_a_table(lake: Lake, folder: Path, uri: str, message: str) -> None:
    (folder / "notes.md").write_text("no table")
    with pytest.raises(SourceError, match=message):
        collect(lake, config(uri.replace("{tmp}", str(folder))))


def test_an_s3_service_that_is_down_is_one_clear_error(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    from collect_support import settings_with

    from pipeline.collect import stage
    from pipeline.settings import LakeSettings

    source = config("s3://bucket/t.parquet")
    settings = settings_with(source).model_copy(
        update={"lake": LakeSettings(endpoint_url="http://127.0.0.1:9", access_key="a", secret_key="b")}
    )
    with pytest.raises(PipelineError, match="object store"):
        stage.run(settings, lake, run_id="r1", source="kb")


def unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nonexistent/file.csv")


@pytest.mark.parametrize("spoil", [unreadable])
def test_a_dangling_link_is_no_file(lake: Lake, folder: Path, spoil: Callable[[Path], None]) -> None:
    (folder / "good.csv").write_text("question,answer\na?,1\n")
    (folder / "bad.csv").write_text("x")
    spoil(folder / "bad.csv")
    assert len(rows_of(lake, collect(lake, config(folder)))) == 1


def secret(folder: Path) -> Path:
    """A file with a secret, in the form of a table, beside the table's folder."""
    path = folder.parent / "secret.env"
    path.write_text("question,answer\nWhich token?,hunter2\n")
    return path


def landed(lake: Lake) -> bytes:
    return b"".join(lake.read(info.uri) for info in lake.objects(lake.uri("raw")))


@pytest.mark.parametrize("where", ["{folder}", "{folder}/*.csv", "{folder}/**"])
def test_links_are_not_followed_and_told(lake: Lake, folder: Path, where: str) -> None:
    (folder / "good.csv").write_text("question,answer\na?,1\n")
    (folder / "faq.csv").symlink_to(secret(folder))
    (folder / "more.csv").symlink_to(folder / "good.csv")
    (folder / "up").symlink_to(folder.parent)
    manifest = collect(lake, config(where.format(folder=folder)))
    assert [row["answer"] for row in rows_of(lake, manifest)] == ["1"]
    assert b"hunter2" not in landed(lake)
    told = [warning for warning in manifest.warnings if "is a link and was not read" in warning]
    assert [warning.split()[0] for warning in told] == ["faq.csv", "more.csv", "up"]


def test_a_link_in_place_of_the_only_file_is_refused(lake: Lake, folder: Path) -> None:
    (folder / "faq.csv").symlink_to(secret(folder))
    with pytest.raises(SourceError, match="The file is a link"):
        collect(lake, config(folder / "faq.csv"))
    with pytest.raises(SourceError, match="1 links are not followed"):
        collect(lake, config(folder))


@pytest.mark.parametrize("name", ["faq.csv", "part/faq.csv"])
def test_a_file_that_becomes_a_link_after_it_was_listed_is_not_read(lake: Lake, folder: Path, name: str) -> None:
    (folder / "part").mkdir()
    (folder / name).write_text("question,answer\na?,1\n")
    place = open_files(str(folder), LakeSettings())
    [file] = place.list()
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    secret(folder).rename(elsewhere / "faq.csv")
    if "/" in name:
        shutil.rmtree(folder / "part")
        (folder / "part").symlink_to(elsewhere)
    else:
        (folder / name).unlink()
        (folder / name).symlink_to(elsewhere / "faq.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        place.fetch(file, folder.parent / "copy")
    assert not (folder.parent / "copy").exists()


def test_a_pipe_in_place_of_a_listed_file_keeps_nobody_waiting(folder: Path) -> None:
    (folder / "faq.csv").write_text("question,answer\na?,1\n")
    place = open_files(str(folder), LakeSettings())
    [file] = place.list()
    (folder / "faq.csv").unlink()
    os.mkfifo(folder / "faq.csv")
    with pytest.raises(SourceError, match="no regular file"):
        place.fetch(file, folder.parent / "copy")


def test_a_folder_that_the_settings_name_may_be_a_link(lake: Lake, folder: Path) -> None:
    (folder / "good.csv").write_text("question,answer\na?,1\n")
    (folder.parent / "current").symlink_to(folder)
    manifest = collect(lake, config(folder.parent / "current"))
    assert [row["provenance"] for row in rows_of(lake, manifest)] == [(folder / "good.csv").as_uri()]
