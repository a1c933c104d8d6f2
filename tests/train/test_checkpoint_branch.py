"""Checkpoints pushed to a real model store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.server import HubServer
from pipeline.local.hub.store import Store
from pipeline.publish.store import MAIN, ModelStore
from pipeline.settings import PublishSettings, Settings, TrainSettings
from pipeline.train.checkpoint_branch import branch_of, mirror_for
from pipeline.train.checkpoints import STATE, TENSORS, CheckpointStore

TOKEN = "hf_trainer_of_acme"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    account = Account.model_validate({"name": "acme", "token": TOKEN, "role": "write"})
    with HubServer(Store.open(HubConfig(tmp_path / "hub"), [account])).running() as url:
        yield Settings(
            publish=PublishSettings(endpoint=url, token=TOKEN, repository=f"acme/model-{uuid.uuid4().hex[:10]}"),
            state_dir=tmp_path / "state",
            train=TrainSettings(push_checkpoints=True),
        )


def saved(store: CheckpointStore, step: int) -> None:
    store.save(step, {"now:w": torch.full((2,), float(step))}, {"step": step})


def test_checkpoints_go_to_a_branch_and_nowhere_else(settings: Settings, lake: Lake, tmp_path: Path) -> None:
    prefix = lake.uri("checkpoints", "train", "0123456789abcdef")
    hub = ModelStore(settings)
    hub.ensure()
    before = (hub.head(MAIN), hub.files(MAIN))
    store = CheckpointStore(lake, prefix, keep=2, mirror=mirror_for(settings, prefix))
    saved(store, 5)
    saved(store, 10)
    assert branch_of(prefix) == "checkpoints-0123456789ab"
    folder = hub.download(str(hub.head(branch_of(prefix))), tmp_path / "pulled")
    assert load_file(folder / TENSORS)["now:w"].tolist() == [10.0, 10.0]
    assert json.loads((folder / STATE).read_text())["step"] == 10
    assert (hub.head(MAIN), hub.files(MAIN)) == before
    assert hub.production() is None
    assert not hub.versions()


def test_the_places_of_releases_are_refused(settings: Settings, tmp_path: Path) -> None:
    hub = ModelStore(settings)
    hub.ensure()
    for branch in (MAIN, hub.alias):
        with pytest.raises(StoreError, match="Only releases go there"):
            hub.keep_aside(tmp_path, branch, "no")


def test_a_store_that_is_away_does_not_end_the_training(settings: Settings, lake: Lake) -> None:
    away = settings.model_copy(
        update={"publish": settings.publish.model_copy(update={"endpoint": "http://127.0.0.1:9"})}
    )
    prefix = lake.uri("checkpoints", "train", "key")
    store = CheckpointStore(lake, prefix, mirror=mirror_for(away, prefix))
    saved(store, 5)
    found = store.latest()
    assert found is not None
    assert found.step == 5


def test_nothing_is_pushed_unless_asked(settings: Settings) -> None:
    assert mirror_for(Settings(publish=settings.publish), "file:///lake/checkpoints/train/key") is None
