"""The object store and the model store die by SIGKILL in the middle of work; clocks go wrong."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.auth
import pytest
from promotions import promote_compared
from servers import TOKEN, Hub, ObjectStore

from pipeline.audit import AuditLog
from pipeline.audit import log as audit_module
from pipeline.errors import LakeError, StoreError
from pipeline.lake import Lake, open_lake
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.integrity import damage
from pipeline.local.hub.store import Store
from pipeline.manifest import Manifest
from pipeline.publish.lease import lease
from pipeline.publish.release import release, write_release
from pipeline.publish.rollback import rollback
from pipeline.publish.store import ModelStore
from pipeline.settings import LakeSettings, PublishSettings, Settings
from pipeline.stage import Attempt, run_stage

Injected = Callable[..., None]
MEGABYTE = 1 << 20
PORT = int(os.environ.get("TEST_S3_PORT", "21400")) + 100


@pytest.fixture(scope="module")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    server = ObjectStore(tmp_path_factory.mktemp("mortal"), PORT)
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("after", [1, 12, 23])
def test_the_object_store_dies_while_a_stage_writes(object_store: ObjectStore, after: int, injected: Injected) -> None:
    """The stage fails with a sentence, its next try gives what an undisturbed one gives, and the trail holds."""
    place = object_store.settings.model_copy(update={"uri": f"s3://mortal/s3-{after}"})
    lake, audit = open_lake(place), AuditLog(open_lake(place))
    audit.append("run_started", actor="p")

    def stage(kill: bool, name: str = "disturbed") -> Manifest:
        def work(attempt: Attempt) -> None:
            for number in range(24):
                if kill and number == after:
                    object_store.kill()
                attempt.lake.write(attempt.uri("rows", f"part-{number:02}"), f"content {number}".encode() * 5000)

        return run_stage(lake, "prepare", work, run_id="r", parameters={"name": name})

    try:
        with pytest.raises(LakeError, match="did not answer"):
            stage(kill=True)
    finally:
        object_store.start()
    assert not [info for info in lake.objects(lake.uri("prepare")) if info.uri.endswith("manifest.json")]
    again = stage(kill=False)
    assert again.digest == stage(kill=False, name="undisturbed").digest
    for file in again.output("rows").files:
        assert lake.digest(f"{again.output('rows').uri}/{file.path}") == file.sha256
    audit.append("stage_completed", actor="p")
    assert [record.number for record in audit.records()] == [1, 2]
    assert audit.verify() == []
    injected("the S3 server", f"SIGKILL after {after} of 24 objects", 1, "said; the next try has the same content")


class World:
    """A model store that can die, with a lake and a trail beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hub = folder, Hub(folder)
        self.hub.start()
        publish = PublishSettings(endpoint=self.hub.url, token=TOKEN, repository="acme/model")
        self.store = ModelStore(Settings(publish=publish, state_dir=folder / "state"))
        self.lake: Lake = open_lake(LakeSettings(uri=str(folder / "lake")))
        self.audit = AuditLog(self.lake)

    def build(self, run: str) -> Callable[[str], Path]:
        def make(version: str) -> Path:
            place = self.folder / run
            place.mkdir(exist_ok=True)
            (place / "model.safetensors").write_bytes(run.encode() * (12 * MEGABYTE // len(run)))
            (place / "README.md").write_text(f"---\nlicense: mit\n---\n# {version}\n")
            write_release(place, {"version": version, "run_id": run, "model": run})
            return place

        return make

    def publish(self, run: str) -> str:
        version = release(self.store, self.build(run), identity={"run_id": run}, check=lambda folder: None)
        promote_compared(self.store, self.lake, self.audit, version, run_id=run, model=run)
        return version.name

    def until_it_works(self, call: Callable[[], object], tries: int = 5) -> object:
        """Do as Airflow does."""
        for left in reversed(range(tries)):
            try:
                return call()
            except StoreError:
                if not left:
                    raise
                time.sleep(0.3)
        raise AssertionError

    def check(self, versions: list[str], production: str) -> None:
        assert [version.name for version in self.store.versions()] == versions
        assert (self.store.production() or {})["version"] == production
        assert self.audit.verify() == []
        self.hub.kill()
        opened = Store.open(HubConfig(self.hub.root), [])
        try:
            assert list(damage(opened)) == []
        finally:
            opened.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.hub.kill()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_the_model_store_dies_during_a_release(world: World, share: float, injected: Injected) -> None:
    """Killed at a share of the time that a release takes; the next try ends with one version, whole."""
    begun = time.monotonic()
    world.publish("run-1")
    took = time.monotonic() - begun
    killer = threading.Timer(took * share, world.hub.kill)
    killer.start()
    try:
        world.publish("run-2")
        early = False
    except StoreError:
        early = True
    killer.join()
    world.hub.start()
    assert world.until_it_works(lambda: world.publish("run-2")) == "v2"
    published = [record.data["version"] for record in world.audit.find("published")]
    assert published == ["v1", "v2"]
    world.check(["v1", "v2"], "v2")
    when = "during" if early else "after"
    injected("the model store", f"SIGKILL {when} a release", 1, "said; one whole version at the next try")


def test_the_model_store_dies_before_the_alias_moves(world: World, injected: Injected) -> None:
    world.publish("run-1")
    world.publish("run-2")
    point = world.store.point_alias

    def killed(*arguments: object) -> str:
        world.hub.kill()
        return point(*arguments)  # type: ignore[arg-type]

    world.store.point_alias = killed  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="does not answer"):
        rollback(world.store, world.lake, world.audit, to="v1", actor="o", reason="it is worse in production")
    assert world.audit.find("rolled_back") == []
    world.store.point_alias = point  # type: ignore[method-assign]
    world.hub.start()
    assert (world.store.production() or {})["version"] == "v2"
    rollback(world.store, world.lake, world.audit, to="v1", actor="o", reason="it is worse in production")
    world.check(["v1", "v2"], "v1")
    injected("the model store", "SIGKILL when the alias moves", 1, "production stays; the next try moves it")


@pytest.mark.parametrize("hours", [-1.0, 1.0])
def test_a_clock_that_s3_does_not_accept(
    s3_settings: LakeSettings, hours: float, injected: Injected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 refuses requests signed more than 15 minutes away from its own clock, and the message says so."""
    monkeypatch.setattr(
        botocore.auth,
        "get_current_datetime",
        lambda *_: datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=hours),
    )
    lake = open_lake(s3_settings)
    with pytest.raises(LakeError, match=r"The clocks differ by more than 15 minutes"):
        lake.write(lake.uri("clock"), b"x")
    monkeypatch.undo()
    lake.write(lake.uri("clock"), b"x")
    injected("this machine's clock", f"{hours:+.0f} h against S3", 1, "refused, and the clock is named")


@pytest.mark.parametrize("days", [-2, 2])
def test_writers_whose_clocks_differ(
    lake: Lake, days: int, injected: Injected, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Order and truth of the trail, and who holds the lock, do not come from anybody's clock."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.now(tz) + timedelta(days=days)

    audit = AuditLog(lake)
    audit.append("first", actor="right")
    with monkeypatch.context() as patch:
        patch.setattr(audit_module, "datetime", Shifted)
        audit.append("second", actor="wrong")
        with lease(lake, "production", patience=0.4, wait=5):
            held = time.monotonic()
    audit.append("third", actor="right")
    with lease(lake, "production", patience=0.4, wait=5):
        assert time.monotonic() - held < 0.4, "a lock that was given back is free whatever the clocks say"
    assert [record.event for record in audit.records()] == ["first", "second", "third"]
    assert abs((list(audit.records())[1].at - datetime.now(UTC)).days) >= 1
    assert audit.verify() == []
    injected("a writer's clock", f"{days:+d} days", 1, "the trail keeps its order and holds; the lock is free")
