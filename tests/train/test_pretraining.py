from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from tiny_stages import SIZES, Stages
from tiny_training import hyper

from pipeline.errors import Refused, TrainingError
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings
from pipeline.stage import Attempt, run_stage
from pipeline.train import adapters, fitting, pretraining
from pipeline.train.batching import Loader
from pipeline.train.environment import accelerator_for
from pipeline.train.examples import IGNORED
from pipeline.train.objective import objective_for
from pipeline.train.pretraining_examples import HELD_OUT_EVERY, corrupt, examples_of, sentinels
from pipeline.train.pretraining_texts import TrainingTexts
from pipeline.train.validation import mean_loss

pytestmark = pytest.mark.model
SCHEMA = pa.schema(
    [
        ("context", pa.string()),
        ("answer", pa.string()),
        ("split", pa.string()),
        ("is_refusal", pa.bool_()),
        ("document_id", pa.string()),
    ]
)


def row(split: str, context: str | None, answer: str, document: str = "page", refusal: bool = False) -> dict[str, Any]:
    return {"context": context, "answer": answer, "split": split, "is_refusal": refusal, "document_id": document}


def prepared(stages: Stages, *rows: dict[str, Any]) -> Manifest:
    """Return a manifest of these rows, by default of 40 about orders, every fifth held out."""
    rows = rows or tuple(
        row(
            "train" if number % 5 else "test",
            f"Order {number} can be sent back within 30 days of its arrival, free of charge." * 2,
            "Send it back within 30 days." if number % 5 else f"Parcel {number} goes back to the shop by post.",
            f"page-{number}",
        )
        for number in range(40)
    )

    def work(attempt: Attempt) -> None:
        batch = pa.RecordBatch.from_pylist(list(rows), schema=SCHEMA)
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


def test_sentinels_are_numbered_without_gaps() -> None:
    """As in the model's first pre-training: the next one always follows, also after starts that overlapped."""
    marks = list(range(900, 1000))
    for seed in range(20):
        piece = np.arange(100, dtype=np.int32)
        source, target = corrupt(piece, marks, 1, np.random.default_rng(seed))
        for side in (source, target):
            found = [int(token) for token in side if token >= 900]
            assert found == marks[: len(found)]


def test_a_tokenizer_without_sentinels_is_refused(models: dict[str, Path]) -> None:
    from transformers import AutoTokenizer

    with pytest.raises(TrainingError, match="no sentinel tokens"):
        sentinels(AutoTokenizer.from_pretrained(models["causal"]))
    assert len(sentinels(AutoTokenizer.from_pretrained(models["seq2seq"]))) == 20


def test_too_little_text_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(TrainingError, match="too little text"):
        examples_of([("page", "short"), ("other", "short")], models["causal"], "causal", 64, 1)


def pages(count: int, each: int = 3) -> list[tuple[str, str]]:
    return [
        (f"page-{page}", f"Page {page} says in its part {part} that an order can be returned within {page + 2} days.")
        for page in range(count)
        for part in range(each)
    ]


def test_causal_pieces_begin_as_the_tokenizer_begins_a_text(models: dict[str, Path], tmp_path: Path) -> None:
    """As in Llama 3: a post-processor adds the token, and `add_bos_token` is not set."""
    from tokenizers import processors
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models["causal"])
    bos = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{tokenizer.bos_token} $A", special_tokens=[(tokenizer.bos_token, bos)]
    )
    tokenizer.save_pretrained(tmp_path)
    assert not getattr(AutoTokenizer.from_pretrained(tmp_path), "add_bos_token", False)
    plain, _ = examples_of(pages(3), models["causal"], "causal", 32, 1)
    begun, _ = examples_of(pages(3), tmp_path, "causal", 32, 1)
    assert bos not in {int(plain.tokens(row)[0]) for row in range(len(plain))}
    assert {int(begun.tokens(row)[0]) for row in range(len(begun))} == {bos}
    assert int(begun.lengths.max()) == int(plain.lengths.max()) == 32
    assert begun.tokens(0)[1:].tolist() == plain.tokens(0)[:31].tolist()
    assert begun.labels(0)[0] == IGNORED
    assert begun.labels(0)[1:].tolist() == begun.tokens(0)[1:].tolist()


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_control_tokens_in_a_text_are_text(models: dict[str, Path], architecture: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models[architecture])
    words = [token.content for token in tokenizer.added_tokens_decoder.values()]
    texts = [
        (page, f"{text} Write {'and '.join(words)}, or {words[1]}{words[2]}, where a turn ends.")
        for page, text in pages(3)
    ]
    train, held_out = examples_of(texts, models[architecture], architecture, 512, 1)
    assert len(train) + len(held_out) == len(texts)
    own = {tokenizer.eos_token_id, *sentinels(tokenizer)} if architecture == "seq2seq" else set()
    for examples in (train, held_out):
        for row in range(len(examples)):
            read = examples.tokens(row).tolist()
            assert not set(read) & set(tokenizer.added_tokens_decoder) - own
            assert read.count(tokenizer.eos_token_id) == (architecture == "seq2seq")


def test_pieces_with_control_tokens_all_the_same_are_left_out(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tokenizer may read them in an escaped text too, or where normalising takes the escape away."""
    from transformers import AutoTokenizer

    from pipeline.prompts import Escaper

    end = AutoTokenizer.from_pretrained(models["causal"]).eos_token
    monkeypatch.setattr(Escaper, "escape", lambda self, text: text)
    texts = [("page-0", f"{text} {end}") if page == "page-0" else (page, text) for page, text in pages(4)]
    train, held_out = examples_of(texts, models["causal"], "causal", 512, 1)
    assert len(train) + len(held_out) == len(texts) - 3


def test_whole_documents_are_held_out_and_no_more_of_them_than_asked(models: dict[str, Path]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(models["causal"])

    def documents(examples: Any) -> list[str]:
        return [tokenizer.decode(examples.tokens(place)).split(" says")[0] for place in range(len(examples))]

    train, held_out = examples_of(pages(45), models["causal"], "causal", 512, 1)
    assert (len(train), len(held_out)) == (3 * 43, 3 * (45 // HELD_OUT_EVERY))
    assert len(set(documents(held_out))) == 2
    assert not set(documents(held_out)) & set(documents(train))
    same, fewer = examples_of(pages(45), models["causal"], "causal", 512, 1, limit=4)
    assert (same.digest(), len(fewer)) == (train.digest(), 4)
    assert len(examples_of(pages(2), models["causal"], "causal", 512, 1)[1]) == 3


def test_the_loss_of_causal_pieces_is_the_mean_over_the_tokens_that_are_predicted(models: dict[str, Path]) -> None:
    train, _ = examples_of(pages(3), models["causal"], "causal", 512, 1)
    assert all(train.labels(place)[0] == IGNORED for place in range(len(train)))
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu")).eval()
    found = mean_loss(objective_for(model, "causal"), Loader(train, "causal", 0), accelerator_for("cpu"), 4)
    with torch.no_grad():
        parts = [torch.from_numpy(train.tokens(place).astype(np.int64))[None] for place in range(len(train))]
        losses = [float(model(input_ids=part, labels=part).loss) for part in parts]
    assert found == pytest.approx(np.average(losses, weights=[part.shape[1] - 1 for part in parts]), rel=1e-4)


def texts_of(stages: Stages, *rows: dict[str, Any]) -> tuple[list[str], dict[str, int]]:
    read = TrainingTexts(stages.lake, prepared(stages, *rows).output("rows").uri)
    texts = [text for _, text in read]
    assert read.texts == len(texts)
    return texts, read.left_out


def test_texts_that_tell_what_held_out_questions_ask_for_are_left_out(stages: Stages) -> None:
    """Contexts are shared between rows: one of the training split may be a held-out row's, or hold its answer."""
    sentence = "Open the settings, choose the tab for privacy and press the red button at the very end."
    texts, left_out = texts_of(
        stages,
        row("test", "A page about shipping.", "We ship to all of Europe within two days."),
        row("validation", None, f"Yes. {sentence}"),
        row("test", None, "The context does not say that.", refusal=True),
        row("test", None, "Two days."),
        row("train", "a page about  Shipping", "One."),
        row("train", "Shipping: we ship to all of Europe, within two days! And more.", "Two."),
        row("train", f"How is data deleted?\n{sentence}", "Three."),
        row("train", "We ship to all of Europe, but not within two days.", "We ship to all of Europe within two days"),
        row("train", "It takes two days.", "The context does not say that.", refusal=True),
        row("train", "It takes two days.", "Two days."),
    )
    kept = ["One.", "Two.", "Three.", "We ship to all of Europe, but not within two days.", "It takes two days."]
    assert texts == [*kept, "The context does not say that.", "Two days."]
    assert left_out == {"held_out_context": 1, "held_out_answer": 3}


def test_what_was_left_out_is_in_the_manifest(stages: Stages) -> None:
    shared = row(
        "train", "Order 5 can be sent back within 30 days of its arrival, free of charge." * 2, "Within a month."
    )
    rows = [row("test", shared["context"], "Parcel 5 goes back to the shop by post."), shared]
    more = [row("train", f"The warehouse number {n} opens at nine and closes at five.", "", f"p{n}") for n in range(9)]
    base = stages.base("causal")
    made = pretraining.run(
        stages.settings("causal"), stages.lake, run_id="test", base=base, prepared=prepared(stages, *rows, *more)
    )
    found = made.facts["pretrained_on"]
    assert (found["texts"], found["left_out"]) == (10, {"held_out_context": 1, "held_out_answer": 0})


def test_a_change_of_the_adapters_pre_trains_nothing_anew(stages: Stages) -> None:
    given = {"base": stages.base("causal"), "prepared": prepared(stages)}
    first = pretraining.run(stages.settings("causal", lora_rank=16), stages.lake, run_id="test", **given)
    changed = stages.settings("causal", lora_rank=8, lora_alpha=8, lora_dropout=0.2, lora_layers=1)
    assert not first.cached
    assert pretraining.run(changed, stages.lake, run_id="test", **given).cached
    other = stages.settings("causal", max_validation_examples=1)
    assert not pretraining.run(other, stages.lake, run_id="test", **given).cached


def test_only_the_training_split_is_read(stages: Stages) -> None:
    texts, _ = texts_of(stages)
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


@pytest.mark.parametrize("then", ["plain", "pretrained", "same"])
def test_an_earlier_model_may_start_from_another_pre_training_of_the_same_base(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """Each night's pre-training is another one; the base model below and its tokenizer are the same."""
    monkeypatch.setitem(SIZES, "test", (12, 2))  # the earlier run's validation questions, whose loss it tells
    monkeypatch.setitem(SIZES, "validation", (12, 2))
    base, rows = stages.base("causal"), prepared(stages)

    def pretrained(steps: int) -> Manifest:
        settings = stages.settings("causal", pretrain={"learning_rate": 5e-3, "max_steps": steps})
        return pretraining.run(settings, stages.lake, run_id="test", base=base, prepared=rows)

    now = pretrained(4)
    start = {"plain": base, "pretrained": pretrained(8), "same": now}[then]
    earlier = stages.train("causal", base=start, epochs=4.0)
    told = {"earlier_features": stages.features("causal").uri, "earlier_model": earlier.uri}
    found = stages.train("causal", base=now, **told, epochs=1.0).facts["forgetting"]
    assert found["compared_with"] == "earlier model"
    assert found["loss_before"] == pytest.approx(earlier.facts["validation_loss"], rel=2e-2), "rounded to bfloat16"


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


def test_rows_that_change_while_they_are_read_are_refused(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = prepared(stages)
    [file] = [info.uri for info in stages.lake.objects(rows.output("rows").uri)]

    def read_and_changed(*given: Any) -> Any:
        found = examples_of(*given)
        stages.lake.write(file, stages.lake.read(file) + b" ")
        return found

    monkeypatch.setattr(pretraining, "examples_of", read_and_changed)
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
