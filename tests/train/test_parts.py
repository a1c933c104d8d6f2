from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from pydantic import SecretStr
from tiny_training import hyper, task, train_settings

from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.train.batching import GROUP, Loader, epoch_order, fixed_order
from pipeline.train.checkpoints import STATE, TENSORS, CheckpointStore
from pipeline.train.examples import IGNORED, Examples, read
from pipeline.train.hyperparameters import Hyperparameters


def test_an_epoch_has_every_example_once_and_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(10, 400, 999)
    batches = epoch_order(lengths, 8, seed=1, epoch=0)
    assert sorted(int(row) for batch in batches for row in batch) == list(range(999))
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in batches)
    shuffled = np.random.default_rng(1).permutation(999)
    ungrouped = sum(int(lengths[shuffled[i : i + 8]].max()) * 8 for i in range(0, 999, 8))
    assert padded < 1.12 * lengths.sum() < 0.75 * ungrouped


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    lengths = np.arange(5, 105)
    same = [epoch_order(lengths, 4, seed=1, epoch=2) for _ in range(2)]
    assert all((one == two).all() for one, two in zip(*same, strict=True))
    other = epoch_order(lengths, 4, seed=1, epoch=3)
    assert any((one != two).any() for one, two in zip(same[0], other, strict=True) if len(one) == len(two))


def test_batches_of_one_length_do_not_come_in_order_of_length() -> None:
    lengths = np.arange(GROUP * 4)
    firsts = [int(batch[0]) for batch in epoch_order(lengths, 4, seed=0, epoch=0)]
    assert firsts != sorted(firsts, reverse=True)


def test_evaluation_batches_are_sorted_and_complete() -> None:
    lengths = np.array([3, 9, 1, 9, 4])
    assert [batch.tolist() for batch in fixed_order(lengths, 2)] == [[1, 3], [4, 0], [2]]


def test_padding_carries_no_loss_and_encoders_get_a_mask() -> None:
    causal = Loader(task(5, "causal", 1), "causal", pad=0).batch(range(5))
    assert causal.mask is None
    assert ((causal.labels == IGNORED) | (causal.labels == causal.token_ids)).all()
    encoder = Loader(task(5, "seq2seq", 1), "seq2seq", pad=0).batch(range(5))
    assert encoder.mask is not None
    assert (encoder.token_ids[encoder.mask == 0] == 0).all()
    assert encoder.mask.sum() == task(5, "seq2seq", 1).lengths.sum()


def test_examples_are_read_from_batches_and_survive_a_file(tmp_path: Path) -> None:
    batches = [
        pa.RecordBatch.from_pylist(rows)
        for rows in (
            [{"question_id": "a", "token_ids": [5, 6, 7], "labels": [-100, 6, 7]}],
            [
                {"question_id": "b", "token_ids": [8], "labels": [8]},
                {"question_id": "c", "token_ids": [9, 9], "labels": [-100, 9]},
            ],
        )
    ]
    examples = read(batches)
    assert examples.ids == ["a", "b", "c"]
    assert examples.targets() == 4
    assert examples.labels(0).tolist() == [-100, 6, 7]
    examples.save(tmp_path / "examples.npz")
    loaded = Examples.load(tmp_path / "examples.npz")
    assert loaded.digest() == examples.digest()
    assert loaded.tokens(2).tolist() == [9, 9]
    sliced = read([batches[1].slice(1)])
    assert (sliced.ids, sliced.tokens(0).tolist()) == (["c"], [9, 9])


def test_an_example_without_an_answer_is_named() -> None:
    batch = pa.RecordBatch.from_pylist([{"question_id": "q7", "token_ids": [1, 2], "labels": [-100, -100]}])
    with pytest.raises(TrainingError, match="question q7"):
        read([batch])


def test_a_sample_hardly_changes_when_rows_are_added() -> None:
    everything = task(100, "causal", 1)
    small = set(everything.subset(range(99)).sample(20, seed=5).ids)
    large = set(everything.sample(20, seed=5).ids)
    assert len(small) == len(large) == 20
    assert len(small & large) >= 19
    assert everything.sample(None, seed=5) is everything


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "constant"])
def test_the_rate_warms_up_and_goes_down(scheduler: str) -> None:
    settings = hyper(scheduler=scheduler, warmup_ratio=0.1, learning_rate=1.0)
    rates = [settings.rate(step, 100) for step in range(100)]
    assert rates[0] < rates[5] < rates[10] == max(rates) == 1.0
    assert rates[-1] == 1.0 if scheduler == "constant" else rates[-1] < 0.02
    assert all(math.isfinite(rate) and rate > 0 for rate in rates)


def test_an_unknown_schedule_is_an_error() -> None:
    with pytest.raises(TrainingError, match="cosine, linear, constant"):
        Hyperparameters.of(train_settings(scheduler="zigzag"))


def test_steps_follow_from_epochs_batches_and_processes() -> None:
    settings = hyper(batch_size=4, gradient_accumulation=2, epochs=3)
    assert (settings.steps(100), settings.steps(100, processes=2)) == (39, 21)
    assert hyper(max_steps=7).steps(10_000) == 7


def checkpoints(lake: Lake, keep: int = 2) -> CheckpointStore:
    return CheckpointStore(lake, lake.uri("checkpoints", "train", "key"), keep)


def save(store: CheckpointStore, step: int) -> None:
    store.save(step, {"now:w": torch.full((2,), float(step))}, {"step": step})


def test_the_newest_checkpoints_are_kept(lake: Lake) -> None:
    store = checkpoints(lake, keep=2)
    for step in (5, 10, 15):
        save(store, step)
    found = store.latest()
    assert found is not None
    assert (found.step, found.tensors["now:w"].tolist()) == (15, [15.0, 15.0])
    assert store._steps() == [10, 15]
    store.clear()
    assert store.latest() is None
    assert not lake.objects(store.prefix)


@pytest.mark.parametrize("keep", [1, 3])
def test_any_number_of_checkpoints_can_be_kept(lake: Lake, keep: int) -> None:
    store = checkpoints(lake, keep=keep)
    for step in (1, 2, 3, 4):
        save(store, step)
    assert store._steps() == [1, 2, 3, 4][-keep:]


def test_a_checkpoint_without_its_last_file_does_not_exist(lake: Lake) -> None:
    store = checkpoints(lake)
    save(store, 5)
    save(store, 10)
    lake.delete([f"{store.prefix}/step-00000010/{STATE}"])
    found = store.latest()
    assert found is not None
    assert found.step == 5


def test_a_damaged_checkpoint_is_passed_over(lake: Lake) -> None:
    store = checkpoints(lake)
    save(store, 5)
    save(store, 10)
    place = f"{store.prefix}/step-00000010/{TENSORS}"
    lake.write(place, lake.read(place)[:-3] + b"xyz")
    found = store.latest()
    assert found is not None
    assert found.step == 5


KEY = SecretStr("the trail's key")


@pytest.mark.parametrize("forger", [None, SecretStr("a guess")])
def test_a_checkpoint_that_somebody_else_wrote_is_passed_over(lake: Lake, forger: SecretStr | None) -> None:
    """Whole and newest, with a digest that fits: training would go on from its weights."""
    own = CheckpointStore(lake, lake.uri("checkpoints", "train", "key"), key=KEY)
    save(own, 5)
    save(CheckpointStore(lake, own.prefix, key=forger), 99)
    found = own.latest()
    assert found is not None
    assert found.step == 5


def test_a_checkpoint_of_other_work_or_another_step_is_passed_over(lake: Lake) -> None:
    own = CheckpointStore(lake, lake.uri("checkpoints", "train", "key"), key=KEY)
    other = CheckpointStore(lake, lake.uri("checkpoints", "train", "other"), key=KEY)
    save(own, 5)
    save(other, 9)
    for source, step in ((other, 9), (own, 5)):
        for name in (STATE, TENSORS):
            place = f"{source.prefix}/step-{step:08d}/{name}"
            lake.write(f"{own.prefix}/step-{step + 1:08d}/{name}", lake.read(place))
    found = own.latest()
    assert found is not None
    assert found.step == 5


def test_a_checkpoint_whose_state_was_edited_is_passed_over(lake: Lake) -> None:
    own = CheckpointStore(lake, lake.uri("checkpoints", "train", "key"), key=KEY)
    own.save(5, {"now:w": torch.zeros(2)}, {"loss": float("inf"), "rate": 0.1 + 0.2})
    assert own.latest() is not None
    place = f"{own.prefix}/step-00000005/{STATE}"
    lake.write(place, lake.read(place).replace(b'"loss": Infinity', b'"loss": 0.0'))
    assert own.latest() is None
