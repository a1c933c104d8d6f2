from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SourceError
from pipeline.prepare.csv_lines import MOST_FAR, csv_lines
from pipeline.prepare.files import local_files, rows
from pipeline.prepare.quality.rows import BROKEN

GOOD = {"question": "How do I start it?", "answer": "Press the green button."}


def test_every_line_becomes_a_row_whatever_it_holds(tmp_path: Path) -> None:
    lines = [
        json.dumps({"answer": "before its question"}),
        json.dumps(GOOD),
        *("no json", '{"question": "half', "[1, 2]", "42", "null", "{}", '{"question": null, "answer": "x"}'),
        json.dumps({"question": ["a"], "answer": {"b": 1}}),
        "",
        json.dumps(GOOD | {"question_id": "given", "context": "c"}),
        '{"question": "surrogate \\ud800?", "answer": "with \\ud800"}',
    ]
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(lines))
    made = list(rows([file], {}))
    assert len(made) == 12
    assert [one.source_kind == BROKEN for one in made] == [True, False] + [True] * 8 + [False] * 2
    assert len({one.question_id for one in made}) == 12
    assert made[10].question_id == "given"
    assert made[10].context == "c"
    assert made[10].context_origin == "human"
    made[11].answer.encode("utf-8")


def test_csv_and_parquet_with_other_names_of_columns(tmp_path: Path) -> None:
    with (tmp_path / "b.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["Title", "Reply"], ["What is NA?", "NA"], ["only a question"]])
    table = pa.table({"ask": ["What is it?", None], "say": ["It is a test.", "nothing"]})
    pq.write_table(table, tmp_path / "c.parquet")
    found = list(rows([tmp_path / "b.csv"], {}))
    assert [(one.question, one.answer) for one in found[:1]] == [("What is NA?", "NA")]
    assert [one.source_kind == BROKEN for one in found] == [False, True]
    found = list(rows([tmp_path / "c.parquet"], {"question": "ask", "answer": "say"}))
    assert [one.source_kind == BROKEN for one in found] == [False, True]
    with pytest.raises(SourceError, match="no column for the question and the answer"):
        list(rows([tmp_path / "c.parquet"], {}))


def test_folders_are_read_whole_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("in/b.jsonl", "in/deep/a.csv", "in/readme.md"):
        (tmp_path / name).write_text("")
    assert [file.name for file in local_files([str(tmp_path / "in")])] == ["b.jsonl", "a.csv"]
    assert list(rows(local_files([str(tmp_path / "in")]), {})) == []
    for given, said in ((tmp_path / "none.csv", "no such file"), (tmp_path / "in" / "readme.md", "cannot be read")):
        with pytest.raises(SourceError, match=said):
            local_files([str(given)])
    (tmp_path / "x.parquet").write_text("no Parquet")
    with pytest.raises(SourceError, match="no readable Parquet"):
        list(rows([tmp_path / "x.parquet"], {}))


def test_cells_that_cannot_be_read_cost_themselves_only(tmp_path: Path) -> None:
    broken = pa.array([b"What is \xff here?", b"Is this fine?"], pa.binary()).view(pa.string())
    times = pa.array([2**50, 0], pa.timestamp("s"))
    answers = pa.array([b"An answer \xfe.", b"Yes, it is."])
    pq.write_table(pa.table({"question": broken, "answer": answers, "updated_at": times}), tmp_path / "a.parquet")
    found = list(rows([tmp_path / "a.parquet"], {}))
    assert [one.question for one in found] == ["What is \ufffd here?", "Is this fine?"]
    assert [one.answer for one in found] == ["An answer \ufffd.", "Yes, it is."]
    assert [one.updated_at.year for one in found][1] == 1970


def test_endless_brackets_huge_fields_and_impossible_times_cost_no_file(tmp_path: Path) -> None:
    early = GOOD | {"updated_at": "0001-01-01T00:00:00+14:00"}
    (tmp_path / "a.jsonl").write_text("\n".join(["[" * 200_000, json.dumps(early), json.dumps(GOOD)]))
    found = list(rows([tmp_path / "a.jsonl"], {}))
    assert [one.source_kind == BROKEN for one in found] == [True, False, False]
    assert found[1].updated_at == found[2].updated_at
    (tmp_path / "b.csv").write_text(f'question,answer\nIs it long?,"{"x" * 200_000}"\nAnd this?,no\n')
    assert [len(one.answer) for one in rows([tmp_path / "b.csv"], {})] == [200_000, 2]


QUESTIONS = ["Wie ändere ich die Größe?", "Как изменить пароль?", "設定を変更するにはどうすればよいですか"]
REPLIES = [
    "Öffnen Sie „Übersicht“ für 5 €.",
    "Откройте меню и нажмите Сохранить.",
    "メニューを開いて保存を押してください。",
]


@pytest.mark.parametrize(
    ("place", "encoding"),
    [
        (0, "cp1252"),
        (1, "cp1251"),
        (2, "shift_jis"),
        (0, "utf-16"),
        (0, "utf-16-le"),
        (1, "utf-8-sig"),
        (2, "utf-16-be"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_files_in_any_usual_encoding(tmp_path: Path, place: int, encoding: str, suffix: str) -> None:
    question, answer = QUESTIONS[place], REPLIES[place]
    line = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
    text = f"question,answer\n{f'{question},{answer}' + chr(10)}" if suffix == ".csv" else f"{line}\n"
    file = tmp_path / f"a{suffix}"
    file.write_bytes((text + text.split("\n")[-2] + "\n").encode(encoding))
    assert [(one.question, one.answer) for one in rows([file], {})] == [(question, answer)] * 2


def test_files_put_together_from_two_encodings(tmp_path: Path) -> None:
    lines = [json.dumps({"question": QUESTIONS[0], "answer": REPLIES[0]}, ensure_ascii=False)] * 3
    file = tmp_path / "a.jsonl"
    file.write_bytes(
        b"\n".join(line.encode(name) for line, name in zip(lines, ("utf-8", "cp1252", "utf-8"), strict=True))
    )
    assert {(one.question, one.answer) for one in rows([file], {})} == {(QUESTIONS[0], REPLIES[0])}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_csv_with_any_delimiter(tmp_path: Path, delimiter: str, first: str) -> None:
    file = tmp_path / "a.csv"
    quoted = '"Press ""A"", then; B | C\n\tand D."'
    file.write_text(first.format(delimiter) + delimiter.join(["question", "answer"]) + f"\nHow?{delimiter}{quoted}\n")
    assert [(one.question, one.answer) for one in rows([file], {})] == [("How?", 'Press "A", then; B | C\n\tand D.')]


def test_commas_that_nobody_quoted_cut_no_answer_and_the_first_column_of_a_name_counts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\nHow?,Press A, B, and C.\nWhere?,There.,,\n")
    assert [one.answer for one in rows([tmp_path / "a.csv"], {})] == ["Press A, B, and C.", "There."]
    (tmp_path / "b.csv").write_text("Question,question,answer,answer\nOne?,Two?,three,four\n")
    assert [(one.question, one.answer) for one in rows([tmp_path / "b.csv"], {})] == [("One?", "three")]


OPEN = 'Q1?,"no end\n'


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (f"{OPEN}Q2?,A2\nQ3?,A3\n", [None, "A2", "A3"]),
        (f"{OPEN}Q2?,A2\nQ3?,A3", [None, "A2", "A3"]),
        (f'{OPEN}Q2?,A2\nQ3?,"A3, or\nA4"\nQ4?,A4\n', [None, "A2", "A3, or\nA4", "A4"]),
        (f'{OPEN}"Q2?","A2"\n{OPEN}{OPEN}Q3?,A3\n', [None, "A2", None, None, "A3"]),
        ('Q1?,"no end', [None]),
        # a quoted field may have several lines, quotes in it, and blanks behind it
        ('Q1?,"a\n\nb ""c"" d"\nQ2?,A2\n', ['a\n\nb "c" d', "A2"]),
        ('Q1?,"a\nb" \nQ2?,A2\n', ["a\nb ", "A2"]),
        ('Q1?,"a\nPress "OK"."\nQ2?,A2\n', ['a\nPress OK"."', "A2"]),
        ('Q1?,5" wide\nQ2?,6" wide\n', ['5" wide', '6" wide']),
    ],
)
def test_a_quote_that_nobody_closed_costs_its_line_only(tmp_path: Path, text: str, answers: list[str | None]) -> None:
    (tmp_path / "a.csv").write_text(f"question,answer\n{text}")
    found = list(rows([tmp_path / "a.csv"], {}))
    assert [None if one.source_kind == BROKEN else one.answer for one in found] == answers
    assert [one.answer for one in found if one.source_kind == BROKEN] == ['Q1?,"no end'] * answers.count(None)


def test_a_quote_that_nobody_closed_in_the_header_hides_no_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('question,"answer\nQ1?,A1\nQ2?,A2\n')
    assert [one.answer for one in rows([tmp_path / "a.csv"], {})] == ["A1", "A2"]


def test_quotes_that_nobody_closed_are_no_square_of_work(tmp_path: Path) -> None:
    lines = [f'a{number}","b' for number in range(5_000)]
    taken = 0

    class Counted(list[str]):
        def __iter__(self) -> Iterator[str]:
            nonlocal taken
            for line in super().__iter__():
                taken += 1
                yield line

    found = list(csv_lines(Counted(lines), ","))
    assert len(found) == len(lines)
    assert taken == len(lines), "what was given back comes first"
    assert sum(isinstance(one, str) for one in found) == MOST_FAR + 1


def test_numbers_of_json_say_what_they_said(tmp_path: Path) -> None:
    numbers = ["1.10", "19.90", "-0.50", "1e400", "1.0", "12345678901234567.25", "7", "NaN", "-Infinity"]
    lines = [f'{{"question": "How much is it, {n}?", "answer": {number}}}' for n, number in enumerate(numbers)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.json").write_text(f"[{','.join(lines)}]")
    for name in ("a.jsonl", "b.json"):
        found = list(rows([tmp_path / name], {}))
        assert [one.answer for one in found if one.source_kind != BROKEN] == numbers[:-2]
        assert [one.source_kind == BROKEN for one in found[-2:]] == [True, True]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD, indent=2),
        json.dumps([GOOD], indent=2),
        json.dumps({"data": [GOOD]}),
        json.dumps({"version": 1, "faq": {"name": "x", "items": [GOOD]}}),
        json.dumps(GOOD) + "\n",
        f"[{json.dumps(GOOD)},]",
        json.dumps(GOOD | {"tags": [{"a": 1}]}),
    ],
)
def test_json_of_any_shape(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert [(one.question, one.answer) for one in rows([tmp_path / "a.json"], {})] == [
        (GOOD["question"], GOOD["answer"])
    ]


def test_names_of_columns_in_other_languages_and_suffixes_in_capitals(tmp_path: Path) -> None:
    for name, mark, head in (
        ("a.CSV", ";", "Frage Antwort"),
        ("b.tsv", "\t", "ВОПРОС Ответ"),
        ("c.Csv", ",", "質問 回答"),
    ):
        (tmp_path / name).write_text(f"{head.replace(' ', mark)}\nWhat is it?{mark}It is this.\n")
        assert [one.question for one in rows(local_files([str(tmp_path / name)]), {})] == ["What is it?"]
    (tmp_path / "raw.jsonl").write_text('{"question": "What is\tit?", "answer": "It is this."}\n')
    assert [one.source_kind for one in rows([tmp_path / "raw.jsonl"], {})] == ["file"]
