from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import hyper, task

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.model_folder import file_digest
from pipeline.train import adapters, gradient_accumulation
from pipeline.train.batching import Loader
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.environment import accelerator_for, require_machine
from pipeline.train.examples import IGNORED, Examples
from pipeline.train.forgetting import Earlier
from pipeline.train.objective import CausalObjective, Seq2SeqObjective, packs_apart
from pipeline.train.progress import Progress
from pipeline.train.session import Session
from pipeline.train.trainer import Trainer

pytestmark = pytest.mark.model
PATHS = (str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent))


def session(models: dict[str, Path], architecture: str, **options: Any) -> Session:
    return Session(
        models[architecture],
        architecture,
        task(48, architecture, 1),
        task(16, architecture, 2),
        accelerator=accelerator_for("cpu"),
        **options,
    )


def without_dropout(made: Session) -> Session:
    """Dropout falls on other places when a batch is cut; without it the pieces learn what the whole does."""
    base = made._fresh_base(hyper())
    for part in base.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        elif isinstance(getattr(part, "dropout", None), float):
            part.dropout = 0.0
    made._base = base
    return made


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


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_a_batch_that_does_not_fit_is_halved_and_learns_the_same(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    settings = hyper(epochs=1, lora_dropout=0.0)
    expected, _ = without_dropout(session(models, architecture)).fit(settings)
    family = CausalObjective if architecture == "causal" else Seq2SeqObjective
    real = family.loss

    def small_memory(self: Any, batch: Any) -> torch.Tensor:
        if self.model.training and len(batch.token_ids) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return real(self, batch)

    said: list[dict[str, int]] = []

    class Log:
        def warning(self, event: str, **values: int) -> None:
            assert event == "out of memory: batch halved, accumulation doubled"
            said.append(values)

    monkeypatch.setattr(gradient_accumulation, "log", Log())
    monkeypatch.setattr(family, "loss", small_memory)
    model, progress = without_dropout(session(models, architecture)).fit(settings)
    assert progress.micro == 2
    assert said == [{"batch": 4, "accumulation": 2}, {"batch": 2, "accumulation": 4}]
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


@pytest.mark.parametrize("layers", [None, 2])
def test_packed_examples_do_not_see_each_other_and_learn_the_same(models: dict[str, Path], layers: int | None) -> None:
    settings = {"epochs": 1, "lora_dropout": 0.0, "lora_layers": layers}
    padded, one = session(models, "causal").fit(hyper(**settings))
    packed, two = session(models, "causal").fit(hyper(**settings, packing=True))
    for name, value in weights(padded).items():
        torch.testing.assert_close(weights(packed)[name], value, rtol=1e-3, atol=1e-5)
    assert two.best_loss == pytest.approx(one.best_loss, rel=1e-4)


def test_a_packed_batch_has_no_padding_and_the_loss_of_a_padded_one(models: dict[str, Path]) -> None:
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu")).eval()
    examples = task(8, "causal", 5)
    loaders = [Loader(examples, "causal", 0, packing=packing) for packing in (False, True)]
    batches = [loader.batch(range(8)) for loader in loaders]
    assert batches[1].token_ids.shape == (1, int(examples.lengths.sum()))
    padded, packed = (float(CausalObjective(model).loss(batch).detach()) for batch in batches)
    assert packed == pytest.approx(padded, rel=1e-5)
    blind = replace(batches[1], positions=torch.arange(batches[1].token_ids.shape[1])[None])
    assert float(CausalObjective(model).loss(blind).detach()) != pytest.approx(padded, rel=1e-5)


def test_packing_is_refused_where_examples_would_see_each_other(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingError, match=r"cannot be packed.*train\.packing = false"):
        session(models, "seq2seq").fit(hyper(packing=True))
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu"))
    assert packs_apart(model)
    original = model.forward

    def without_positions(*args: Any, position_ids: Any = None, **options: Any) -> Any:
        return original(*args, **options)

    model.forward = without_positions
    assert not packs_apart(model)


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
def test_early_stopping_keeps_the_best_weights(models: dict[str, Path], architecture: str) -> None:
    settings = hyper(learning_rate=0.5, epochs=20, early_stopping_patience=2, eval_steps=2, scheduler="constant")
    ready = session(models, architecture)
    model, progress = ready.fit(settings)
    assert progress.stopped == "no better validation loss in 2 evaluations"
    assert progress.step < progress.total
    objective, train, validation = ready._prepared(adapters.plain(model), settings)
    trainer = Trainer(model, objective, settings, train, validation, accelerator=ready.accelerator)
    assert trainer.loss_on(validation) == pytest.approx(progress.best_loss, rel=1e-5)


def test_a_run_that_took_every_step_did_not_stop_early(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr(Trainer, "loss_on", lambda self, loader: next(worse))
    settings = hyper(max_steps=6, eval_steps=3, early_stopping_patience=2)
    _, progress = session(models, "causal").fit(settings, judge=lambda made: "hopeless" if made.step == 6 else None)
    assert (progress.step, progress.total, progress.waited) == (6, 6, 2)
    assert progress.stopped is None


def test_a_last_loss_that_is_no_number_is_told(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([1.0, 0.5, float("nan")])
    monkeypatch.setattr(Trainer, "loss_on", lambda self, loader: next(losses))
    _, progress = session(models, "causal").fit(hyper(max_steps=6, eval_steps=3))
    assert progress.stopped == "the validation loss was not a number at step 6"


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


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_qlora_says_in_one_paragraph_what_this_machine_lacks(device: Any) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so QLoRA may work here")
    lacks = "a CUDA GPU and the package bitsandbytes" if not find_spec("bitsandbytes") else "a CUDA GPU"
    with pytest.raises(TrainingError) as refused:
        require_machine("qlora", device)
    assert str(refused.value) == (
        f"QLoRA needs {lacks}, which this machine does not have (train.method = qlora). "
        "Use method = lora here, or run this stage on a GPU machine with the extra gpu installed."
    )


def test_a_gpu_that_is_not_there_is_an_error() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    for method in ("full", "lora", "qlora"):
        with pytest.raises(TrainingError, match="no CUDA GPU"):
            require_machine(method, "cuda")
    with pytest.raises(TrainingError, match="no CUDA GPU"):
        accelerator_for("cuda")


@pytest.mark.parametrize("architecture", ["causal", "seq2seq"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_gradient_checkpointing_changes_memory_not_weights(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, architecture: str, method: str
) -> None:
    """Memory is what the forward passes of a step keep for the backward ones, in bytes."""
    settings = hyper(method=method, epochs=1, lora_dropout=0.1)
    kept: list[int] = []
    family = CausalObjective if architecture == "causal" else Seq2SeqObjective
    real = family.loss

    def weighed(self: Any, batch: Any) -> torch.Tensor:
        if not self.model.training:
            return real(self, batch)
        kept.append(0)

        def weigh(tensor: torch.Tensor) -> torch.Tensor:
            kept[-1] += tensor.numel() * tensor.element_size()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(weigh, lambda tensor: tensor):
            return real(self, batch)

    monkeypatch.setattr(family, "loss", weighed)
    plain, _ = session(models, architecture).fit(settings)
    whole = max(kept)
    kept.clear()
    saving, _ = session(models, architecture, gradient_checkpointing=True).fit(settings)
    assert max(kept) < 0.25 * whole
    for name, value in weights(plain).items():
        torch.testing.assert_close(weights(saving)[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("layers", [None, 1])
def test_nothing_to_train_on_is_an_error(models: dict[str, Path], part: str, layers: int | None) -> None:
    empty = session(models, "causal")
    setattr(empty, part, task(0, "causal", 1))
    with pytest.raises(TrainingError, match=r"(0 training|48) .*(0|16) validation examples are not enough"):
        empty.fit(hyper(lora_layers=layers))


def test_examples_that_are_longer_than_the_model_reads_are_refused(models: dict[str, Path]) -> None:
    long = session(models, "causal")
    tokens = np.full(1025, 12, np.int32)
    labels = np.concatenate([np.full(1024, IGNORED, np.int32), [1]]).astype(np.int32)
    long.train = long.train + Examples(["long"], [tokens], [labels])
    with pytest.raises(TrainingError, match=r"has 1025 tokens, and the base model reads 1024.*features\.max_length"):
        long.fit(hyper())


def test_a_base_model_whose_loss_is_no_number_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "spoilt"
    shutil.copytree(models["causal"], folder)
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if "down_proj" in name)
    save_file({**tensors, name: torch.full_like(tensors[name], float("nan"))}, folder / "model.safetensors")
    with pytest.raises(TrainingError, match="not a number, before any training"):
        session({"causal": folder}, "causal").fit(hyper())


@pytest.mark.parametrize(("died_at", "patience"), [(1, 1), (1, 0), (4, 0)])
def test_a_step_whose_loss_is_no_number_ends_the_run_with_this_reason(
    models: dict[str, Path], lake: Lake, monkeypatch: pytest.MonkeyPatch, died_at: int, patience: int
) -> None:
    """Also where the step before was one for a validation or a checkpoint, and for a judge that has no complaint."""
    real = CausalObjective.loss
    seen = {"steps": 0}

    def spoilt(self: CausalObjective, batch: Any) -> torch.Tensor:
        seen["steps"] += self.model.training
        return real(self, batch) * (float("nan") if self.model.training and seen["steps"] == died_at else 1.0)

    monkeypatch.setattr(CausalObjective, "loss", spoilt)
    store = CheckpointStore(lake, lake.uri("checkpoints", "train", f"nan-{died_at}-{patience}"))
    model, progress = session(models, "causal").fit(
        hyper(eval_steps=1, early_stopping_patience=patience),
        checkpoints=store,
        checkpoint_steps=1,
        judge=lambda _: None,
    )
    assert progress.stopped == f"the loss was not a number at step {died_at}"
    assert (seen["steps"], progress.step) == (died_at, died_at - 1)
    assert [step for step, _ in progress.validation] == list(range(died_at))
    assert store._steps() == list(range(1, died_at))[-2:]
    assert all(torch.isfinite(value).all() for value in weights(model).values())


def test_a_validation_loss_that_is_no_number_ends_the_run(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CausalObjective.loss
    seen = {"validations": 0}

    def spoilt(self: CausalObjective, batch: Any) -> torch.Tensor:
        seen["validations"] += not self.model.training
        return real(self, batch) * (float("nan") if not self.model.training and seen["validations"] > 1 else 1.0)

    monkeypatch.setattr(CausalObjective, "loss", spoilt)
    model, progress = session(models, "causal").fit(hyper(eval_steps=3))
    assert progress.stopped == "the validation loss was not a number at step 3"
    assert (progress.best_step, progress.best_loss) == (0, progress.initial_loss)
    assert all(torch.isfinite(value).all() for value in weights(model).values())


def test_validation_that_does_not_fit_is_halved_and_measures_the_same(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = session(models, "causal").fit(hyper(max_steps=1))[1].initial_loss
    real = CausalObjective.loss

    def small_memory(self: CausalObjective, batch: Any) -> torch.Tensor:
        if not self.model.training and len(batch.token_ids) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return real(self, batch)

    monkeypatch.setattr(CausalObjective, "loss", small_memory)
    assert session(models, "causal").fit(hyper(max_steps=1))[1].initial_loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("place", ["torch.optim.AdamW.step", "pipeline.train.forgetting.Consolidated.__init__"])
def test_memory_that_no_smaller_batch_would_save_is_told(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB\nGPU 0 has 1 GiB")

    monkeypatch.setattr(place, full)
    trained = session(models, "causal")
    trained.earlier = Earlier(task(8, "causal", 5), task(4, "causal", 6))
    trained.ewc_strength = 1.0
    with pytest.raises(TrainingError, match=r"too small for this model.*Tried to allocate 2\.00 GiB\. Use method"):
        trained.fit(hyper(method="full"))


LIMITED = """
import resource, sys
from pathlib import Path
from tiny_training import hyper, task
from pipeline.train.environment import accelerator_for
from pipeline.train.session import Session
import torch

torch.set_num_threads(1)
settings = hyper(method="full", batch_size=512, epochs=1.0, eval_steps=100)
data = task(512, "causal", 1), task(8, "causal", 2)
session = Session(Path(sys.argv[1]), "causal", *data, accelerator=accelerator_for("cpu"))
session.fit(hyper(method="full", max_steps=1, batch_size=8))  # everything that is loaded once is loaded
if len(sys.argv) > 2:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + int(sys.argv[2]) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
_, progress = Session(Path(sys.argv[1]), "causal", *data, accelerator=accelerator_for("cpu")).fit(settings)
print("micro", progress.micro, progress.best_loss)
"""


def test_memory_that_the_system_refuses_halves_the_batch(models: dict[str, Path]) -> None:
    """A process of its own, whose address space the kernel limits: the allocator's own error, not a simulated one."""

    def trained(*arguments: str) -> tuple[int, float]:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(models["causal"]), *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "MALLOC_ARENA_MAX": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        _, micro, loss = done.stdout.splitlines()[-1].split()
        return int(micro), float(loss)

    whole, expected = trained()
    assert whole == 512
    micro, loss = trained("24")
    assert 1 <= micro < 512
    assert loss == pytest.approx(expected, rel=1e-3)


def test_progress_is_json(models: dict[str, Path]) -> None:
    import json

    _, progress = session(models, "causal").fit(hyper(epochs=1))
    assert Progress(**json.loads(json.dumps(vars(progress)))) == progress


def test_a_training_says_how_it_goes(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, float]] = []
    monkeypatch.setattr("pipeline.train.heartbeat.Heartbeat.beat", lambda self, point: told.append(dict(point)))
    _, progress = session(models, "causal").fit(hyper(max_steps=3))
    assert told == progress.curves


@pytest.mark.parametrize(("encoder", "decoder"), [(4, 2), (2, 4), (3, 3)])
def test_the_top_layers_of_encoder_and_decoder_learn_whatever_their_numbers(encoder: int, decoder: int) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = {"vocab_size": 64, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_heads": 2}
    config = T5Config(**sizes, num_layers=encoder, num_decoder_layers=decoder, decoder_start_token_id=0)
    model = adapters.attach(T5ForConditionalGeneration(config), "seq2seq", hyper(lora_layers=2))
    learn = {name.split(".layer.")[0].removeprefix("base_model.model.") for name in adapters.trainable(model)}
    tops = {"encoder": encoder, "decoder": decoder}
    assert learn == {f"{stack}.block.{place}" for stack, top in tops.items() for place in (top - 2, top - 1)}
    assert adapters.shorter_stacks(model, 2) == {}
    more = adapters.attach(T5ForConditionalGeneration(config), "seq2seq", hyper(lora_layers=3))
    learn = {name.split(".layer.")[0].removeprefix("base_model.model.") for name in adapters.trainable(more)}
    assert learn == {f"{s}.block.{place}" for s, top in tops.items() for place in range(max(0, top - 3), top)}
    assert adapters.shorter_stacks(more, 3) == {f"{stack}.block": top for stack, top in tops.items() if top < 3}


def test_a_parameter_that_no_example_reaches_is_no_obstacle_to_checkpoints(
    models: dict[str, Path], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AdamW keeps nothing for it: a run is killed and goes on all the same."""
    attach = adapters.attach

    def with_more(*args: Any) -> Any:
        model = attach(*args)
        model.register_parameter("unreached", torch.nn.Parameter(torch.ones(3)))
        return model

    monkeypatch.setattr(adapters, "attach", with_more)
    settings = hyper(lora_dropout=0.1)
    undisturbed, _ = session(models, "causal").fit(settings)
    store = CheckpointStore(lake, lake.uri("checkpoints", "train", "unreached"))

    def die(point: dict[str, Any]) -> None:
        if point["step"] == 5 and "loss" in point:
            raise Killed

    with pytest.raises(Killed):
        session(models, "causal").fit(settings, checkpoints=store, checkpoint_steps=2, listener=die)
    resumed, _ = session(models, "causal").fit(settings, checkpoints=store, checkpoint_steps=2)
    first, second = weights(undisturbed), weights(resumed)
    assert first["unreached"].tolist() == [1, 1, 1]
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("layers", [None, 2, 9])
def test_adapters_stay_out_of_what_texts_never_reach(layers: int | None) -> None:
    from transformers import AutoModelForCausalLM, Gemma3Config

    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": 64, "num_hidden_layers": 3, "num_key_value_heads": 1, "head_dim": 16}
    vision = {**sizes, "num_hidden_layers": 2, "image_size": 28, "patch_size": 14, "model_type": "siglip_vision_model"}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
    model = adapters.attach(AutoModelForCausalLM.from_config(config), "causal", hyper(lora_layers=layers))
    learn = adapters.trainable(model)
    assert {name.split(".layers.")[0] for name in learn} == {"base_model.model.model.language_model"}
    assert {int(name.split(".layers.")[1][0]) for name in learn} == set(range(3)[-(layers or 3) :])
    tokens = torch.arange(6)[None]
    model(input_ids=tokens, labels=tokens).loss.backward()
    assert all(parameter.grad is not None for parameter in learn.values())
