from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

from pipeline.comply.policy import Policy, load_policy
from pipeline.comply.registry import all_checks
from pipeline.comply.rows import Rows
from pipeline.comply.runner import Finding, run_checks
from pipeline.comply.subject import ModelFiles, Origin, Subject
from pipeline.settings import PROJECT_ROOT, ComplySettings, Settings

from . import planting

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights: good enough for whatever looks at files only."""
    return planting.untrained(tmp_path_factory.mktemp("bare") / "model")


@pytest.fixture
def model(bare: Path, tmp_path: Path) -> Path:
    """A copy of the bare model that a test may change."""
    return Path(shutil.copytree(bare, tmp_path / "model"))


@pytest.fixture
def policy() -> Policy:
    return load_policy(PROJECT_ROOT / "policy.yaml")


@pytest.fixture
def subject(bare: Path, model: Path, policy: Policy) -> Callable[..., Subject]:
    """Return a maker of subjects: the model with its base, honest rows, and whatever a test sets."""

    def make(**changes: object) -> Subject:
        found = changes.pop("found", None) or planting.rows(60, 7)
        values: dict[str, object] = {
            "policy": policy,
            "sampling": ComplySettings(attacks=8, memorised_rows=8),
            "today": TODAY,
            "candidate": ModelFiles(model, "candidate"),
            "base": ModelFiles(bare, "base"),
            "origin": Origin("acme/base", "a" * 40, "Apache-2.0", "the test"),
            "rows": Rows(lambda: iter(found), "test"),
            "root": PROJECT_ROOT,
            "refusal_texts": Settings().prepare.refusals().every(),
        }
        return Subject(**{**values, **changes})  # type: ignore[arg-type]

    return make


class NoProber:
    """Fails the test when a model is asked that must not be loaded."""

    def ask(self, model: ModelFiles, probes: object) -> dict:
        raise AssertionError(f"{model.name} was loaded")


@pytest.fixture
def find() -> Callable[..., Finding]:
    """Return a runner of one check that looks at files and facts only."""

    def run(subject: Subject, slug: str) -> Finding:
        check = all_checks()[slug]
        if check.asks_model:
            from pipeline.comply.registry import limits_of

            return Finding(
                check, check.judge(subject, limits_of(check, subject.policy)), limits_of(check, subject.policy)
            )
        (finding,) = run_checks(subject, _Nothing(), checks={slug: check})  # type: ignore[arg-type]
        return finding

    return run


class _Nothing:
    def ask(self, model: ModelFiles, probes: object) -> dict:
        return {}
