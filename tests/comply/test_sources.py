"""A base model is what a candidate is measured by: no other one takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.comply.sources import base_of, model_at, model_of
from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


def stage_of(lake: Lake, stage: str, weights: bytes) -> Manifest:
    def work(attempt: Attempt) -> None:
        attempt.lake.write(attempt.uri("model", "model.safetensors"), weights)
        attempt.lake.write(attempt.uri("model", "config.json"), b"{}")

    return run_stage(lake, stage, work, run_id="r1", parameters={"weights": weights.hex()}, packages=("errors",))


def swap(lake: Lake, made: Manifest, weights: bytes) -> str:
    return lake.write(f"{made.output('model').uri}/model.safetensors", weights)


def test_a_swapped_base_model_is_not_what_anything_is_compared_with(lake: Lake, settings: Settings) -> None:
    base, bad = stage_of(lake, "base-model", b"honest"), stage_of(lake, "tune", b"hostile")
    swap(lake, base, b"hostile")
    output = base.output("model")
    with pytest.raises(LakeError, match="not what its manifest says"):
        base_of(settings, lake, output, "base")
    with pytest.raises(LakeError, match="not what its manifest says"):
        model_at(base.uri, settings, lake, of=base_of)
    swap(lake, base, b"honest")
    assert base_of(settings, lake, output, "base").path("model.safetensors").read_bytes() == b"honest"
    # a candidate is fetched as it is, so that the report can say what was changed
    swap(lake, bad, b"another")
    assert model_of(settings, lake, bad.output("model"), "bad").path("model.safetensors").read_bytes() == b"another"


def test_a_base_model_that_was_swapped_back_or_forth_is_found_by_its_digests(
    lake: Lake, settings: Settings, subject, find
) -> None:
    base, candidate = stage_of(lake, "base-model", b"honest"), stage_of(lake, "tune", b"trained")
    checked = {
        "candidate": model_of(settings, lake, candidate.output("model"), "candidate"),
        "base": base_of(settings, lake, base.output("model"), "base"),
        "manifests": {"candidate": candidate, "base": base},
        "lake": lake,
    }
    assert find(subject(**checked), "file_digests").status == "passed"
    swap(lake, base, b"trained")
    found = find(subject(**checked), "file_digests")
    assert found.status == "failed"
    assert found.result.summary == "base: the file model.safetensors was changed after its stage"
