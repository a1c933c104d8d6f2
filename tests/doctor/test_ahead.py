"""What the doctor says beforehand of settings that a stage or the gate would refuse hours later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.doctor import ahead, configuration
from pipeline.settings import PROJECT_ROOT, Settings, load

POLICY = PROJECT_ROOT / "policy.yaml"
SOURCE = {"kind": "table", "name": "articles", "uri": "rows.parquet", "licence": "CC0-1.0"}
KEY = "LLMOPS_AUDIT__SIGNING_KEY"


def settings(**tables: Any) -> Settings:
    return Settings(**{"policy_file": POLICY, **tables})


def test_the_laptops_own_settings_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_CONFIG", str(PROJECT_ROOT / "llmops.toml"))
    assert {one.status for look in (ahead.stages, ahead.licences) for one in look(load())} == {"ok"}


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"train": {"scheduler": "cosinus"}}, "train.scheduler = cosinus"),
        ({"prepare": {"limits": {"context_shares": 0.5}}}, "context_shares"),
        ({"evaluate": {"perturbations": ["typo"]}}, "typo"),
        ({"evaluate": {"benchmarks": ["sample:nothing"]}}, "sample:nothing"),
    ],
)
def test_names_that_only_a_stage_looks_up_are_named(tables: dict[str, Any], named: str) -> None:
    (found,) = ahead.stages(settings(**tables))
    assert found.status == "failed"
    assert named in found.found


def test_a_policy_that_does_not_fit_the_checks_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nchecks: {promt_injection: {on_failure: warn}}\n")
    (found,) = ahead.stages(settings(policy_file=policy))
    assert "promt_injection" in found.found


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"collect": {"sources": [{**SOURCE, "licence": "CC-BY-NC-4.0"}]}}, "source articles: CC-BY-NC-4.0"),
        ({"collect": {"sources": [{**SOURCE, "licence": "NOASSERTION"}]}}, "source articles: nobody stated"),
        ({"model": {"base": "a/b", "licence": "OpenRAIL++"}}, "base model a/b"),
    ],
)
def test_licences_that_the_gate_refuses_are_named(tables: dict[str, Any], named: str) -> None:
    (found,) = ahead.licences(settings(**tables))
    assert found.status == "failed"
    assert named in found.found


def test_what_the_policy_only_warns_of_is_a_warning_and_what_is_off_is_not_judged(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nlicences: {models: [Apache-2.0], data: [CC0-1.0], unknown: warn}\n")
    unknown = {"collect": {"sources": [{**SOURCE, "licence": "NOASSERTION"}]}}
    (found,) = ahead.licences(settings(policy_file=policy, **unknown))
    assert found.status == "warning"
    off = {"collect": {"sources": [{**SOURCE, "licence": "MIT", "enabled": False}]}}
    (found,) = ahead.licences(settings(policy_file=policy, **off))
    assert found.status == "ok"


def test_an_unsigned_trail_in_production_fails(tmp_path: Path) -> None:
    production = {"local": {"enabled": False}, "publish": {"token": "hf_x"}}
    (found,) = configuration.secrets(settings(**production, audit={"signing_key": " "}))
    assert (found.status, KEY in found.found, "gate refuses" in found.found) == ("failed", True, True)
    assert next(configuration.secrets(settings(**production, audit={"signing_key": "k"}))).status == "ok"
    assert next(configuration.secrets(settings())).status == "warning", "llmops up will make it"
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nsign_off: {require_signature: false}\n")
    (found,) = configuration.secrets(settings(**production, policy_file=policy))
    assert (found.status, "not signed" in found.found, "gate" in found.found) == ("warning", True, False)


def test_a_mode_that_needs_a_key_fails_in_production() -> None:
    privacy = {"mode": "shift", "pseudonym_key": ""}
    chosen = settings(local={"enabled": False}, audit={"signing_key": "k"}, prepare={"privacy": privacy})
    (found,) = configuration.secrets(chosen)
    assert found.status == "failed"
    assert "shift" in found.found
