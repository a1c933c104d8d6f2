"""Rollback against the real client and a real store: verified, whole, recorded, and never mixed with a release."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from promotions import promote_compared

from pipeline.audit import AuditLog
from pipeline.errors import LakeError, Refused
from pipeline.lake import Lake
from pipeline.publish import alias
from pipeline.publish.comparison import why_withdrawn
from pipeline.publish.lease import lease
from pipeline.publish.promote import promote
from pipeline.publish.release import release
from pipeline.publish.rollback import eligible, erased, rollback
from pipeline.publish.store import ModelStore, Version

Build = Callable[..., Callable[[str], Path]]
REASON = "it is worse in production"


class World:
    """A store with its lake and trail, and releases by a word."""

    def __init__(self, store: ModelStore, lake: Lake, build: Build) -> None:
        self.store, self.lake, self.build, self.audit = store, lake, build, AuditLog(lake)

    def commit(self, content: str) -> Version:
        identity = {"run_id": f"run-{content}", "model": content}
        return release(self.store, self.build(content, f"run-{content}"), identity=identity, check=lambda folder: None)

    def promote(self, version: Version, content: str) -> None:
        run = f"run-{content}"
        promote_compared(self.store, self.lake, self.audit, version, run_id=run, model=content)

    def publish(self, content: str) -> Version:
        version = self.commit(content)
        self.promote(version, content)
        return version

    def back(self, to: str | None = None, reason: str = REASON):
        return rollback(self.store, self.lake, self.audit, to=to, actor="operator", reason=reason)

    def present(self) -> str:
        return str((self.store.production() or {})["version"])


@pytest.fixture
def world(store: ModelStore, lake: Lake, build: Build) -> World:
    return World(store, lake, build)


def test_every_file_goes_back_and_the_trail_says_so(world: World) -> None:
    world.publish("a")
    world.publish("b")
    done = world.back()
    assert (done.previous, done.version) == ("v2", "v1")
    assert world.store.production()["model"] == "a"
    assert "only-in-b.txt" not in world.store.files(world.store.alias)
    (record,) = world.audit.find("rolled_back")
    assert record.data["commit"] == world.store.head(world.store.alias)
    assert (record.data["from"], record.data["to"], record.data["reason"]) == ("v2", "v1", REASON)
    assert world.audit.verify() == []


def test_forward_again_by_name(world: World) -> None:
    world.publish("a")
    world.publish("b")
    world.back()
    assert world.back("v2").version == "v2"
    assert alias.withdrawn(world.audit.trail(), world.store.repository) == {"v1": REASON}


def test_versions_that_a_rollback_left_are_not_chosen(world: World) -> None:
    for content in "abc":
        world.publish(content)
    world.back("v1")
    world.publish("d")
    assert [version.name for version in eligible(world.store, world.audit.trail(), "v4")] == ["v2", "v1"]


def test_versions_that_learned_from_erased_data_are_not_chosen(world: World) -> None:
    for content in "abc":
        world.publish(content)
    names = [f"{world.store.repository}@v2", "other/model@v1"]
    world.audit.append("subject_erased", actor="x", data={"models": [{"versions": names}]})
    with pytest.raises(Refused, match="v2 learned from rows of a person"):
        world.back("v2")
    assert world.back().version == "v1"


def test_a_version_released_after_the_erasure_from_an_affected_candidate_is_not_chosen(world: World) -> None:
    world.publish("a")
    models = [{"digest": "b", "versions": []}, {"digest": "other", "versions": []}]
    world.audit.append("subject_erased", actor="x", subject="erasure-1", data={"models": models})
    for content in "bc":
        world.publish(content)
    assert erased(world.audit.trail(), world.store.repository) == {"v2"}
    assert erased(world.audit.trail(), "acme/another") == set()
    with pytest.raises(Refused, match="v2 learned from rows of a person"):
        world.back("v2")
    assert world.back().version == "v1"


def test_a_version_whose_files_changed_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish("a")
    world.publish("b")
    download = ModelStore.download

    def tampered(self: ModelStore, revision: str, folder: Path) -> Path:
        download(self, revision, folder)
        (folder / "model.safetensors").write_bytes(b"evil")
        return folder

    monkeypatch.setattr(ModelStore, "download", tampered)
    with pytest.raises(Refused, match=r"model\.safetensors differs"):
        world.back()
    assert world.present() == "v2"


@pytest.mark.parametrize(
    ("to", "reason", "says"),
    [
        ("v9", REASON, "no version v9"),
        ("v1", REASON, "in production already"),
        (None, REASON, "no version before v1"),
        ("v1", "bad", "needs a reason"),
    ],
)
def test_refusals(world: World, to: str | None, reason: str, says: str) -> None:
    world.publish("a")
    with pytest.raises(Refused, match=says):
        world.back(to, reason)
    assert world.audit.find("rolled_back") == []


def test_what_the_trail_does_not_know_is_refused(world: World) -> None:
    world.commit("a")
    world.publish("b")
    with pytest.raises(Refused, match="no version before v2"):
        world.back()
    with pytest.raises(Refused, match="knows no publication of v1"):
        world.back("v1")


@pytest.mark.parametrize("move", ["rollback", "release"])
def test_a_trail_that_does_not_hold_moves_nothing(world: World, move: str) -> None:
    """Someone who can write to the lake edits the record of a publication."""
    world.publish("a")
    world.publish("b")
    waiting = world.commit("c")
    place = world.lake.uri("audit", "records", "0000000001.json")
    world.lake.write(place, world.lake.read(place).replace(b'"pipeline"', b'"somebody"'))
    with pytest.raises(Refused, match="does not hold at record 1: the content does not match its hash"):
        world.back() if move == "rollback" else world.promote(waiting, "c")
    assert world.present() == "v2"


def test_nothing_published_is_said(world: World) -> None:
    world.store.ensure()
    with pytest.raises(Refused, match="no version in production"):
        world.back()


def test_killed_before_its_record_is_finished_by_the_next_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish("a")
    world.publish("b")
    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "append", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            world.back("v1")
    assert world.present() == "v1"
    assert world.audit.find("rolled_back") == []
    done = world.back("v1")
    assert (done.previous, done.version) == ("v2", "v1")
    assert len(world.audit.find("rolled_back")) == 1
    with pytest.raises(Refused, match="in production already"):
        world.back("v1")


@contextlib.contextmanager
def killed_before_its_record(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever moves the alias inside is killed before it can record that."""
    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "append", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            yield


def test_killed_without_a_name_it_is_finished_and_goes_no_further(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in "abc":
        world.publish(content)
    with killed_before_its_record(monkeypatch):
        world.back()
    assert world.present() == "v2"
    done = world.back()
    assert (done.previous, done.version, world.present()) == ("v3", "v2", "v2")
    assert [(r.data["from"], r.data["to"]) for r in world.audit.find("rolled_back")] == [("v3", "v2")]
    assert world.back().version == "v1"


def test_after_a_release_that_was_killed_the_version_before_it_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moved the alias and left no record: the trail is one behind, in the other direction."""
    for content in "ab":
        world.publish(content)
    third = world.commit("c")
    with killed_before_its_record(monkeypatch):
        world.promote(third, "c")
    assert world.present() == "v3"
    assert (world.back().version, world.present()) == ("v2", "v2")


def test_a_release_that_is_tried_again_does_not_undo_a_rollback(world: World) -> None:
    world.publish("a")
    version = world.publish("b")
    world.back()
    with pytest.raises(Refused, match="taken out of production by a rollback: it is worse"):
        world.promote(version, "b")
    assert world.present() == "v1"


def test_a_release_that_is_tried_again_does_not_undo_a_newer_one(world: World) -> None:
    late = world.commit("a")
    world.publish("b")
    with pytest.raises(Refused, match="v2 is in production already"):
        world.promote(late, "a")
    assert world.present() == "v2"


def test_the_same_bytes_under_a_new_name_stay_withdrawn(world: World) -> None:
    """The night after a rollback: nothing changed, so the same model is made again."""
    world.publish("a")
    world.publish("b")
    world.back()
    again = release(
        world.store, world.build("b", "run-3"), identity={"run_id": "run-3", "model": "b"}, check=lambda folder: None
    )
    assert again.name == "v3"
    with pytest.raises(Refused, match=r"the bytes of v2.*it is worse in production.*rollback --to v2"):
        world.promote(again, "b")
    assert world.present() == "v1"
    world.back("v2", "it was better after all")
    assert why_withdrawn(world.audit.trail(), world.store.repository, "b") is None


def test_production_that_moved_since_the_comparison_is_not_replaced(world: World) -> None:
    world.publish("a")
    compared = str((world.store.production() or {})["model"])
    late = world.commit("c")
    early = world.commit("b")
    assert (late.name, early.name) == ("v2", "v3")
    newest = world.commit("d")
    world.promote(early, "b")
    with pytest.raises(Refused, match="v3 went to production after this model was evaluated"):
        promote(
            world.store, world.lake, world.audit, newest, run_id="run-d", model="d", compared=compared, approvals=[1]
        )
    assert world.present() == "v3"


def test_promoting_again_writes_nothing(world: World) -> None:
    version = world.publish("a")
    head = world.store.head(world.store.alias)
    world.promote(version, "a")
    assert world.store.head(world.store.alias) == head
    assert len(world.audit.find("published")) == 1


@pytest.mark.parametrize("turn", range(4))
def test_release_and_rollback_at_once_are_one_after_the_other(world: World, turn: int) -> None:
    world.publish("a")
    world.publish("b")
    third = world.commit("c")
    outcomes: dict[str, str] = {}

    def attempt(name: str, work: Callable[[], object]) -> None:
        try:
            work()
            outcomes[name] = "done"
        except Refused as problem:
            outcomes[name] = problem.what

    works = {"release": lambda: world.promote(third, "c"), "rollback": lambda: world.back("v1")}
    order = list(works) if turn % 2 else list(reversed(works))
    threads = [threading.Thread(target=attempt, args=(name, works[name])) for name in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moves = [r for r in world.audit.records() if r.event in ("published", "rolled_back")]
    last = moves[-1].data.get("to") or moves[-1].data["version"]
    assert world.present() == last, outcomes
    version = next(v for v in world.store.versions() if v.name == last)
    assert alias.serves(world.store, version)
    assert "done" in outcomes.values()


def test_many_rollbacks_at_once_move_once(world: World) -> None:
    world.publish("a")
    world.publish("b")
    results: list[str] = []

    def attempt() -> None:
        try:
            results.append(world.back("v1").version)
        except Refused as problem:
            results.append(problem.what)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.present() == "v1"
    assert len(world.audit.find("rolled_back")) == 1, results


def test_lease_is_held_by_one_and_outlives_no_dead_holder(lake: Lake) -> None:
    with lease(lake, "x"), pytest.raises(LakeError, match="held production for too long"), lease(lake, "x", wait=0.5):
        pass
    with lease(lake, "x", wait=1):
        pass
    dead = lease(lake, "x")
    dead.__enter__()
    with lease(lake, "x", patience=0.5, wait=5):
        pass
