from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_stages import Stages

from pipeline.errors import TrainingError
from pipeline.stage import Attempt, Manifest, run_stage
from pipeline.train import pretraining
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
    settings = stages.settings(architecture, learning_rate=5e-3, epochs=4.0, eval_steps=8)
    base = stages.base(architecture)
    made = pretraining.run(settings, stages.lake, run_id="test", base=base, prepared=prepared(stages))
    assert made.facts["held_out_loss"] < made.facts["held_out_loss_before"]
    assert made.facts["name"].endswith("+pretrained")
    assert made.facts["architecture"] == base.facts["architecture"]
    from pipeline.train import stage

    trained = stage.run(settings, stages.lake, run_id="test", base=made, features=stages.features(architecture))
    assert trained.facts["base_model"] == made.facts["name"]


def test_checkpoints_of_a_pre_training_are_pushed_too_and_a_killed_one_resumes(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stages.settings("seq2seq", epochs=4.0, eval_steps=8, checkpoint_steps=3, push_checkpoints=True)
    inputs = {"base": stages.base("seq2seq"), "prepared": prepared(stages)}
    pushed: list[int] = []

    def killed_at_six(folder: Path, step: int) -> None:
        pushed.append(step)
        if step == 6 and len(pushed) < 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "mirror_for", lambda settings, prefix: killed_at_six)
    with pytest.raises(KeyboardInterrupt):
        pretraining.run(settings, stages.lake, run_id="test", **inputs)
    resumed = pretraining.run(settings, stages.lake, run_id="test", **inputs)
    assert pushed[:3] == [3, 6, 9]
    stages.forget("pretrain")
    monkeypatch.setattr(pretraining, "mirror_for", lambda settings, prefix: None)
    assert pretraining.run(settings, stages.lake, run_id="test", **inputs).digest == resumed.digest
