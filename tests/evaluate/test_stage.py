from __future__ import annotations

import json
from pathlib import Path

import pytest
from features import examples as rows_of
from pydantic import SecretStr
from typer import Typer
from typer.testing import CliRunner

from pipeline.errors import Refused
from pipeline.evaluate import rated, stage
from pipeline.evaluate.command import evaluate
from pipeline.evaluate.ratings import Sheet
from pipeline.features import stage as features_stage
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.precision import asked_on
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage

from . import tiny

pytestmark = pytest.mark.model


def model_manifest(lake: Lake, name: str, folder: Path) -> Manifest:
    """A model in the lake, as the stage of this name leaves it."""

    def work(attempt: Attempt) -> None:
        lake.upload_folder(folder, attempt.uri("model"))
        attempt.facts.update(name=f"acme/{folder.name}", revision="r1", architecture="causal", licence="Apache-2.0")

    return run_stage(lake, name, work, run_id="r1", parameters={"folder": folder.name}, packages=("records",))


@pytest.fixture
def inputs(
    settings: Settings, lake: Lake, learned: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Manifest]:
    monkeypatch.setattr(features_stage, "_tokenise", rows_of.without_spark)
    prepared = rows_of.prepare(lake, rows_of.prepared(*tiny.rows()))
    base = model_manifest(lake, "base-model", untrained)
    features = features_stage.run(settings, lake, run_id="r1", prepared=prepared, base=base)
    return {
        "candidate": model_manifest(lake, "tune", learned),
        "base": base,
        "prepared": prepared,
        "features": features,
    }


def test_stage_measures_the_candidate_and_is_skipped_when_nothing_changed(
    settings: Settings, lake: Lake, inputs: dict[str, Manifest]
) -> None:
    made = stage.run(settings, lake, run_id="r1", **inputs)
    assert set(made.outputs) == {"report", "answers", "generations", "blind_mix"}
    assert {file.path for file in made.output("report").files} == {"report.html", "report.json", "answers.jsonl"}
    assert made.counts.rows_in == made.counts.rows_out == made.facts["questions"] == 10

    f1 = made.facts["metrics"]["token_f1"]
    assert f1["interval"][0] <= f1["candidate"] <= f1["interval"][1]
    assert f1["candidate"] > 0.95
    assert f1["base"] < 0.2
    assert made.facts["differences"]["base"]["token_f1"]["direction"] == "better"
    assert made.facts["metrics"]["refusal_f1"]["candidate"] == 1
    surprise = made.facts["metrics"]["perplexity"]
    assert surprise["candidate"] < 2 < surprise["base"]
    assert made.facts["estimates"]["chrf"]["candidate"]["count"] == 10
    assert made.facts["verdict"]["tone"] == "good"
    assert 0 <= made.facts["robustness"]["candidate"] <= 1
    assert set(made.facts["benchmarks"]) == {"return_policy", "support_topics"}
    assert made.facts["speed"]["candidate"]["generated"] > 10
    assert any("Only 10 held-out questions" in warning for warning in made.warnings)
    assert made.facts["asked_on"] == asked_on()
    assert any("Answers end after 24 tokens" in warning for warning in made.warnings)
    json.dumps(made.facts, allow_nan=False)

    answers = lake.read_table(made.output("answers").uri).to_pylist()
    assert len(answers) == made.output("answers").rows == 10
    assert (answers[0]["candidate"], answers[0]["candidate_token_f1"]) == ("The lamp is red.", 1)
    assert answers[0]["champion"] is None
    generations = lake.read_table(made.output("generations").uri)
    assert generations.num_rows == made.output("generations").rows
    held_out = [row for row in generations.to_pylist() if row["kind"] == "held-out"]
    assert {row["model"] for row in held_out} == {"candidate", "base", "baseline"}
    assert len(held_out) == 30
    page = lake.read(f"{made.output('report').uri}/report.html").decode()
    assert "The candidate is better than the base model" in page

    again = stage.run(settings, lake, run_id="r2", **inputs)
    assert again.cached
    assert again.outputs == made.outputs

    lake.delete([made.uri])
    repeated = stage.run(settings, lake, run_id="r3", **inputs)
    assert not repeated.cached
    assert repeated.digest == made.digest, "the same input gives the same bytes"
    assert repeated.facts["speed"]["base"]["generated"] == 0, "answers of the base model are kept across runs"


def test_answers_planted_for_a_bad_model_and_changed_test_rows_are_not_believed(
    settings: Settings, lake: Lake, inputs: dict[str, Manifest]
) -> None:
    """Somebody who can write to the lake makes a bad candidate look good, between its training and its evaluation."""
    settings.evaluate.perturbation_examples = settings.evaluate.repetition_examples = 0
    settings.evaluate.benchmarks = []
    settings.audit.signing_key = SecretStr("k")
    honest = stage.run(settings, lake, run_id="r1", **inputs)
    bad = inputs | {"candidate": inputs["base"].model_copy(update={"stage": "tune"})}
    good = lake.uri("cache", "answers", inputs["candidate"].output("model").digest[:32])
    target = lake.uri("cache", "answers", inputs["base"].output("model").digest[:32])
    lake.delete([info.uri for info in lake.objects(target)])
    for info in lake.objects(good):
        lake.write(target + info.uri[len(good) :], lake.read(info.uri))
    made = stage.run(settings, lake, run_id="r2", **bad)
    assert made.facts["metrics"]["token_f1"]["candidate"] < 0.2 < honest.facts["metrics"]["token_f1"]["candidate"]
    rows = inputs["features"].outputs
    place = next(f"{output.uri}/{file.path}" for output in rows.values() for file in output.files)
    lake.write(place, lake.read(place) + b"x")
    settings.evaluate.seed += 1
    with pytest.raises(Refused, match="changed after its stage"):
        stage.run(settings, lake, run_id="r3", **inputs)


def test_champion_is_a_third_model_and_never_the_candidate_itself(
    settings: Settings, lake: Lake, inputs: dict[str, Manifest], untrained: Path
) -> None:
    champion = model_manifest(lake, "tune", untrained)
    settings.evaluate.perturbation_examples = settings.evaluate.repetition_examples = 0
    settings.evaluate.benchmarks = []
    made = stage.run(settings, lake, run_id="r1", **inputs, champion=champion)
    assert made.facts["differences"]["champion"]["token_f1"]["direction"] == "better"
    assert made.facts["speed"]["base"]["generated"] == 0, "the champion has the base's bytes, so its answers are kept"
    assert made.facts["robustness"] == {}
    itself = stage.run(settings, lake, run_id="r1", **inputs, champion=inputs["candidate"])
    assert set(itself.facts["differences"]) == {"base", "baseline"}


def test_ratings_of_reviewers_land_in_the_report(settings: Settings, lake: Lake, inputs: dict[str, Manifest]) -> None:
    settings.evaluate.perturbation_examples = settings.evaluate.repetition_examples = 0
    settings.evaluate.benchmarks = []
    made = stage.run(settings, lake, run_id="r1", **inputs)
    mix = rated.mix_of(lake, made)
    assert len({entry["question_id"] for entry in mix.key.values()}) == 4
    scale = dict.fromkeys(("relevance", "logical_flow", "ease_of_understanding", "completeness"), 4)
    sheets = [
        Sheet.model_validate({"rater": who, "ratings": [{"item_id": item.item_id, **scale} for item in mix.items]})
        for who in ("first", "second")
    ]
    with_ratings = rated.run(lake, run_id="r1", evaluation=made, sheets=sheets)
    report = json.loads(lake.read(f"{with_ratings.output('report').uri}/report.json"))
    assert report["ratings"]["raters"] == 2
    assert report["ratings"]["means"]["human"]["relevance"] == 4
    assert report["ratings"]["against_people"]["candidate"]["relevance"]["questions"] == 4
    page = lake.read(f"{with_ratings.output('report').uri}/report.html").decode()
    assert "2 people rated" in page
    assert "Candidate against people" in page
    assert stage.run(settings, lake, run_id="r1", **inputs).digest == made.digest, "what was signed stays as it was"
    fewer = rated.run(lake, run_id="r1", evaluation=made, sheets=sheets[:1])
    assert fewer.uri != with_ratings.uri


def test_command_writes_report_page_and_answers(
    tmp_path: Path, learned: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llmops.toml").write_text(
        "[evaluate]\nbatch_size = 4\nmax_new_tokens = 24\nbootstrap_samples = 100\nperturbation_examples = 1\n"
        'repetition_examples = 1\nbenchmark_examples = 1\nlikelihood_examples = 2\nperturbations = ["case"]\n'
    )
    app = Typer()
    app.command()(evaluate)
    arguments = ["--model", str(learned), "--base", str(untrained), "--data", str(data)]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out" / "report.json"), "--limit", "6"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["data"]["questions"] == 6
    groups = {row["group"] for row in report["metrics"]}
    assert groups == {"answers", "refusals", "language", "style"}
    assert report["benchmarks"][0]["metrics"]
    assert report["robustness"]["attacks"]["candidate"]["case"]["count"] == 1
    assert "<!doctype html>" in (tmp_path / "out" / "report.html").read_text()
    assert len((tmp_path / "out" / "answers.jsonl").read_text().splitlines()) > 12
