"""Tiny models and a task that they can learn in seconds: answer with the two tokens that open the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.settings import TrainSettings
from pipeline.train import tiny
from pipeline.train.examples import IGNORED, Examples
from pipeline.train.hyperparameters import Hyperparameters

CORPUS = ["How do I return an order? Send it back within 30 days.", "Where is my invoice? In your account."] * 5
FIRST, LAST, END = 10, 30, 1
QUICK: dict[str, Any] = {
    "batch_size": 8,
    "epochs": 2.0,
    "learning_rate": 5e-3,
    "eval_steps": 4,
    "seed": 3,
    "lora_rank": 4,
    "lora_alpha": 8,
    "scheduler": "cosine",
}


def task(count: int, architecture: str, seed: int) -> Examples:
    """Prompts of 6 to 20 random tokens; the answer repeats the first two, then ends."""
    random = np.random.default_rng(seed)
    tokens, labels = [], []
    for _ in range(count):
        prompt = random.integers(FIRST, LAST, random.integers(6, 20)).astype(np.int32)
        answer = np.array([*prompt[:2], END], np.int32)
        if architecture == "causal":
            tokens.append(np.concatenate([prompt, answer]))
            labels.append(np.concatenate([np.full(len(prompt), IGNORED, np.int32), answer]))
        else:
            tokens.append(prompt)
            labels.append(answer)
    return Examples([f"q{seed}-{number:03d}" for number in range(count)], tokens, labels)


def train_settings(**changes: Any) -> TrainSettings:
    """Return settings that suit tiny models."""
    return TrainSettings(**{**QUICK, "tracking": "none", "device": "cpu", "processes": 1, **changes})


def hyper(**changes: Any) -> Hyperparameters:
    """Return hyperparameters that suit tiny models."""
    return Hyperparameters.of(train_settings(**changes))


def build_models(folder: Path) -> dict[str, Path]:
    """Make a tiny model of each architecture."""
    return {
        "causal": tiny.build(folder / "llama", "llama", CORPUS, vocabulary=300),
        "seq2seq": tiny.build(folder / "t5", "t5", CORPUS, vocabulary=300),
    }
