"""The stages base-model, train and tune with tiny models, and features from memory in the shape that Feast gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny_training import task, train_settings

from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import ModelSettings, PretrainSettings, Settings, TuneSettings
from pipeline.stage import Attempt, run_stage
from pipeline.train import base_model
from pipeline.train import stage as train_stage
from pipeline.tune import stage as tune_stage

QA_TEXTS = pa.schema(
    [
        *((name, pa.string()) for name in ("question_id", "question", "answer", "context", "split", "licence")),
        ("data_source", pa.string()),
        ("is_refusal", pa.bool_()),
    ]
)
SIZES = {"train": (48, 1), "validation": (16, 2)}


@dataclass
class Stages:
    """Runs stages on one lake."""

    lake: Lake
    state: Path
    models: dict[str, Path]

    def settings(
        self,
        architecture: str,
        tune: dict[str, Any] | None = None,
        pretrain: dict[str, Any] | None = None,
        **train: Any,
    ) -> Settings:
        return Settings(
            state_dir=self.state,
            model=ModelSettings(base=str(self.models[architecture])),
            pretrain=PretrainSettings(**(pretrain or {})),
            train=train_settings(**train),
            tune=TuneSettings(**(tune or {})),
        )

    def base(self, architecture: str) -> Manifest:
        return base_model.run(self.settings(architecture), self.lake, run_id="test")

    def features(self, architecture: str) -> Manifest:
        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("token_features", "note"), architecture.encode())

        return run_stage(self.lake, "features", work, run_id="test", parameters={"architecture": architecture})

    def train(self, architecture: str, base: Manifest | None = None, **train: Any) -> Manifest:
        return train_stage.run(
            self.settings(architecture, **train),
            self.lake,
            run_id="test",
            base=base or self.base(architecture),
            features=self.features(architecture),
        )

    def tune(self, architecture: str, tune: dict[str, Any], **train: Any) -> Manifest:
        return tune_stage.run(
            self.settings(architecture, tune, **train),
            self.lake,
            run_id="test",
            base=self.base(architecture),
            features=self.features(architecture),
            trained=self.train(architecture, **train),
        )

    def forget(self, stage: str) -> None:
        """Take a stage's manifests away, as if it had never run."""
        self.lake.delete([info.uri for info in self.lake.objects(self.lake.uri(stage))])


def batches_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stages read the tiny task where they would ask Feast."""
    from pipeline.features import retrieval

    def training_batches(
        settings: Settings, lake: Lake, features: Manifest, split: str, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        examples = task(SIZES[split][0], features.parameters["architecture"], SIZES[split][1])
        rows = [
            {"question_id": name, "token_ids": examples.tokens(row).tolist(), "labels": examples.labels(row).tolist()}
            for row, name in enumerate(examples.ids)
        ]
        if rows:
            yield pa.RecordBatch.from_pylist(rows).select(list(columns))

    def question_batches(
        settings: Settings, lake: Lake, features: Manifest, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        for split, (count, seed) in SIZES.items():
            plain = {"context": None, "split": split, "licence": "CC0-1.0", "is_refusal": False, "data_source": "faq"}
            for name in task(count, features.parameters["architecture"], seed).ids:
                row = {**plain, "question_id": name, "question": f"What is {name}?", "answer": f"It is {name}."}
                yield pa.RecordBatch.from_pylist([row], QA_TEXTS).select(list(columns))

    monkeypatch.setattr(retrieval, "training_batches", training_batches)
    monkeypatch.setattr(retrieval, "question_batches", question_batches)


def changed_while_read(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody change the features between the check before the stage reads them and the end of reading."""
    from pipeline.features import retrieval

    read = retrieval.training_batches

    def training_batches(
        settings: Settings, lake: Lake, features: Manifest, split: str, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        stages.lake.write(f"{features.output('token_features').uri}/note", b"changed")
        yield from read(settings, lake, features, split, columns)

    monkeypatch.setattr(retrieval, "training_batches", training_batches)
