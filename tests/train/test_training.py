from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import hyper, task

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.train import adapters
from pipeline.train.base_source import file_digest
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.environment import accelerator_for
from pipeline.train.examples import IGNORED
from pipeline.train.objective import CausalObjective
from pipeline.train.session import Session
from pipeline.train.trainer import Progress, Trainer

pytestmark = pytest.mark.model
CPU = "cpu"


def session(models: dict[str, Path], architecture: str, **options: Any) -> Session:
    return Session(
        models[architecture],
        architecture,
        task(48, architecture, 1),
        task(16, architecture, 2),
        accelerator=accelerator_for("cpu"),
        **options,
    )


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in adapters.trainable(model).items()}


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_each_architecture_learns_by_each_method(
    models: dict[str, Path], tmp_path: Path, architecture: str, method: str
) -> None:
    # adapters beside random weights need larger steps, and learn less
    rate, share = (1e-2, 0.85) if method == "full" else (3e-2, 0.95)
    settings = hyper(method=method, epochs=8, learning_rate=rate, early_stopping_patience=0, eval_steps=12)
    model, progress = session(models, architecture).fit(settings)
    assert progress.best_loss < share * (progress.initial_loss or 0)
    assert progress.step == progress.total == 48
    folder = adapters.save(model, settings, tmp_path / "learnt")
    names = {file.name for file in folder.iterdir()}
    assert ("model.safetensors" in names) == (method == "full")
    assert ("adapter_model.safetensors" in names) == (method == "lora")


def test_only_the_adapter_learns_and_the_base_stays_as_it_was(models: dict[str, Path]) -> None:
    ready = session(models, "causal")
    settings = hyper()
    before = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu")).state_dict()
    model, _ = ready.fit(settings)
    assert all(".lora_" in name for name in adapters.trainable(model))
    ready.release(model)
    assert ready._base is not None
    after = ready._base.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_loss_falls_on_answers_only(models: dict[str, Path]) -> None:
    """Equal to the model's own loss with masked labels, and deaf to what prompt positions would predict."""
    examples = task(6, "causal", 5)
    ready = session(models, "causal")
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu"))
    objective, loader, _ = ready._prepared(model, hyper(method="full"))
    batch = replace(loader, examples=examples).batch(range(6))
    theirs = model(input_ids=batch.token_ids, attention_mask=(batch.labels != -1).long(), labels=batch.labels)
    count = int((batch.labels != IGNORED).sum())
    assert count == examples.targets() == 18
    assert float(objective.loss(batch)) / count == pytest.approx(float(theirs.loss), rel=1e-4)


def test_a_head_that_scales_its_logits_is_noticed(models: dict[str, Path]) -> None:
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu"))
    assert CausalObjective(model).plain_head
    original = model.forward

    def scaled(*args: Any, **options: Any) -> Any:
        output = original(*args, **options)
        output.logits = output.logits / 3
        return output

    model.forward = scaled
    assert not CausalObjective(model).plain_head


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_two_runs_with_one_seed_give_equal_bytes(models: dict[str, Path], tmp_path: Path, architecture: str) -> None:
    digests = []
    for name in ("one", "two"):
        settings = hyper(epochs=1)
        model, _ = session(models, architecture).fit(settings)
        folder = adapters.save(model, settings, tmp_path / name)
        digests.append([(file.name, file_digest(file)) for file in sorted(folder.iterdir())])
    assert digests[0] == digests[1]
    other, _ = session(models, architecture).fit(hyper(epochs=1, seed=4))
    folder = adapters.save(other, hyper(), tmp_path / "other")
    assert file_digest(folder / "adapter_model.safetensors") not in [digest for _, digest in digests[0]]


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing is cleaned up or written after it."""


@pytest.mark.parametrize("died_at", [3, 5, 11])
@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_a_killed_run_ends_with_the_same_weights(
    models: dict[str, Path], lake: Lake, architecture: str, died_at: int
) -> None:
    settings = hyper(lora_dropout=0.1)
    undisturbed, whole = session(models, architecture).fit(settings)
    store = CheckpointStore(lake, lake.uri("checkpoints", "train", f"{architecture}-{died_at}"))

    def die(point: dict[str, Any]) -> None:
        if point["step"] == died_at and "loss" in point:
            raise Killed

    with pytest.raises(Killed):
        session(models, architecture).fit(settings, checkpoints=store, checkpoint_steps=4, listener=die)
    resumed, progress = session(models, architecture).fit(settings, checkpoints=store, checkpoint_steps=4)
    first, second = weights(undisturbed), weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert progress.curves == whole.curves


def test_a_batch_that_does_not_fit_is_halved_and_learns_the_same(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = hyper(epochs=1, lora_dropout=0.0)
    expected, _ = session(models, "causal").fit(settings)
    real = CausalObjective.loss

    def small_memory(self: CausalObjective, batch: Any) -> torch.Tensor:
        if self.model.training and len(batch.token_ids) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return real(self, batch)

    monkeypatch.setattr(CausalObjective, "loss", small_memory)
    model, progress = session(models, "causal").fit(settings)
    assert progress.micro == 2
    for name, value in weights(expected).items():
        torch.testing.assert_close(weights(model)[name], value, rtol=1e-3, atol=1e-5)


def test_an_example_that_never_fits_is_an_error_that_says_what_to_do(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(self: CausalObjective, batch: Any) -> torch.Tensor:
        if self.model.training:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return torch.zeros(())

    monkeypatch.setattr(CausalObjective, "loss", no_memory)
    with pytest.raises(TrainingError, match=r"single example does not fit.*max_length"):
        session(models, "causal").fit(hyper())


def test_another_error_is_not_taken_for_a_lack_of_memory(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: CausalObjective, batch: Any) -> torch.Tensor:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(CausalObjective, "loss", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        session(models, "causal").fit(hyper())


def test_accumulation_equals_a_larger_batch(models: dict[str, Path]) -> None:
    one, _ = session(models, "causal").fit(hyper(batch_size=8, epochs=1, lora_dropout=0.0))
    four, _ = session(models, "causal").fit(hyper(batch_size=2, gradient_accumulation=4, epochs=1, lora_dropout=0.0))
    for name, value in weights(one).items():
        torch.testing.assert_close(weights(four)[name], value, rtol=1e-3, atol=1e-5)


def test_early_stopping_keeps_the_best_weights(models: dict[str, Path]) -> None:
    settings = hyper(learning_rate=0.5, epochs=20, early_stopping_patience=2, eval_steps=2, scheduler="constant")
    ready = session(models, "causal")
    model, progress = ready.fit(settings)
    assert progress.stopped == "no better validation loss in 2 evaluations"
    assert progress.step < progress.total
    objective, train, validation = ready._prepared(adapters.plain(model), settings)
    trainer = Trainer(model, objective, settings, train, validation, accelerator=ready.accelerator)
    assert trainer.loss_on(validation) == pytest.approx(progress.best_loss, rel=1e-5)


def test_a_loss_that_is_no_number_ends_the_run_with_what_was_best(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CausalObjective.loss
    calls = {"training": 0}

    def spoilt(self: CausalObjective, batch: Any) -> torch.Tensor:
        calls["training"] += self.model.training
        return real(self, batch) * (float("nan") if self.model.training and calls["training"] > 6 else 1.0)

    monkeypatch.setattr(CausalObjective, "loss", spoilt)
    model, progress = session(models, "causal").fit(hyper())
    assert progress.stopped == "the loss was not a number at step 7"
    assert all(torch.isfinite(value).all() for value in weights(model).values())


def test_qlora_says_what_this_machine_lacks(models: dict[str, Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so QLoRA may work here")
    with pytest.raises(TrainingError, match=r"QLoRA needs a CUDA GPU.*Use method = lora"):
        session(models, "causal").fit(hyper(method="qlora"))


def test_a_gpu_that_is_not_there_is_an_error() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(TrainingError, match="no CUDA GPU"):
        accelerator_for("cuda")


def test_gradient_checkpointing_changes_memory_not_weights(models: dict[str, Path]) -> None:
    settings = hyper(epochs=1, lora_dropout=0.0)
    plain, _ = session(models, "causal").fit(settings)
    saving, _ = session(models, "causal", gradient_checkpointing=True).fit(settings)
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(saving)[name], value, rtol=1e-4, atol=1e-6)


def test_nothing_to_train_on_is_an_error(models: dict[str, Path]) -> None:
    empty = session(models, "causal")
    empty.train = empty.train.subset([])
    with pytest.raises(TrainingError, match="0 training and 16 validation examples"):
        empty.fit(hyper())


def test_progress_is_json(models: dict[str, Path]) -> None:
    import json

    _, progress = session(models, "causal").fit(hyper(epochs=1))
    assert Progress(**json.loads(json.dumps(vars(progress)))) == progress
