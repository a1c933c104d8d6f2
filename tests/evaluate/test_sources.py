from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import PipelineError, SettingsError, StoreError
from pipeline.evaluate.assessment import plan
from pipeline.evaluate.benchmarks_adapter import SAMPLES, load_benchmark
from pipeline.evaluate.examples import examples_of, from_row, topic_of
from pipeline.evaluate.labelling import as_question, is_multi_label, read_labels
from pipeline.evaluate.sources import model_at, rows_at
from pipeline.lake import Lake
from pipeline.settings import EvaluateSettings, Settings

from . import tiny

ROW = {"question": "q", "answer": "a", "context": "c"}


def test_data_in_every_form_is_the_same(lake: Lake, tmp_path: Path) -> None:
    rows = tiny.rows()
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "prepared" / "rows").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "prepared" / "rows" / "part-00000.parquet")
    (tmp_path / "prepared" / "manifest.json").write_text("{}")
    single = tmp_path / "prepared" / "rows" / "part-00000.parquet"
    forms = [
        lines,
        single,
        tmp_path / "prepared",
        tmp_path / "prepared" / "rows",
        tmp_path / "prepared" / "manifest.json",
    ]
    for place in forms:
        assert [row["question_id"] for row in rows_at(str(place), lake, "test")] == [row["question_id"] for row in rows]
        with pytest.raises(PipelineError, match="no rows of the split train among 10"):
            rows_at(str(place), lake, "train")


def test_rows_that_name_no_split_are_all_taken(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n\n{json.dumps(ROW)}\n")
    assert len(rows_at(str(file), lake, "test")) == 2


def test_a_line_ends_where_json_lines_end(lake: Lake, tmp_path: Path) -> None:
    """JSON allows U+2028, U+2029 and U+0085 inside of a text as they are; only line feeds part lines."""
    row = ROW | {"question": "a\u2028b\u2029c\u0085d"}
    file = tmp_path / "own.jsonl"
    file.write_text(f"{json.dumps(row, ensure_ascii=False)}\r\n{json.dumps(ROW)}\n", newline="")
    assert [found["question"] for found in rows_at(str(file), lake, "test")] == [row["question"], "q"]
    assert [example.question for example in load_benchmark(str(file)).examples] == [row["question"], "q"]


def test_two_questions_of_a_benchmark_with_one_id_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    choice = {"question": "Which?", "choices": ["a", "b"], "answer": 0}
    file.write_text("\n".join(json.dumps(choice | {"question_id": name}) for name in ("one", "two", "one")))
    with pytest.raises(PipelineError, match="1 question_ids stand on several lines, such as 'one'"):
        load_benchmark(str(file))
    file.write_text("\n".join(json.dumps(choice) for _ in range(3)))
    assert len(load_benchmark(str(file)).examples) == 3


@pytest.mark.parametrize(("text", "problem"), [("{", "line 1"), ("[1]", "not a JSON object"), ("", "no rows")])
def test_bad_data_is_named(lake: Lake, tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(PipelineError, match=problem):
        rows_at(str(file), lake, "test")
    with pytest.raises(PipelineError, match="no such data"):
        rows_at(str(tmp_path / "missing"), lake, "test")


def test_a_model_that_is_nowhere_is_named(settings: Settings, lake: Lake) -> None:
    with pytest.raises(PipelineError, match="no such model"):
        model_at("/does/not/exist", "candidate", settings, lake)
    settings.publish.endpoint = "http://127.0.0.1:21698"
    with pytest.raises(StoreError, match="model store does not give"):
        model_at("acme/none", "candidate", settings, lake)


@pytest.mark.model
def test_a_folder_is_known_by_its_content(settings: Settings, lake: Lake, learned: Path, untrained: Path) -> None:
    first = model_at(str(learned), "candidate", settings, lake)
    assert first.digest != model_at(str(untrained), "base", settings, lake).digest
    assert first.local(settings, lake) == learned


def test_examples_are_a_stable_sample() -> None:
    rows = [{**ROW, "question_id": f"q{n:03d}"} for n in range(100)]
    first = {example.question_id for example in examples_of(rows, 20, 1)}
    again = {example.question_id for example in examples_of([*rows[::-1], {**ROW, "question_id": "new"}], 20, 1)}
    assert len(first) == 20
    assert len(first - again) <= 1
    assert first != {example.question_id for example in examples_of(rows, 20, 2)}


def test_rows_become_examples() -> None:
    example = from_row({**ROW, "answers": ["b"], "alternates": [{"answer": "c"}, "id-of-a-row"], "question_id": 7})
    assert example.references == ("a", "b", "c")
    assert example.question_id == "7"
    assert from_row({**ROW, "context": ""}).context is None
    assert from_row({**ROW, "answer": "half \ud800"}).reference == "half ?"
    with pytest.raises(PipelineError, match="no text in: answer"):
        from_row({"question": "q", "answer": None})


@pytest.mark.parametrize(
    ("provenance", "topic"),
    [
        ("https://docs.example.org/3/faq/design.html#why-self", "design"),
        ("https://example.org/", "example.org"),
        ("https://example.org/browse/HELP-123", "HELP"),
        ("s3://bucket/faq/rows.parquet#12", "rows"),
        (None, None),
    ],
)
def test_topic_is_the_page_or_the_project(provenance: str | None, topic: str | None) -> None:
    assert topic_of(provenance) == topic


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.jsonl")), ids=lambda file: file.stem)
def test_benchmarks_that_ship_are_sound(file: Path) -> None:
    benchmark = load_benchmark(f"sample:{file.stem}")
    assert benchmark.kind == "labels"
    assert len(benchmark.examples) >= 12
    used = {label for example in benchmark.examples for label in example.labels}
    assert all(used == set(example.choices) for example in benchmark.examples)
    assert len({example.question_id for example in benchmark.examples}) == len(benchmark.examples)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([{"question": "q", "answer": "x", "choices": ["a", "b"]}], "none of the choices"),
        ([{"question": "q", "answer": 2, "choices": ["a", "b"]}], "none of the choices"),
        ([{"question": "q", "labels": ["z"], "choices": ["a", "b"]}], "no choice"),
        ([{"question": "q", "answer": 0, "choices": "ab"}], "list of texts"),
        ([ROW, {"question": "q", "answer": 0, "choices": ["a", "b"]}], "lines of one kind"),
        ([], "lines of one kind"),
        ([["no object"]], "not a JSON object"),
    ],
)
def test_bad_benchmarks_are_named(tmp_path: Path, lines: list[object], problem: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(PipelineError, match=problem):
        load_benchmark(str(file))


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(PipelineError, match="sample:return_policy"):
        load_benchmark("sample:nothing")
    with pytest.raises(SettingsError, match="no perturbation called spelling"):
        plan(EvaluateSettings(perturbations=["spelling"]), [from_row(ROW)], "No.")


@pytest.mark.parametrize(
    ("answer", "multi", "expected"),
    [
        ("Store credit.", False, ("store credit",)),
        ("It is NO RETURNS, not a full refund", False, ("no returns",)),
        ("It is NO RETURNS, not a full refund", True, ("no returns", "full refund")),
        ("full-refund", False, ("full refund",)),
        ("refund", False, ()),
        ("", True, ()),
    ],
)
def test_labels_are_read_from_answers(answer: str, multi: bool, expected: tuple[str, ...]) -> None:
    assert read_labels(answer, ["full refund", "store credit", "no returns"], multi) == expected


def test_a_longer_choice_is_read_before_one_inside_it() -> None:
    assert read_labels("technical problem", ["problem", "technical problem"], True) == ("technical problem",)


def test_choices_stand_in_the_question() -> None:
    single = load_benchmark("sample:return_policy").examples[0]
    assert as_question(single, False).question.endswith("exchange only; no returns.")
    assert not is_multi_label([single])
    assert is_multi_label(load_benchmark("sample:support_topics").examples)


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is not None, reason="lm-evaluation-harness is installed")
def test_harness_that_is_not_installed_is_named() -> None:
    with pytest.raises(PipelineError, match="pip install lm-eval"):
        plan(EvaluateSettings(harness_tasks=["glue"]), [from_row(ROW)], "No.")
