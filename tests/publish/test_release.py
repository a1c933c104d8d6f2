"""The release protocol against the real client and a real store: whole or not at all, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.audit import AuditLog
from pipeline.errors import Refused, StoreError
from pipeline.lake import Lake
from pipeline.publish import release as protocol
from pipeline.publish.release import Released, release
from pipeline.publish.rollback import rollback
from pipeline.publish.store import BranchMoved, ModelStore
from pipeline.settings import PublishSettings, Settings

Build = Callable[..., Callable[[str], Path]]


def publish(store: ModelStore, build: Build, content: str, run: str = "run-1", check=lambda folder: None) -> Released:
    return release(store, build(content, run), identity={"run_id": run, "model": content}, check=check)


def production_files(store: ModelStore) -> set[str]:
    return {name for name in store.files(store.alias) if name != ".gitattributes"}


def test_first_release_is_tagged_and_in_production(store: ModelStore, build: Build) -> None:
    assert store.production() is None
    done = publish(store, build, "a")
    assert done.version == "v1"
    assert [(v.name, v.commit) for v in store.versions()] == [("v1", done.commit)]
    assert store.production()["model"] == "a"
    assert production_files(store) == {"README.md", "model.safetensors", "only-in-a.txt", "release.json"}


def test_second_release_replaces_every_file(store: ModelStore, build: Build) -> None:
    publish(store, build, "a")
    assert publish(store, build, "b", "run-2").version == "v2"
    assert production_files(store) == {"README.md", "model.safetensors", "only-in-b.txt", "release.json"}
    assert set(store.files("v1")) >= {"only-in-a.txt"}


def test_repository_is_private(store: ModelStore, build: Build, hub: str) -> None:
    publish(store, build, "a")
    stranger = ModelStore(
        Settings(publish=PublishSettings(endpoint=hub, token="hf_wrong", repository=store.repository))
    )
    with pytest.raises(StoreError):
        stranger.production()


def test_releasing_again_changes_nothing(store: ModelStore, build: Build) -> None:
    first = publish(store, build, "a")
    alias = store.head(store.alias)
    assert publish(store, build, "a") == first
    assert len(store.versions()) == 1
    assert store.head(store.alias) == alias


@pytest.mark.parametrize("step", ["verify", "tag", "point_alias"])
def test_killed_between_steps_goes_on(
    store: ModelStore, build: Build, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(store, build, "a")
    with monkeypatch.context() as patch:
        owner = protocol if step == "verify" else ModelStore
        patch.setattr(owner, step, lambda *args, **kw: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            publish(store, build, "b", "run-2")
    assert store.production()["model"] == "a"
    assert publish(store, build, "b", "run-2").version == "v2"
    assert store.production()["model"] == "b"
    assert [version.name for version in store.versions()] == ["v1", "v2"]


def test_failed_verification_withdraws_the_commit(store: ModelStore, build: Build) -> None:
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


def test_swapped_file_in_the_store_is_refused(store: ModelStore, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_somebody_elses_commit_is_not_overwritten(store: ModelStore, build: Build) -> None:
    publish(store, build, "a")
    folder = build("b")("v2")
    stale = store.head()
    store.commit(folder, "someone else", stale)
    with pytest.raises(BranchMoved):
        store.commit(folder, "too late", stale)


def test_rollback_restores_every_file_and_is_recorded(store: ModelStore, build: Build, lake: Lake) -> None:
    audit = AuditLog(lake)
    for content, run in (("a", "run-1"), ("b", "run-2")):
        done = publish(store, build, content, run)
        data = {"repository": store.repository, "version": done.version, "commit": done.commit}
        audit.append("published", actor="pipeline", subject=content, data=data)
    target = rollback(store, audit, to=None, actor="operator", reason="worse in production")
    assert target.name == "v1"
    assert store.production()["model"] == "a"
    assert "only-in-b.txt" not in production_files(store)
    assert audit.find("rolled_back")[0].data["to"] == "v1"
    assert publish(store, build, "c", "run-3").version == "v3"


@pytest.mark.parametrize(("to", "reason"), [("v9", "no version v9"), ("v1", "in production already")])
def test_rollback_refuses(store: ModelStore, build: Build, lake: Lake, to: str, reason: str) -> None:
    publish(store, build, "a")
    with pytest.raises(Refused, match=reason):
        rollback(store, AuditLog(lake), to=to, actor="operator", reason="x")


def test_rollback_to_what_the_trail_does_not_know_is_refused(store: ModelStore, build: Build, lake: Lake) -> None:
    publish(store, build, "a")
    publish(store, build, "b", "run-2")
    with pytest.raises(Refused, match="knows no publication of v1"):
        rollback(store, AuditLog(lake), to=None, actor="operator", reason="x")
    assert store.production()["model"] == "b"


def test_store_that_is_away_is_named(settings: Settings) -> None:
    settings.publish.endpoint = "http://127.0.0.1:9"
    with pytest.raises(StoreError, match="does not answer"):
        ModelStore(settings).production()


def test_fetched_version_is_made_of_real_files_and_fetched_once(store: ModelStore, build: Build) -> None:
    done = publish(store, build, "a")
    folder = store.cached(done.commit)
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    marker = folder / "release.json"
    before = marker.stat().st_mtime_ns
    assert store.cached(done.commit) == folder
    assert marker.stat().st_mtime_ns == before
