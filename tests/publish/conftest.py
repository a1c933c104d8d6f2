from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.server import HubServer
from pipeline.local.hub.store import Store
from pipeline.publish.release import write_release
from pipeline.publish.store import ModelStore
from pipeline.settings import PublishSettings, Settings

TOKEN = "hf_release_manager_of_acme"
STRANGER = "hf_somebody_without_access"


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    named = {"acme": TOKEN, "stranger": STRANGER}
    accounts = [Account.model_validate({"name": name, "token": named[name], "role": "write"}) for name in named]
    with HubServer(Store.open(HubConfig(tmp_path_factory.mktemp("hub")), accounts)).running() as url:
        yield url


@pytest.fixture
def settings(hub: str, tmp_path: Path) -> Settings:
    publish = PublishSettings(endpoint=hub, token=TOKEN, repository=f"acme/model-{uuid.uuid4().hex[:10]}")
    return Settings(publish=publish, state_dir=tmp_path / "state")


@pytest.fixture
def store(settings: Settings) -> ModelStore:
    return ModelStore(settings)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Callable[[str], Path]]:
    """Return a maker of release folders with the given content."""

    def maker(content: str, run: str = "run-1") -> Callable[[str], Path]:
        def make(version: str) -> Path:
            folder = tmp_path / f"release-{content}"
            folder.mkdir(exist_ok=True)
            (folder / "model.safetensors").write_bytes(content.encode() * 1000)
            (folder / f"only-in-{content}.txt").write_text(content)
            (folder / "README.md").write_text(f"# {version}")
            write_release(folder, {"version": version, "run_id": run, "model": content, "candidate": "m.json"})
            return folder

        return make

    return maker
