"""The release protocol against the real client and a real store: whole or not at all, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from promotions import promote_compared

from pipeline.audit import AuditLog
from pipeline.errors import Refused, StoreError
from pipeline.lake import Lake
from pipeline.publish import release as protocol
from pipeline.publish.calls import BranchMoved
from pipeline.publish.release import release, write_release
from pipeline.publish.store import ModelStore, Version
from pipeline.settings import PublishSettings, Settings

Build = Callable[..., Callable[[str], Path]]


@pytest.fixture
def publish(lake: Lake) -> Callable[..., Version]:
    """Return a function that releases a word and makes it the production version."""

    def publish(
        store: ModelStore, build: Build, content: str, run: str = "run-1", check=lambda folder: None
    ) -> Version:
        version = release(store, build(content, run), identity={"run_id": run, "model": content}, check=check)
        promote_compared(store, lake, AuditLog(lake), version, run_id=run, model=content)
        return version

    return publish


def production_files(store: ModelStore) -> set[str]:
    return {name for name in store.files(store.alias) if name != ".gitattributes"}


def test_first_release_is_tagged_and_in_production(publish, store: ModelStore, build: Build) -> None:
    assert store.production() is None
    done = publish(store, build, "a")
    assert done.name == "v1"
    assert [(v.name, v.commit) for v in store.versions()] == [("v1", done.commit)]
    assert store.production()["model"] == "a"
    assert production_files(store) == {"README.md", "model.safetensors", "only-in-a.txt", "release.json"}


def test_second_release_replaces_every_file(publish, store: ModelStore, build: Build) -> None:
    publish(store, build, "a")
    assert publish(store, build, "b", "run-2").name == "v2"
    assert production_files(store) == {"README.md", "model.safetensors", "only-in-b.txt", "release.json"}
    assert set(store.files("v1")) >= {"only-in-a.txt"}


def test_repository_is_private(publish, store: ModelStore, build: Build, hub: str) -> None:
    publish(store, build, "a")
    stranger = ModelStore(
        Settings(publish=PublishSettings(endpoint=hub, token="hf_wrong", repository=store.repository))
    )
    with pytest.raises(StoreError):
        stranger.production()


def test_releasing_again_changes_nothing(publish, store: ModelStore, build: Build) -> None:
    first = publish(store, build, "a")
    alias = store.head(store.alias)
    assert publish(store, build, "a") == first
    assert len(store.versions()) == 1
    assert store.head(store.alias) == alias


@pytest.mark.parametrize("step", ["verify", "tag", "point_alias"])
def test_killed_between_steps_goes_on(
    publish, store: ModelStore, build: Build, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(store, build, "a")
    with monkeypatch.context() as patch:
        owner = protocol if step == "verify" else ModelStore
        patch.setattr(owner, step, lambda *args, **kw: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            publish(store, build, "b", "run-2")
    assert store.production()["model"] == "a"
    assert publish(store, build, "b", "run-2").name == "v2"
    assert store.production()["model"] == "b"
    assert [version.name for version in store.versions()] == ["v1", "v2"]


def test_failed_verification_withdraws_the_commit(publish, store: ModelStore, build: Build) -> None:
    publish(store, build, "a")
    before = set(store.files("main"))

    def wrong(folder: Path) -> None:
        raise Refused("answers differ")

    with pytest.raises(Refused, match="answers differ"):
        publish(store, build, "b", "run-2", check=wrong)
    assert [version.name for version in store.versions()] == ["v1"]
    assert set(store.files("main")) == before
    assert store.release("main")["model"] == "a"
    assert store.production()["model"] == "a"


def test_swapped_file_in_the_store_is_refused(
    publish, store: ModelStore, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = ModelStore.download

    def tampered(self: ModelStore, revision: str, folder: Path) -> Path:
        download(self, revision, folder)
        (folder / "model.safetensors").write_bytes(b"evil")
        return folder

    monkeypatch.setattr(ModelStore, "download", tampered)
    with pytest.raises(Refused, match=r"model\.safetensors differs"):
        publish(store, build, "a")
    assert store.versions() == []
    assert store.production() is None


def test_somebody_elses_commit_is_not_overwritten(publish, store: ModelStore, build: Build) -> None:
    publish(store, build, "a")
    folder = build("b")("v2")
    stale = store.head()
    store.commit(folder, "someone else", stale)
    with pytest.raises(BranchMoved):
        store.commit(folder, "too late", stale)


def test_a_card_that_the_hub_refuses_is_told_in_words(store: ModelStore, build: Build) -> None:
    def with_card(version: str) -> Path:
        folder = build("a")(version)
        (folder / "README.md").write_text("---\nlanguage: cn\n---\n")
        write_release(folder, {"version": version, "run_id": "run-1", "model": "a"})
        return folder

    with pytest.raises(
        StoreError, match=r'refused to commit to main: Invalid metadata .*"language" must be an ISO 639'
    ):
        release(store, with_card, identity={"run_id": "run-1"}, check=lambda folder: None)
    assert store.versions() == []


def test_store_that_is_away_is_named(settings: Settings) -> None:
    settings.publish.endpoint = "http://127.0.0.1:9"
    with pytest.raises(StoreError, match="does not answer"):
        ModelStore(settings).production()


def test_fetched_version_is_made_of_real_files_and_fetched_once(publish, store: ModelStore, build: Build) -> None:
    done = publish(store, build, "a")
    folder = store.cached(done.commit)
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    marker = folder / "release.json"
    before = marker.stat().st_mtime_ns
    assert store.cached(done.commit) == folder
    assert marker.stat().st_mtime_ns == before


def test_what_was_uploaded_before_a_crash_is_not_sent_again(
    publish, store: ModelStore, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The large file is in the store when the commit itself is lost; the next attempt sends only the commit."""
    from huggingface_hub import _commit_api

    sent: list[str] = []
    upload = _commit_api.lfs_upload

    def killed_after_it(operation, *args, **keywords):
        upload(operation, *args, **keywords)
        sent.append(operation.path_in_repo)
        if len(sent) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(_commit_api, "lfs_upload", killed_after_it)
    with pytest.raises(KeyboardInterrupt):
        publish(store, build, "a")
    publish(store, build, "a")
    assert sent.count("model.safetensors") == 1, sent
    assert store.production()["model"] == "a"
