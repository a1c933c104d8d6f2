from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_stages import Stages

from pipeline.errors import Refused, TrainingError
from pipeline.settings import LakeSettings
from pipeline.stage import Attempt, Manifest, run_stage
from pipeline.train import fitting, pretraining
from pipeline.train.pretraining import corrupt, examples_of, sentinels

pytestmark = pytest.mark.model
SCHEMA = pa.schema([("context", pa.string()), ("answer", pa.string()), ("split", pa.string())])


def prepared(stages: Stages) -> Manifest:
    rows = [
        {
            "context": f"Order {number} can be sent back within 30 days of its arrival, free of charge." * 2,
            "answer": "Send it back within 30 days.",
            "split": "test" if number % 5 == 0 else "train",
        }
        for number in range(40)
    ]

    def work(attempt: Attempt) -> None:
        batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
        attempt.lake.write_batches(attempt.uri("rows", "part-00000.parquet"), [batch], SCHEMA)

    return run_stage(stages.lake, "prepare", work, run_id="test")


def test_corruption_loses_nothing() -> None:
    random = np.random.default_rng(0)
    marks = [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]
    for length in (16, 40, 100):
        piece = random.integers(2, 80, length).astype(np.int32)
        source, target = corrupt(piece, marks, 1, random)
        spans: dict[int, list[int]] = {}
        for token in target[:-1]:
            if token in marks:
                spans[current := int(token)] = []
            else:
                spans[current].append(int(token))
        rebuilt = [t for token in source[:-1] for t in (spans[int(token)] if token in marks else [int(token)])]
        assert rebuilt == piece.tolist()
        assert source[-1] == target[-1] == 1
        hidden = sum(len(span) for span in spans.values())
        assert 0.04 < hidden / length < 0.4


def test_a_tokenizer_without_sentinels_is_refused(models: dict[str, Path]) -> None:
    from transformers import AutoTokenizer

    with pytest.raises(TrainingError, match="no sentinel tokens"):
        sentinels(AutoTokenizer.from_pretrained(models["causal"]))
    assert len(sentinels(AutoTokenizer.from_pretrained(models["seq2seq"]))) == 20


def test_too_little_text_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(TrainingError, match="too little text"):
        examples_of(["short"], models["causal"], "causal", 64, 1)


def test_only_the_training_split_is_read(stages: Stages) -> None:
    texts = list(pretraining.training_texts(stages.lake, prepared(stages)))
    assert not any("Order 5 " in text for text in texts)
    assert any("Order 6 " in text for text in texts)
    assert len(texts) == len(set(texts)) == 33


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_a_pretrained_model_stands_in_for_the_base(stages: Stages, architecture: str) -> None:
    settings = stages.settings(architecture, pretrain={"learning_rate": 5e-3, "epochs": 4.0}, eval_steps=8)
    base = stages.base(architecture)
    made = pretraining.run(settings, stages.lake, run_id="test", base=base, prepared=prepared(stages))
    training = made.facts["training"]
    assert training["validation_loss"] < training["initial_validation_loss"]
    assert training["hyperparameters"]["method"] == "full"
    assert training["trainable_parameters"] > 10_000
    assert made.facts["name"].endswith("+pretrained")
    assert made.facts["architecture"] == base.facts["architecture"]
    page = stages.lake.read(f"{made.output('report').uri}/report.html").decode()
    assert "Continued pre-training" in page
    assert made.inputs["prepare"].digest in page
    assert stages.lake.read(f"{made.output('curves').uri}/curves.jsonl").count(b"validation_loss") >= 2
    trained = stages.train(architecture, base=made)
    assert trained.facts["base_model"] == made.facts["name"]
    assert trained.inputs["base-model"].digest == made.digest


def test_two_processes_pre_train_as_the_settings_ask(stages: Stages) -> None:
    settings = stages.settings("causal", processes=2).model_copy(update={"lake": LakeSettings(uri=stages.lake.root)})
    made = pretraining.run(settings, stages.lake, run_id="test", base=stages.base("causal"), prepared=prepared(stages))
    assert made.facts["training"]["processes"] == 2
    assert made.facts["training"]["validation_loss"] < made.facts["training"]["initial_validation_loss"]


def test_rows_that_were_changed_after_they_were_checked_are_refused(stages: Stages) -> None:
    rows = prepared(stages)
    [file] = [info.uri for info in stages.lake.objects(rows.output("rows").uri)]
    stages.lake.write(file, stages.lake.read(file) + b" ")
    with pytest.raises(Refused, match="prepare"):
        pretraining.run(
            stages.settings("causal"), stages.lake, run_id="test", base=stages.base("causal"), prepared=rows
        )


def test_checkpoints_of_a_pre_training_are_pushed_too_and_a_killed_one_resumes(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stages.settings(
        "seq2seq", pretrain={"epochs": 4.0}, eval_steps=8, checkpoint_steps=3, push_checkpoints=True
    )
    inputs = {"base": stages.base("seq2seq"), "prepared": prepared(stages)}
    pushed: list[int] = []

    def killed_at_six(folder: Path, step: int) -> None:
        pushed.append(step)
        if step == 6 and len(pushed) < 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "mirror_for", lambda settings, prefix: killed_at_six)
    with pytest.raises(KeyboardInterrupt):
        pretraining.run(settings, stages.lake, run_id="test", **inputs)
    resumed = pretraining.run(settings, stages.lake, run_id="test", **inputs)
    assert pushed[:3] == [3, 6, 9]
    assert not stages.lake.objects(stages.lake.uri("checkpoints"))
    stages.forget("pretrain")
    monkeypatch.setattr(fitting, "mirror_for", lambda settings, prefix: None)
    assert pretraining.run(settings, stages.lake, run_id="test", **inputs).digest == resumed.digest
