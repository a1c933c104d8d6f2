from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_stages import Stages, batches_from_memory
from tiny_training import build_models

from pipeline.lake import Lake
from pipeline.train.environment import be_deterministic


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each architecture."""
    return build_models(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def _deterministic() -> None:
    # tiny tensors gain nothing from a second thread and lose much to it on a busy machine
    torch.set_num_threads(1)
    be_deterministic(0)


@pytest.fixture
def stages(lake: Lake, tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Stages:
    """The stages on a lake of the test's own, with features from memory."""
    batches_from_memory(monkeypatch)
    return Stages(lake, tmp_path / "state", models)
