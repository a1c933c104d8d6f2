from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from tiny_stages import QA_TEXTS, SIZES, Stages
from tiny_training import hyper, task

from pipeline.errors import TrainingError
from pipeline.features import retrieval
from pipeline.features.replayed import OUTPUT, Replayed
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import Settings, TrainSettings
from pipeline.stage import Attempt, run_stage
from pipeline.train import adapters, replay
from pipeline.train import stage as train_stage
from pipeline.train.batching import Loader
from pipeline.train.environment import accelerator_for
from pipeline.train.fine_tuning import Job, read_job, write_job
from pipeline.train.forgetting import Consolidated, Earlier, score, with_replay
from pipeline.train.objective import objective_for
from pipeline.train.session import Session
from pipeline.train.training_data import earlier_parameters, examples_for
from pipeline.tune import stage as tune_stage

pytestmark = pytest.mark.model


def test_replay_adds_the_share_that_was_asked_for_and_no_question_twice() -> None:
    new, old = task(30, "causal", 1), task(50, "causal", 2)
    mixed = with_replay(new, Earlier(old, old), 0.25, 1, old.ids)
    assert len(mixed) == 40
    assert mixed.ids[:30] == new.ids
    assert set(with_replay(new, Earlier(old, old), 0.25, 1, old.ids[:4]).ids[30:]) == set(old.ids[:4])
    assert with_replay(new, Earlier(new, old), 0.25, 1, new.ids).ids == new.ids
    assert with_replay(new, Earlier(old, old), 0.0, 1, old.ids) is new


def features_of(stages: Stages, name: str, inputs: dict[str, Manifest] | None = None, **facts: Any) -> Manifest:
    def work(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("token_features", "note"), name.encode())
        attempt.facts.update(facts)

    return run_stage(
        stages.lake, "features", work, run_id="test", inputs=inputs, parameters={"architecture": "causal", "name": name}
    )


def questions(*rows: dict[str, Any]) -> list[pa.RecordBatch]:
    plain = {"context": None, "split": "train", "licence": "CC0-1.0", "is_refusal": False, "data_source": "faq"}
    return [pa.RecordBatch.from_pylist([{**plain, **row}], QA_TEXTS) for row in rows]


def row(name: str, question: str = "Who is it?", answer: str = "Us.", **other: Any) -> dict[str, Any]:
    return {"question_id": name, "question": question, "answer": answer, **other}


def test_only_questions_that_are_no_longer_asked_are_replayed(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those that are held out today, nor those of the training split that the limit left out."""
    monkeypatch.setitem(SIZES, "test", (12, 9))
    train, validation, test = (task(SIZES[split][0], "causal", SIZES[split][1]) for split in SIZES)
    gone = task(5, "causal", 7)
    earlier = Earlier(train + validation + test + gone, test)
    before = features_of(stages, "before")
    read = retrieval.question_batches

    def question_batches(settings: Settings, lake: Lake, features: Manifest, columns: Any) -> Iterator[pa.RecordBatch]:
        old = questions(*(row(name, f"What was {name}?") for name in earlier.train.ids))
        return iter(old) if features.uri == before.uri else read(settings, lake, features, columns)

    monkeypatch.setattr(retrieval, "question_batches", question_batches)
    settings = stages.settings("causal", earlier_features=before.uri, replay_share=0.5, max_train_examples=20)
    mixed = examples_for(settings, stages.lake, stages.features("causal"), earlier)
    assert mixed.train.ids[:20] == train.sample(20, settings.train.seed).ids
    assert sorted(mixed.train.ids[20:]) == sorted(mixed.replayed) == gone.ids


def test_what_was_withdrawn_or_is_held_out_in_other_words_is_not_replayed(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reworded question has another id: its old wording would teach the answer of today's test question."""
    page = "Parcels go back within thirty days. Invoices are kept for ten years."
    back = "Send the parcel back within thirty days."

    def aside(attempt: Attempt) -> None:
        batch = pa.RecordBatch.from_pydict({"question_id": ["aside", None]})
        attempt.lake.write_batches(attempt.uri("set_aside", "part-00000.parquet"), [batch], batch.schema)

    prepared = run_stage(stages.lake, "prepare", aside, run_id="test")
    today = features_of(stages, "today", {"prepare": prepared})
    before = features_of(stages, "before", licences={"CC0-1.0": 7, "CC-BY-NC-4.0": 1, "MIT": 1})
    rows = {
        today.uri: questions(
            row("known"),
            row("reworded", "What do I do for a refund?", f"{back} It is free.", split="test"),
            row("moved", "Where do I change my address?", "In your account.", split="validation"),
            row("page", "For how long?", "Ten years.", split="test", context=page),
            row("refusal", "Who was the first king of it?", "The context does not say.", split="test", is_refusal=True),
        ),
        before.uri: questions(
            row("known"),
            row("aside"),
            row("forbidden", licence="CC-BY-NC-4.0"),
            row("old wording", "How do I get my money back?", f"{back} It is free."),
            row("old id", "where do I change my address", "Ask us."),
            row("old place", "How long do you keep them?", "10 years.", context=page),
            row("judged then", split="test"),
            row("kept", "Where is my invoice?", "In your account, under orders.", context="Orders have invoices."),
            row("refused", "When?", "The context does not say."),
            row("MIT", licence="MIT"),
        ),
    }
    monkeypatch.setattr(
        retrieval, "question_batches", lambda settings, lake, features, columns: iter(rows[features.uri])
    )
    settings = stages.settings("causal", earlier_features=before.uri, replay_share=0.5)
    forbidden = replay.forbidden_licences(settings, stages.lake)
    assert forbidden == ["CC-BY-NC-4.0"]
    found = replay.repeatable(settings, stages.lake, today, before, forbidden)
    assert found == {"kept", "refused", "MIT"}


def test_what_was_replayed_is_listed_for_those_who_judge_the_model(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    before = stages.features("causal")
    told = {"earlier_features": before.uri, "replay_share": 0.25}
    assert OUTPUT not in stages.train("causal", earlier_features=before.uri).outputs
    assert len(Replayed(stages.settings("causal"), stages.lake, stages.train("causal", **told))) == 0, "the same rows"
    read, texts = retrieval.training_batches, retrieval.question_batches
    gone = task(8, "causal", 7)

    def with_more(settings: Settings, lake: Lake, features: Manifest, split: str, columns: Any) -> Any:
        if features.uri != before.uri or split != "train":
            return read(settings, lake, features, split, columns)
        rows = [(name, gone.tokens(row).tolist(), gone.labels(row).tolist()) for row, name in enumerate(gone.ids)]
        return iter([pa.RecordBatch.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])])

    def of_both(settings: Settings, lake: Lake, features: Manifest, columns: Any) -> Any:
        if features.uri != before.uri:
            return texts(settings, lake, features, columns)
        return (batch.select(list(columns)) for batch in questions(*(row(name) for name in gone.ids)))

    monkeypatch.setattr(retrieval, "training_batches", with_more)
    monkeypatch.setattr(retrieval, "question_batches", of_both)
    today = features_of(stages, "today")
    settings = stages.settings("causal", {"trials": 2, "hopeless_after": 1.0}, **told)
    base = stages.base("causal")
    trained = train_stage.run(settings, stages.lake, run_id="test", base=base, features=today)
    candidate = tune_stage.run(settings, stages.lake, run_id="test", base=base, features=today, trained=trained)
    assert trained.facts["train_examples"] == SIZES["train"][0] + len(gone.ids)
    for made in (trained, candidate):
        found = Replayed(settings, stages.lake, made)
        assert sorted(item["question_id"] for item in found) == sorted(gone.ids)


def test_a_licence_that_is_forbidden_since_trains_anew(stages: Stages, tmp_path: Path) -> None:
    before = features_of(stages, "before", licences={"CC-BY-4.0": 7})
    settings = stages.settings("causal", earlier_features=before.uri, replay_share=0.5)
    assert earlier_parameters(settings, stages.lake)["forbidden_licences"] == []
    settings.policy_file = tmp_path / "policy.yaml"
    settings.policy_file.write_text("version: 1\nlicences:\n  data: [MIT]\n")
    assert earlier_parameters(settings, stages.lake)["forbidden_licences"] == ["CC-BY-4.0"]


def test_the_score_is_the_relative_rise() -> None:
    assert score(2.0, 2.5) == pytest.approx(0.25)
    assert score(2.0, 1.0) == pytest.approx(-0.5)


def test_what_is_forgotten_is_measured(models: dict[str, Path]) -> None:
    old = Earlier(task(20, "causal", 7), task(12, "causal", 8))
    session = Session(
        models["causal"],
        "causal",
        task(24, "causal", 1),
        task(8, "causal", 2),
        accelerator=accelerator_for("cpu"),
        earlier=old,
    )
    model, progress = session.fit(hyper(method="full", epochs=4))
    assert progress.earlier_loss is not None
    before, after = progress.earlier_loss
    # the earlier questions are of the same kind, so learning on the new ones helps them too
    assert after < before
    assert all(torch.isfinite(p).all() for p in adapters.trainable(model).values())


def test_consolidation_holds_the_weights_that_earlier_answers_depend_on(models: dict[str, Path]) -> None:
    old = Earlier(task(20, "causal", 7), task(12, "causal", 8))

    def moved(strength: float) -> float:
        session = Session(
            models["causal"],
            "causal",
            task(24, "causal", 1),
            task(8, "causal", 2),
            accelerator=accelerator_for("cpu"),
            earlier=old,
            ewc_strength=strength,
        )
        settings = hyper(method="full", epochs=4, early_stopping_patience=0)
        start = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu")).state_dict()
        model, _ = session.fit(settings)
        probe = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu"))
        fisher = Consolidated(objective_for(probe, "causal"), Loader(old.train, "causal", 0), 1.0).fisher
        now = model.state_dict()
        return sum(float((value * (now[name] - start[name]) ** 2).sum()) for name, value in fisher.items())

    assert moved(1e5) < 0.5 * moved(0.0)


def test_the_stage_measures_forgetting_on_the_earlier_test_split_and_reports_it(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    earlier = stages.features("causal")
    told = {"earlier_features": earlier.uri, "replay_share": 0.0}
    manifest = stages.train("causal", **told)
    before, after, rise = (manifest.facts["forgetting"][name] for name in ("loss_before", "loss_after", "score"))
    session = Session(
        stages.models["causal"],
        "causal",
        *[task(*SIZES["test"][:1], "causal", 9)] * 2,
        accelerator=accelerator_for("cpu"),
    )
    assert session.fit(hyper(max_steps=1))[1].initial_loss == pytest.approx(before, rel=1e-5)
    assert rise == pytest.approx(after / before - 1)
    html = stages.lake.read(f"{manifest.output('report').uri}/report.html").decode()
    assert "What was forgotten" not in html
    assert "change against the untrained base" in html
    assert f"{100 * rise:+.1f} %" in html
    plain = stages.train("causal")
    assert plain.facts["forgetting"] is None
    assert "forgotten" not in stages.lake.read(f"{plain.output('report').uri}/report.html").decode()


def test_the_candidate_of_a_search_says_what_it_forgot(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    search = {"trials": 3, "seed": 1, "hopeless_after": 1.0, "hopeless_margin": 9.0}
    told = {"earlier_features": stages.features("causal").uri, "lora_layers": 2, "learning_rate": 1e-3}
    manifest = stages.tune("causal", search, **told)
    lines = stages.lake.read(f"{manifest.output('trials').uri}/trials.jsonl").decode().splitlines()
    scores = [json.loads(line)["forgetting"]["score"] for line in lines]
    assert len(set(scores)) == 3
    assert scores[0] == stages.train("causal", **told).facts["forgetting"]["score"]
    assert manifest.facts["best_trial"] > 0
    assert manifest.facts["forgetting"]["score"] == scores[manifest.facts["best_trial"]]
    html = stages.lake.read(f"{manifest.output('report').uri}/report.html").decode()
    assert "against the untrained base" in html
    assert all(f"{100 * score:+.1f} %" in html for score in scores)


@pytest.mark.parametrize(("stage", "method"), [("train", "lora"), ("train", "full"), ("tune", "lora")])
def test_what_was_forgotten_is_measured_against_the_earlier_runs_model(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, stage: str, method: str
) -> None:
    """Beside the untrained base the same run looks as if nothing had been lost."""
    monkeypatch.setitem(SIZES, "test", (12, 2))  # the earlier run's validation questions, whose loss it tells
    monkeypatch.setitem(SIZES, "validation", (12, 2))
    if stage == "train":
        model = stages.train("causal", epochs=6.0, method=method)
    else:
        model = stages.tune("causal", {"trials": 1}, epochs=6.0)
    questions = {"earlier_features": stages.features("causal").uri}
    monkeypatch.setitem(SIZES, "train", (16, 5))
    told = {**questions, "epochs": 1.0, "learning_rate": 1e-3}
    beside_base = stages.train("causal", **told).facts["forgetting"]
    manifest = stages.train("causal", **told, earlier_model=model.uri)
    found = manifest.facts["forgetting"]
    assert (beside_base["compared_with"], found["compared_with"]) == ("untrained base", "earlier model")
    assert found["loss_after"] == beside_base["loss_after"]
    assert found["loss_before"] == pytest.approx(model.facts["validation_loss"], rel=2e-2), "rounded to bfloat16"
    assert beside_base["score"] < 0 < found["score"]
    html = stages.lake.read(f"{manifest.output('report').uri}/report.html").decode()
    assert "What was forgotten" in html
    search = stages.tune("causal", {"trials": 2, "hopeless_after": 1.0}, **told, earlier_model=model.uri)
    lines = stages.lake.read(f"{search.output('trials').uri}/trials.jsonl").decode().splitlines()
    assert {json.loads(line)["forgetting"]["loss_before"] for line in lines} == {found["loss_before"]}


def test_an_earlier_model_of_another_base_or_of_no_training_is_refused(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    questions = {"earlier_features": stages.features("causal").uri}
    with pytest.raises(TrainingError, match=r"stage base-model, which trains no model.*train\.earlier_model"):
        stages.train("causal", **questions, earlier_model=stages.base("causal").uri)
    with pytest.raises(TrainingError, match=r"was trained from .*, not from .*train\.earlier_model"):
        stages.train("causal", **questions, earlier_model=stages.train("seq2seq").uri)
    with pytest.raises(ValueError, match=r"name them too"):
        stages.settings("causal", earlier_model="s3://x/tune/y/manifest.json")


@pytest.mark.parametrize("name", ["replay_share", "ewc_strength"])
def test_nothing_can_be_held_on_to_without_earlier_examples(name: str) -> None:
    with pytest.raises(ValueError, match=rf"train\.{name} needs the examples of train\.earlier_features"):
        TrainSettings(**{name: 0.2})
    assert getattr(TrainSettings(**{name: 0.2}, earlier_features="s3://x/features/y/manifest.json"), name) == 0.2


def test_workers_are_told_the_loss_of_the_earlier_model(models: dict[str, Path], tmp_path: Path) -> None:
    job = Job(models["causal"], "causal", hyper())
    for loss in (None, 0.25):
        earlier = Earlier(task(4, "causal", 7), task(4, "causal", 8), loss)
        write_job(tmp_path, job, task(4, "causal", 1), task(4, "causal", 2), earlier)
        found = read_job(tmp_path)[3]
        assert found is not None
        assert found.loss == loss


@pytest.mark.parametrize("share", [0.0, 0.25])
def test_earlier_examples_of_another_base_model_are_refused(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """Their token ids mean other words: replayed or measured, they would spoil the model or the score."""
    monkeypatch.setitem(SIZES, "test", (12, 9))
    earlier = run_stage(
        stages.lake,
        "features",
        lambda attempt: attempt.lake.write(attempt.uri("token_features", "note"), b"earlier"),
        run_id="test",
        inputs={"base-model": stages.base("seq2seq")},
        parameters={"architecture": "causal"},
    )
    with pytest.raises(TrainingError, match=r"were made for another base model.*train\.earlier_features"):
        stages.train("causal", earlier_features=earlier.uri, replay_share=share)
