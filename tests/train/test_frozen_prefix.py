from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import hyper, task

from pipeline.train import adapters, kept_states
from pipeline.train import session as sessions
from pipeline.train.batching import Loader
from pipeline.train.environment import accelerator_for
from pipeline.train.frozen_prefix import FrozenPrefixObjective, HiddenStates
from pipeline.train.kept_states import KeptStates
from pipeline.train.objective import CausalObjective
from pipeline.train.session import Session

pytestmark = pytest.mark.model


def fit(models: dict[str, Path], **options: Any) -> tuple[dict[str, torch.Tensor], Any]:
    ready = Session(
        models["causal"],
        "causal",
        task(32, "causal", 1),
        task(8, "causal", 2),
        accelerator=accelerator_for("cpu"),
        **options,
    )
    model, progress = ready.fit(hyper(lora_layers=2, lora_dropout=0.0))
    return {name: value.detach().clone() for name, value in adapters.trainable(model).items()}, progress


def test_training_from_kept_states_equals_training_through_all_layers(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, with_states = fit(models)
    monkeypatch.setattr(sessions, "STATES_LIMIT", 0)
    whole, without = fit(models)
    assert {name.split(".layers.")[1][0] for name in kept} == {"2", "3"}
    for name, value in whole.items():
        torch.testing.assert_close(kept[name], value, rtol=1e-3, atol=1e-5)
    assert with_states.best_loss == pytest.approx(without.best_loss, rel=1e-4)


def test_the_frozen_layers_run_once_for_all_epochs_and_runs(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = FrozenPrefixObjective.prefill

    def counted(self: FrozenPrefixObjective, *args: Any) -> HiddenStates:
        calls.append(1)
        return real(self, *args)

    monkeypatch.setattr(FrozenPrefixObjective, "prefill", counted)
    first, _ = fit(models, states_folder=tmp_path / "states")
    assert len(calls) == 2
    again, _ = fit(models, states_folder=tmp_path / "states")
    assert len(calls) == 2
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_kept_states_serve_only_runs_whose_frozen_layers_say_the_same(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4-bit weights, another precision, another kind of device or other libraries give other states."""
    examples = task(4, "causal", 1)
    calls: list[int] = []
    monkeypatch.setattr(
        FrozenPrefixObjective,
        "prefill",
        lambda self, *_: calls.append(1) or HiddenStates(torch.zeros(1, 1), np.zeros(2, np.int64)),
    )

    def computed(device: str = "cpu", dtype: torch.dtype = torch.float32, **changes: Any) -> bool:
        """Tell whether a process that finds what others kept computes the states all the same."""
        settings = hyper(lora_layers=2)
        place = SimpleNamespace(device=torch.device(device), is_main_process=True)
        states = KeptStates("model", place, tmp_path)  # type: ignore[arg-type]
        model = adapters.load_base(models["causal"], "causal", settings, torch.device("cpu")).to(dtype)
        before = len(calls)
        states.of(FrozenPrefixObjective(model, 2), examples, 0, replace(settings, **changes))
        return len(calls) > before

    assert computed()
    assert not computed()
    assert not computed(learning_rate=1.0)
    assert computed(method="qlora")
    assert computed(dtype=torch.bfloat16)
    assert computed(device="cuda")
    monkeypatch.setattr(kept_states, "library_versions", lambda: {"torch": torch.__version__, "transformers": "0"})
    assert computed()


def test_a_damaged_state_file_is_computed_again(models: dict[str, Path], tmp_path: Path) -> None:
    first, _ = fit(models, states_folder=tmp_path)
    for file in tmp_path.glob("*.safetensors"):
        file.write_bytes(b"not safetensors")
    again, _ = fit(models, states_folder=tmp_path)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_model_whose_layers_cannot_be_split_is_noticed(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu"))
    batch = Loader(task(2, "causal", 1), "causal", 0).batch([0, 1])
    objective = FrozenPrefixObjective(model, 2)
    assert objective.prefix_works(batch.token_ids)
    real = FrozenPrefixObjective._lower
    monkeypatch.setattr(FrozenPrefixObjective, "_lower", lambda self, ids: real(self, ids) * 1.5)
    assert not objective.prefix_works(batch.token_ids)


def test_the_split_leaves_the_model_as_it_was(models: dict[str, Path]) -> None:
    model = adapters.load_base(models["causal"], "causal", hyper(), torch.device("cpu"))
    batch = Loader(task(4, "causal", 1), "causal", 0).batch(range(4))
    plain = float(CausalObjective(model).loss(batch))
    objective = FrozenPrefixObjective(model, 1)
    objective.prefill(task(4, "causal", 1), 0)
    assert float(CausalObjective(model).loss(batch)) == plain
    assert len(model.model.layers) == model.config.num_hidden_layers == 4
