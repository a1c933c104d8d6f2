from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.lake import Lake
from pipeline.settings import EvaluateSettings, LakeSettings, Settings

from . import tiny


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small causal model that knows the answers to `tiny.rows()`."""
    return tiny.causal(tmp_path_factory.mktemp("learned"), steps=90)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model before it learnt anything."""
    return tiny.causal(tmp_path_factory.mktemp("untrained"), steps=0)


@pytest.fixture(scope="session")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small T5 with random weights."""
    return tiny.seq2seq(tmp_path_factory.mktemp("t5"))


@pytest.fixture
def settings(tmp_path: Path, lake: Lake) -> Settings:
    """Settings of an evaluation that takes seconds."""
    return Settings(
        state_dir=tmp_path / "state",
        lake=LakeSettings(uri=lake.root),
        evaluate=EvaluateSettings(
            batch_size=4,
            max_new_tokens=24,
            bootstrap_samples=200,
            likelihood_examples=4,
            perturbation_examples=2,
            repetition_examples=2,
            benchmark_examples=3,
            blind_questions=4,
        ),
    )


@pytest.fixture(scope="package", autouse=True)
def quiet_machine() -> Iterator[None]:
    """Let the small models of this package run in one thread."""
    with tiny.one_thread():
        yield
