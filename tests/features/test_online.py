from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from feast import FeatureStore

from pipeline.errors import PipelineError, ServiceError
from pipeline.features import catalogue, point_in_time, registration, retrieval, stage
from pipeline.features import online as online_module
from pipeline.features.online import OnlineView
from pipeline.features.store import online_identity, open_shared
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.privacy import online as erasure

from .conftest import Place

pytestmark = pytest.mark.usefixtures("quick")
TOKENS = "token_features_acme_tiny_chat_1"


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (apt-get install redis-server)")
    port = _free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL)
    try:
        _await_port(port)
        assert process.poll() is None, "another program answers on its port"
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def dynamodb_url() -> Iterator[str]:
    server = pytest.importorskip("moto.server", reason="moto is not installed (pip install moto[dynamodb])")
    port = _free_port()
    running = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture(params=["sqlite", "redis", "dynamodb"])
def online(request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with each kind of online store, the real servers where they exist."""
    chosen = place.settings.features
    chosen.project = f"p{time.time_ns()}"
    chosen.online_store = request.param
    if request.param == "redis":
        chosen.online_store_options = {"connection_string": f"127.0.0.1:{request.getfixturevalue('redis_port')}"}
    if request.param == "dynamodb":
        chosen.online_store_options = {"endpoint_url": request.getfixturevalue("dynamodb_url")}
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    return place


def rows(*answers: str, **values: Any) -> list[dict[str, Any]]:
    return [{"answer": answer, "question_id": f"q-{answer[:3]}", **values} for answer in answers]


def run(place: Place, folder: Path, found: list[dict[str, Any]]) -> tuple[Manifest, dict[str, dict[str, int]]]:
    """Run the stage and return its manifest with what registering it took."""
    seen: dict[str, dict[str, int]] = {}
    real = registration.register

    def watched(*arguments: Any) -> Any:
        seen.update(real(*arguments))
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.registration, "register", watched)
        return place.features(folder, *found), seen


def test_only_changes_are_written_and_what_is_gone_is_removed(online: Place, causal_folder: Path) -> None:
    _, first = run(online, causal_folder, rows("one", "two", "three"))
    assert first == {view: {"written": 3, "removed": 0, "unchanged": 0} for view in ("qa_features", TOKENS)}
    _, second = run(online, causal_folder, rows("one", "two and more", "four"))
    assert second == {view: {"written": 2, "removed": 1, "unchanged": 1} for view in ("qa_features", TOKENS)}
    found = retrieval.online_features(online.settings, ["q-one", "q-two", "q-thr", "q-fou", "nobody"])
    assert [row["answer"] for row in found] == ["one", "two and more", None, "four", None]
    assert [row["found"] for row in found] == [True, True, False, True, False]
    tokens = retrieval.online_features(online.settings, ["q-two", "q-thr"], TOKENS)
    assert tokens[0]["labels"][-1] == tokens[0]["token_ids"][-1]
    assert tokens[1]["token_ids"] is None


def test_a_first_materialisation_reads_the_files_once_however_many_rows_it_writes(
    place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rows(*(f"{number:03d} is the answer" for number in range(21)))
    place.features(causal_folder, *found)
    shared = open_shared(place.settings, place.lake)
    manifest = catalogue.published(place.lake)[0].manifest
    uri = load_manifest(place.lake, manifest).output("qa_features").uri
    view = OnlineView(shared, "qa_features")
    view.remove([row["question_id"] for row in found])
    written: list[list[str]] = []
    monkeypatch.setattr(online_module, "WRITE_CHUNK", 4)
    monkeypatch.setattr(
        FeatureStore, "write_to_online_store", lambda self, name, df: written.append(list(df["question_id"]))
    )
    reads: list[str] = []
    read_table, dataset = Lake.read_table, point_in_time.dataset
    monkeypatch.setattr(Lake, "read_table", lambda *args, **how: reads.append("table") or read_table(*args, **how))
    monkeypatch.setattr(point_in_time, "dataset", lambda *args: reads.append("dataset") or dataset(*args))
    view._write(place.lake, uri, [row["question_id"] for row in found])
    assert [len(chunk) for chunk in written] == [4, 4, 4, 4, 4, 1]
    assert sorted(name for chunk in written for name in chunk) == sorted(row["question_id"] for row in found)
    assert len(reads) == 1


@pytest.mark.parametrize(("name", "value"), [("licence", "PSF-2.0"), ("split", "validation"), ("data_source", "wiki")])
def test_a_row_whose_tokens_stayed_the_same_is_served_in_its_new_form_too(
    place: Place, causal_folder: Path, name: str, value: str
) -> None:
    run(place, causal_folder, rows("one", "two"))
    changed = [*rows("one"), *rows("two", **{name: value})]
    _, report = run(place, causal_folder, changed)
    assert report[TOKENS] == {"written": 1, "removed": 0, "unchanged": 1}
    assert retrieval.online_features(place.settings, ["q-two"], TOKENS)[0][name] == value


def test_rows_of_a_run_that_died_while_serving_do_not_stay_for_ever(
    online: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(online, causal_folder, rows("one", "two"))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OnlineView, "_confirm", killed)
        with pytest.raises(KeyboardInterrupt):
            run(online, causal_folder, rows("one", "three"))  # writes q-thr, and dies before q-two is removed
    assert retrieval.online_features(online.settings, ["q-thr"])[0]["found"]
    run(online, causal_folder, rows("one", "four"))  # the data changed again before the next run
    found = retrieval.online_features(online.settings, ["q-one", "q-two", "q-thr", "q-fou"])
    assert [row["found"] for row in found] == [True, False, False, True]


def test_data_that_went_back_after_a_run_died_are_served_again(
    place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(place, causal_folder, rows("one", "two"))
    with monkeypatch.context() as patch:
        patch.setattr(OnlineView, "_confirm", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(place, causal_folder, rows("one, changed", "three"))
    run(place, causal_folder, rows("one", "two"))
    found = retrieval.online_features(place.settings, ["q-one", "q-two", "q-thr"])
    assert [row["answer"] for row in found] == ["one", "two", None]


def test_rows_that_another_online_store_never_held_are_removed_on_the_way_back(
    redis_port: int, place: Place, causal_folder: Path
) -> None:
    chosen = place.settings.features
    chosen.project = f"p{time.time_ns()}"
    run(place, causal_folder, rows("one", "two"))
    chosen.online_store = "redis"
    chosen.online_store_options = {"connection_string": f"127.0.0.1:{redis_port}"}
    run(place, causal_folder, rows("one"))
    chosen.online_store, chosen.online_store_options = "sqlite", {}
    run(place, causal_folder, rows("one"))
    found = retrieval.online_features(place.settings, ["q-one", "q-two"])
    assert [row["found"] for row in found] == [True, False]


def test_nothing_changed_costs_nothing(online: Place, causal_folder: Path) -> None:
    manifest, _ = run(online, causal_folder, rows("one", "two"))
    again, report = run(online, causal_folder, rows("one", "two"))
    assert again.uri == manifest.uri
    looked = {view: {"written": 0, "removed": 0, "unchanged": 2} for view in ("qa_features", TOKENS)}
    # a file of this machine is as this machine left it; what others can write to is looked at
    assert report == ({} if online.settings.features.online_store == "sqlite" else looked)


def test_a_lake_that_was_emptied_is_published_to_again(place: Place, causal_folder: Path) -> None:
    """What this machine remembers of a lake does not say what lies there now."""
    manifest, _ = run(place, causal_folder, rows("one", "two"))
    place.lake.delete([info.uri for info in place.lake.objects(place.lake.uri("feature_store"))])
    run(place, causal_folder, rows("one", "two"))
    assert {reference.manifest for reference in catalogue.published(place.lake)} == {manifest.uri}


def test_a_view_that_another_machine_moved_is_moved_back(place: Place, causal_folder: Path) -> None:
    manifest, _ = run(place, causal_folder, rows("one", "two"))
    other = manifest.model_copy(update={"uri": f"{manifest.uri}.other"})
    catalogue.publish(place.lake, TOKENS, other, "elsewhere")
    run(place, causal_folder, rows("one", "two"))
    assert {reference.manifest for reference in catalogue.published(place.lake)} == {manifest.uri}


def test_an_emptied_online_store_fills_again(online: Place, causal_folder: Path) -> None:
    run(online, causal_folder, rows("one", "two"))
    store = open_shared(online.settings, online.lake)
    assert OnlineView(store, "qa_features").remove(["q-one"]) == 1
    (online.settings.state_dir / "feast" / "served.json").unlink()
    _, report = run(online, causal_folder, rows("one", "two"))
    assert report["qa_features"] == {"written": 1, "removed": 0, "unchanged": 1}
    assert report[TOKENS] == {"written": 0, "removed": 0, "unchanged": 2}


def test_a_server_that_lost_its_rows_is_filled_by_the_next_run(
    redis_port: int, place: Place, causal_folder: Path
) -> None:
    chosen = place.settings.features
    chosen.project, chosen.online_store = f"p{time.time_ns()}", "redis"
    chosen.online_store_options = {"connection_string": f"127.0.0.1:{redis_port}"}
    run(place, causal_folder, rows("one", "two"))
    redis.Redis(port=redis_port).flushall()
    run(place, causal_folder, rows("one", "two"))
    assert [row["found"] for row in retrieval.online_features(place.settings, ["q-one", "q-two"])] == [True, True]


def test_a_file_that_is_gone_is_made_again_by_the_next_run(place: Place, causal_folder: Path) -> None:
    run(place, causal_folder, rows("one"))
    (place.settings.state_dir / "feast" / "online.db").unlink()
    run(place, causal_folder, rows("one"))
    assert retrieval.online_features(place.settings, ["q-one"])[0]["found"]


def test_what_another_machine_wrote_to_a_server_is_seen(
    redis_port: int, place: Place, causal_folder: Path, tmp_path: Path
) -> None:
    chosen = place.settings.features
    chosen.project, chosen.online_store = f"p{time.time_ns()}", "redis"
    chosen.online_store_options = {"connection_string": f"127.0.0.1:{redis_port}"}
    other = Place(place.settings.model_copy(update={"state_dir": tmp_path / "other-machine"}), place.lake)
    run(place, causal_folder, rows("one", "two"))
    run(other, causal_folder, rows("one, changed"))
    run(place, causal_folder, rows("one", "two"))
    found = retrieval.online_features(place.settings, ["q-one", "q-two"])
    assert [row["answer"] for row in found] == ["one", "two"]


def test_long_arrays_and_absent_contexts_survive(online: Place, causal_folder: Path) -> None:
    online.settings.features.max_length = 8192
    context = "Passwords are stored as salted hashes. " * 400
    manifest, _ = run(online, causal_folder, [{"context": context, "split": "test"}, {"context": None}])
    long, bare = retrieval.online_features(online.settings, ["q0000", "q0001"], TOKENS)
    assert len(long["token_ids"]) == manifest.facts["lengths"]["max"] > 2500
    assert long["attention_mask"] == [1] * len(long["token_ids"])
    assert bare["found"]
    assert [row["context"] for row in retrieval.online_features(online.settings, ["q0000", "q0001"])] == [context, None]


def test_no_question_needs_no_store(place: Place) -> None:
    assert retrieval.online_features(place.settings, []) == []


def test_an_unknown_view_is_named(place: Place, causal_folder: Path) -> None:
    run(place, causal_folder, rows("one"))
    with pytest.raises(PipelineError, match=f"Known are: qa_features, {TOKENS}"):
        retrieval.online_features(place.settings, ["q-one"], "token_features_other")


def test_what_was_removed_leaves_no_trace_in_the_sqlite_file(place: Place, causal_folder: Path) -> None:
    run(place, causal_folder, rows("xyzzy-secret-word", "two"))
    path = place.settings.state_dir / "feast" / "online.db"
    assert b"xyzzy-secret-word" in path.read_bytes()
    run(place, causal_folder, rows("two"))
    assert b"xyzzy-secret-word" not in path.read_bytes()


def test_feast_knows_up_to_when_views_are_materialised(place: Place, causal_folder: Path) -> None:
    manifest, _ = run(place, causal_folder, rows("one", "two"))
    view = open_shared(place.settings, place.lake).get_feature_view("qa_features")
    assert view.most_recent_end_time.isoformat() == manifest.facts["as_of"]
    assert view.owner == place.settings.features.owner
    assert view.tags == {"licence": "Apache-2.0"}


def test_a_store_that_drops_writes_is_found_out(redis_port: int, place: Place, causal_folder: Path) -> None:
    chosen = place.settings.features
    chosen.project, chosen.online_store = f"p{time.time_ns()}", "redis"
    chosen.online_store_options = {"connection_string": f"127.0.0.1:{redis_port}", "skip_dedup": False}
    run(place, causal_folder, rows("one", "two"))
    with pytest.raises(PipelineError, match="dropped 1 of 1 rows"):
        run(place, causal_folder, rows("one", "two and more"))


@pytest.mark.parametrize("kind", ["redis", "dynamodb"])
def test_a_server_that_is_away_is_told_as_such_without_its_password(
    place: Place, causal_folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    manifest, _ = run(place, causal_folder, rows("one"))
    chosen = place.settings.features
    chosen.online_store = kind  # type: ignore[assignment]
    chosen.online_store_options = (
        {"connection_string": "127.0.0.1:9,password=hunter2secret"}
        if kind == "redis"
        else {"endpoint_url": "http://127.0.0.1:9", "region": "eu-west-1"}
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for call in (
        lambda: registration.register(place.settings, place.lake, manifest, "again"),
        lambda: retrieval.online_features(place.settings, ["q1"]),
        lambda: erasure.remove(place.settings, place.lake, ["q1"]),
    ):
        with pytest.raises(ServiceError, match="online store does not answer") as told:
            call()
        assert "hunter2secret" not in str(told.value)
        assert kind in str(told.value)


def test_a_new_password_makes_no_new_store(place: Place) -> None:
    chosen = place.settings.features
    chosen.online_store = "redis"
    found = set()
    for options in ("cache:6379", "cache:6379,username=one,password=two", "cache:6379, password=three", "other:6379"):
        chosen.online_store_options = {"connection_string": options}
        found.add(online_identity(place.settings))
    assert len(found) == 2
