from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from pipeline.errors import StoreError
from pipeline.hub_snapshot import snapshot
from pipeline.settings import Settings

TOKEN = "hf_release_manager_of_acme"


def commit(hub: str, repository: str, files: dict[str, bytes], gone: tuple[str, ...] = ()) -> None:
    api = HfApi(hub, token=TOKEN)
    api.create_repo(repository, exist_ok=True)
    changes = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(repository, [*changes, *(CommitOperationDelete(path) for path in gone)], commit_message="change")


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def repository(hub: str) -> str:
    name = f"acme/snap-{uuid.uuid4().hex[:8]}"
    commit(hub, name, {"config.json": b"{}", "model.safetensors": b"one", "old.json": b"{}", "code.py": b"import os"})
    return name


def test_a_folder_holds_one_commit_and_nothing_of_another(
    hub: str, settings: Settings, repository: str, tmp_path: Path
) -> None:
    first = snapshot(repository, settings, tmp_path / "cache", patterns=["*.json", "*.safetensors"])
    assert names(first) == {"config.json", "model.safetensors", "old.json"}
    commit(hub, repository, {"model.safetensors": b"two"}, gone=("old.json",))
    second = snapshot(repository, settings, tmp_path / "cache", patterns=["*.json", "*.safetensors"])
    assert names(second) == {"config.json", "model.safetensors"}
    assert (first / "model.safetensors").read_bytes() == b"one"
    assert (second / "model.safetensors").read_bytes() == b"two"
    assert "code.py" in names(snapshot(repository, settings, tmp_path / "cache"))
    assert not list((tmp_path / "cache").glob(".building-*"))


def test_a_store_that_is_away_is_an_error_and_not_what_was_fetched_before(
    settings: Settings, repository: str, tmp_path: Path
) -> None:
    assert snapshot(repository, settings, tmp_path / "cache").is_dir()
    settings.publish.endpoint = "http://127.0.0.1:21698"
    with pytest.raises(StoreError, match="does not give this model"):
        snapshot(repository, settings, tmp_path / "cache")


def test_a_repository_that_is_gone_is_not_answered_from_memory(
    hub: str, settings: Settings, repository: str, tmp_path: Path
) -> None:
    assert snapshot(repository, settings, tmp_path / "cache").is_dir()
    HfApi(hub, token=TOKEN).delete_repo(repository)
    with pytest.raises(StoreError, match="does not give this model"):
        snapshot(repository, settings, tmp_path / "cache")
