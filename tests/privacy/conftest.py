from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from features.conftest import CHAT, byte_tokenizer
from features.examples import base_model, without_spark

from pipeline.features import stage
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings, Settings

from .world import World, build


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    return byte_tokenizer(
        tmp_path_factory.mktemp("tokenizer"), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], config, CHAT
    )


@pytest.fixture
def grow(tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[LakeSettings, Lake], World]:
    """Build the world in a lake."""
    monkeypatch.setattr(stage, "_tokenise", without_spark)

    def build_in(lake_settings: LakeSettings, lake: Lake) -> World:
        settings = Settings(state_dir=tmp_path / "state", lake=lake_settings)

        def features(prepared: Manifest) -> Manifest:
            base = base_model(lake, tokenizer, "causal", "acme/Tiny")
            return stage.run(settings, lake, run_id="night-1", prepared=prepared, base=base)

        return build(settings, lake, features)

    return build_in


@pytest.fixture
def world(grow: Callable[[LakeSettings, Lake], World], lake: Lake) -> World:
    return grow(LakeSettings(uri=lake.root), lake)
