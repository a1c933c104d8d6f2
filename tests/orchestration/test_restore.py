"""The daily check's rollback on a real store, lake and trail; only the measuring of models is replaced by results."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")

import pytest

from pipeline.audit import AuditLog
from pipeline.lake import Lake, open_lake
from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.server import HubServer
from pipeline.local.hub.store import Store
from pipeline.orchestration import restore, watch
from pipeline.publish.promote import promote
from pipeline.publish.release import release, write_release
from pipeline.publish.store import ModelStore
from pipeline.settings import load
from pipeline.stage import Attempt, Manifest, run_stage

TOKEN = "hf_release_manager_of_acme"
REASONS = ["performance: it fell"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    account = Account.model_validate({"name": "acme", "token": TOKEN, "role": "write"})
    with HubServer(Store.open(HubConfig(tmp_path_factory.mktemp("hub")), [account])).running() as url:
        yield url


class Place:
    """Three published versions, and a lake with their candidates."""

    def __init__(self, folder: Path) -> None:
        self.settings = load()
        self.lake: Lake = open_lake(self.settings.lake)
        self.audit = AuditLog(self.lake)
        self.store = ModelStore(self.settings)
        self.candidates: dict[str, str] = {}
        for name in ("v1", "v2", "v3"):
            self.publish(folder / name, name)

    def publish(self, folder: Path, name: str) -> None:
        def work(attempt: Attempt) -> None:
            attempt.lake.write(attempt.uri("model", "model.safetensors"), name.encode())

        candidate = run_stage(self.lake, "tune", work, run_id=name, parameters={"name": name}).uri
        self.candidates[candidate] = name

        def build(version: str) -> Path:
            folder.mkdir(exist_ok=True)
            (folder / "model.safetensors").write_bytes(name.encode() * 100)
            content = {"version": version, "run_id": name, "model": name, "candidate": candidate, "prepared": "p"}
            write_release(folder, content)
            return folder

        made = release(self.store, build, identity={"run_id": name}, check=lambda pulled: None)
        promote(self.store, self.lake, self.audit, made, run_id=name, model=name, approvals=[])

    def report(self, verdict: str, reasons: list[str]) -> Manifest:
        def work(attempt: Attempt) -> None:
            attempt.facts.update(verdict=verdict, reasons=reasons)
            content = json.dumps({"verdict": verdict, "reasons": reasons}).encode()
            attempt.lake.write(attempt.uri("report", "report.json"), content)

        return run_stage(self.lake, "comply", work, run_id="check", parameters={"verdict": verdict})

    def present(self) -> str:
        return str((self.store.production() or {})["version"])


@pytest.fixture
def place(hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    environment = {
        "LLMOPS_STATE_DIR": str(tmp_path / "state"),
        "LLMOPS_LAKE__URI": str(tmp_path / "lake"),
        "LLMOPS_PUBLISH__ENDPOINT": hub,
        "LLMOPS_PUBLISH__TOKEN": TOKEN,
        "LLMOPS_PUBLISH__REPOSITORY": f"acme/m-{uuid.uuid4().hex[:8]}",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Place(tmp_path)


@pytest.fixture
def judged(place: Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What today's checks say of earlier versions; versions that are not in it pass."""
    verdicts: dict[str, str] = {}

    def compliance_of(run: object, uri: str, evaluation: Manifest) -> Manifest:
        why = verdicts.get(place.candidates[uri])
        return place.report("refused" if why else "passed", [why] if why else [])

    monkeypatch.setattr(watch, "performance_of", lambda run, uri: place.report("passed", []))
    monkeypatch.setattr(watch, "compliance_of", compliance_of)
    return verdicts


def refused(published: str, reasons: list[str]) -> str:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException) as caught:
        restore.when_unfit("check", {"version": published}, reasons)
    return str(caught.value)


def test_fit_production_stays(place: Place) -> None:
    assert "as it was approved" in restore.when_unfit("check", {"version": "v3"}, [])
    assert place.present() == "v3"


def test_unfit_production_goes_back_to_the_newest_fit_version(place: Place, judged: dict[str, str]) -> None:
    judged["v2"] = "licences: no longer allowed"
    text = refused("v3", REASONS)
    assert "it fell" in text
    assert "Production was rolled back to v1" in text
    assert place.present() == "v1"
    (record,) = place.audit.find("rolled_back")
    assert record.actor == "pipeline"
    assert record.run_id == "check"
    assert "it fell" in record.data["reason"]


def test_without_a_fit_version_it_says_so(place: Place, judged: dict[str, str]) -> None:
    judged |= {"v1": "licences: no", "v2": "licences: no"}
    assert "There is no earlier fit version, so it stays in production; v2 is unfit too" in refused("v3", REASONS)
    assert place.present() == "v3"


def test_switched_off(place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_PUBLISH__AUTOMATIC_ROLLBACK", "false")
    assert "publish.automatic_rollback is off" in refused("v3", REASONS)
    assert place.present() == "v3"


def test_cleared_and_run_again_it_does_not_go_back_further(place: Place, judged: dict[str, str]) -> None:
    assert "rolled back to v2" in refused("v3", REASONS)
    assert "Production is v2 by now" in refused("v3", REASONS)
    assert place.present() == "v2"


def test_by_hand_with_reason(place: Place) -> None:
    done = restore.by_hand("run-7", "operator", "previous", "customers complain about it")
    assert (done["before"], done["version"]) == ("v3", "v2")
    assert place.audit.find("rolled_back")[0].actor == "operator"


def test_integrity_names_a_changed_file(place: Place, tmp_path: Path) -> None:
    assert watch.integrity("check")["fault"] == ""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=place.store.endpoint, token=TOKEN)
    change = CommitOperationAdd("model.safetensors", b"something else")
    api.create_commit(place.store.repository, [change], commit_message="x", revision=place.store.alias)
    assert "model.safetensors differs" in watch.integrity("check")["fault"]


def test_verdict_knows_erased_data(place: Place) -> None:
    passed = place.report("passed", [])
    published = {"version": "v3", "candidate": next(iter(place.candidates)), "fault": ""}
    assert watch.verdict("check", published, passed.uri, passed.uri) == []
    names = [f"{place.store.repository}@v3"]
    place.audit.append("subject_erased", actor="x", data={"models": [{"versions": names}]})
    (reason,) = watch.verdict("check", published, passed.uri, passed.uri)
    assert "erased" in reason
    assert [record.data["verdict"] for record in place.audit.find("production_checked")] == ["passed", "refused"]
