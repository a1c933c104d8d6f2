"""Foundation models compared on a sample of the task, and the one that is recommended."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import typer
from tiny_training import CORPUS
from typer.testing import CliRunner

from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.settings import EvaluateSettings, ModelSettings, SelectSettings, Settings
from pipeline.train import tiny
from pipeline.train.command import _sample, select
from pipeline.train.selection import Measured, Sample, measure, recommend, selection_report, token_f1

pytestmark = pytest.mark.model
SAMPLE = [Sample("Send it back within 30 days.", "How do I return an order?", "Send it back.")] * 3


def settings_in(folder: Path) -> Settings:
    evaluate = EvaluateSettings(max_new_tokens=4, batch_size=2)
    return Settings(state_dir=folder / "state", evaluate=evaluate, select=SelectSettings(machine_hour_cost=3.6))


def one(name: str, **changes: Any) -> Measured:
    made = Measured(name, "causal", "MIT", "open: use", 10, 20.0, 0.5, 1.0, 1.0, 50.0, 1.0, 3)
    return Measured(**{**asdict(made), **changes})


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_a_candidate_of_each_architecture_is_measured(
    models: dict[str, Path], tmp_path: Path, lake: Lake, architecture: str
) -> None:
    candidate = ModelSettings(base=str(models[architecture]), licence="MIT")
    found = measure(settings_in(tmp_path), lake, candidate, SAMPLE, "test")
    assert found.problem is None
    assert (found.architecture, found.licence, found.questions) == (architecture, "MIT", 3)
    assert found.parameters > 100_000
    assert 3 < found.nats_per_token < 9, "random weights guess among 300 tokens"
    assert 0 <= found.token_f1 < 0.5
    assert found.seconds > 0
    assert found.cost == pytest.approx(found.seconds, abs=1e-3), "1,000 answers at 3.60 an hour"


def test_memory_does_not_depend_on_who_was_asked_before(tmp_path: Path, lake: Lake, models: dict[str, Path]) -> None:
    """In one process the second candidate would find what the first had given back, and seem to need nothing."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path / "large"
    tokenizer = AutoTokenizer.from_pretrained(models["causal"])
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=512, intermediate_size=2048, num_hidden_layers=3)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    candidate = ModelSettings(base=str(folder), licence="MIT")
    first, second = (measure(settings_in(tmp_path), lake, candidate, SAMPLE, "test") for _ in range(2))
    assert first.megabytes > 45
    assert first.memory_megabytes > 0.9 * first.megabytes
    assert second.memory_megabytes == pytest.approx(first.memory_megabytes, rel=0.15)


def test_a_candidate_that_cannot_be_had_is_a_row_with_its_reason(tmp_path: Path, lake: Lake) -> None:
    found = measure(settings_in(tmp_path), lake, ModelSettings(base="/no/such/folder"), SAMPLE, "test")
    assert "folder of the base model does not exist" in str(found.problem)
    chosen, reason = recommend([found], SelectSettings())
    assert chosen is None
    html = selection_report([found], chosen, reason).html()
    assert "No model is recommended" in html
    assert "does not exist" in html


@pytest.mark.parametrize(
    ("changes", "wins"),
    [
        ({"token_f1": 0.6}, "other"),
        ({"token_f1": 0.6, "openness": "conditions: read the licence"}, "best"),
        ({"token_f1": 0.6, "openness": "unknown: nobody has stated a licence"}, "best"),
        ({"token_f1": 0.6, "seconds": 11.0}, "best"),
        ({"token_f1": 0.6, "megabytes": 9000.0}, "best"),
        ({"token_f1": 0.6, "problem": "gone"}, "best"),
        ({"token_f1": 0.49, "cost": 0.4}, "other"),
        ({"token_f1": 0.49, "cost": 0.6}, "best"),
        ({"token_f1": 0.47, "cost": 0.1}, "best"),
        ({"nats_per_token": 0.9}, "other"),
    ],
)
def test_the_best_answers_within_the_limits_win_and_half_the_cost_breaks_a_tie(
    changes: dict[str, Any], wins: str
) -> None:
    chosen, _ = recommend([one("best"), one("other", **changes)], SelectSettings())
    assert chosen is not None
    assert chosen.name == wins


def test_words_count_as_often_as_both_have_them() -> None:
    assert token_f1("Send it back", "send IT back") == 1.0
    assert token_f1("back back", "send it back") == pytest.approx(2 / 5)
    assert token_f1("", "send it back") == 0.0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('{"Question": "How?", "Answer": "So."}', "None of 1 rows has a question and an answer"),
        ("", "None of 0 rows has a question and an answer"),
        ('{"question": "How?", "answer": "", "context": null}', "None of 1 rows"),
        ('{"question": "How?", "answer": "No.", "is_refusal": true}', "None of 1 rows"),
        ('[{"question": "How?", "answer": "So."}]', r"no JSON object.*sample\.jsonl, line 1"),
        ('\n{"question": 5, "answer": "So."}', r"as question that is no text.*line 2"),
        ('{"question": "How?", "answer": ["So."]}', r"as answer that is no text.*line 1"),
        ('{"question": "How?"', r"cannot be read.*line 1"),
    ],
)
def test_a_sample_without_questions_recommends_nothing(tmp_path: Path, lake: Lake, lines: str, message: str) -> None:
    (tmp_path / "sample.jsonl").write_text(lines, encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        _sample(settings_in(tmp_path), lake, "", tmp_path / "sample.jsonl")


def test_a_sample_is_read_as_it_is_written(tmp_path: Path, lake: Lake) -> None:
    row = json.dumps({"question": "How?", "answer": "So.", "more": 1})
    (tmp_path / "sample.jsonl").write_text(f"\ufeff{row}\n\n{row}\n", encoding="utf-8")
    found = _sample(settings_in(tmp_path), lake, "", tmp_path / "sample.jsonl")
    assert found == [Sample(None, "How?", "So.")] * 2


def test_the_command_compares_and_takes_licences_from_the_policy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is named without a licence has none: it is measured, and not recommended."""
    folder = tiny.build(tmp_path / "stranger", "llama", CORPUS, vocabulary=300)
    data, page = tmp_path / "sample.jsonl", tmp_path / "page.html"
    data.write_text("\n".join(json.dumps(asdict(item)) for item in SAMPLE), encoding="utf-8")
    monkeypatch.setenv("LLMOPS_LAKE__URI", str(tmp_path / "lake"))
    monkeypatch.setenv("LLMOPS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LLMOPS_EVALUATE__MAX_NEW_TOKENS", "4")
    app = typer.Typer()
    app.command()(select)
    done = CliRunner().invoke(app, ["--data", str(data), "--base", str(folder), "--out", str(page)])
    assert done.exit_code == 0, done.output
    told = page.read_text(encoding="utf-8")
    assert "No model is recommended" in told
    assert "unknown: nobody has stated a licence" in told
    assert "Apache-2.0" not in told
