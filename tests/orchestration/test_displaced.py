"""The daily check when somebody with the model store's token moved production by hand, or opened or hid the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from huggingface_hub import CommitOperationAdd, HfApi
from published import STRANGER, TOKEN, Place
from typer.testing import CliRunner, Result

from pipeline.errors import Refused
from pipeline.manifest import Manifest
from pipeline.orchestration import restore, watch
from pipeline.orchestration.run import Run
from pipeline.publish import alias, recorded
from pipeline.publish.champion import champion
from pipeline.publish.command import app
from pipeline.publish.release import write_release


def api(place: Place) -> HfApi:
    return HfApi(endpoint=place.store.endpoint, token=TOKEN)


def displaced(place: Place, folder: Path, claim: str) -> None:
    """Other weights, with a release file that fits them."""
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"evil")
    content = {"version": claim, "model": place.candidate("v3").output("model").digest}
    write_release(folder, {**content, "candidate": place.candidate("v3").uri, "prepared": "p"})
    files = [CommitOperationAdd(path.name, path.read_bytes()) for path in folder.iterdir()]
    api(place).create_commit(place.store.repository, files, commit_message="x", revision=place.store.alias)


def checked(place: Place) -> list[str]:
    published = watch.integrity("check", by_hand=False)
    return watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)


def pass_all(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version is fit today."""

    def compliance_of(run: object, uri: str, evaluation: Manifest) -> Manifest:
        return place.report("passed", [], place.candidates[uri])

    monkeypatch.setattr(watch, "performance_of", lambda run, uri: place.evaluation(place.candidates[uri]))
    monkeypatch.setattr(watch, "compliance_of", compliance_of)


@pytest.mark.parametrize("claim", ["v3", "v0", "latest"])
def test_other_weights_with_a_release_file_of_their_own_are_replaced(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claim: str
) -> None:
    displaced(place, tmp_path / "evil", claim)
    published = watch.integrity("check", by_hand=False)
    assert published["candidate"] == place.candidate("v3").uri
    (reason,) = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert reason == "its files: the branch production does not hold v3, which the audit trail has in production"

    pass_all(place, monkeypatch)
    assert restore.when_unfit("check", published, [reason])["version"] == "v3"
    version = next(version for version in place.store.versions() if version.name == "v3")
    assert alias.serves(place.store, version)
    assert alias.withdrawn(place.audit.trail(), place.store.repository) == {}


@pytest.mark.parametrize("attack", ["deleted", "junk"])
def test_a_branch_that_is_gone_or_holds_no_release_is_put_back(
    place: Place, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    if attack == "deleted":
        api(place).delete_branch(place.store.repository, branch=place.store.alias)
    else:
        junk = CommitOperationAdd("release.json", b"[1]")
        api(place).create_commit(place.store.repository, [junk], commit_message="x", revision=place.store.alias)
    made = champion(place.settings, place.lake)
    assert made is not None
    assert made.uri == place.candidate("v3").uri
    listed = command("list")
    assert (listed.exit_code, "v3" in listed.output, "production" in listed.output) == (0, True, False)
    published = watch.integrity("check", by_hand=False)
    reasons = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert "the branch production does not hold v3" in reasons[0]
    pass_all(place, monkeypatch)
    assert restore.when_unfit("check", published, reasons)["version"] == "v3"
    assert (place.present(), checked(place)) == ("v3", [])


def test_an_old_version_that_somebody_put_back_is_named_between_the_tasks_too(place: Place) -> None:
    published = watch.integrity("check", by_hand=False)
    assert published["fault"] == ""
    old = next(version for version in place.store.versions() if version.name == "v2")
    place.store.point_alias(old, place.store.head(place.store.alias))
    reasons = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert reasons == ["the branch production does not hold v3, which the audit trail has in production"]
    assert checked(place)[0].startswith("its files: the branch production does not hold v3")


def test_a_store_that_shows_nothing_is_no_reason_to_skip(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_PUBLISH__TOKEN", STRANGER)
    with pytest.raises(AirflowException, match="shows no version, and v3") as caught:
        watch.integrity("check", by_hand=False)
    assert not isinstance(caught.value, AirflowSkipException)


def test_a_repository_that_was_opened_is_a_fault(place: Place) -> None:
    api(place).update_repo_settings(place.store.repository, private=False)
    told = "the repository is public, and publish.private wants it private"
    assert checked(place) == [told]
    assert watch.recorded(Run("check")) == [], "going back would not close the repository"
    done = restore.when_unfit("check", {"version": "v3"}, [told])
    with pytest.raises(AirflowException, match=told):
        restore.conclude("check", {"version": "v3"}, [told], done)
    assert place.present() == "v3"


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def test_a_rollback_is_advised_only_where_there_is_something_to_go_back_to(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    displaced(place, tmp_path / "evil", "v3")
    assert "llmops models rollback" in str(command("verify").exception)
    monkeypatch.setattr(recorded, "publications", lambda trail, repository: [])  # before the first one's record
    found = str(command("verify").exception)
    assert "clear the release that died before its record" in found
    assert "llmops models rollback" not in found


def test_models_verify_and_list_in_a_tampered_store(place: Place, tmp_path: Path) -> None:
    assert "v3: 1 files are as released" in command("verify").output
    displaced(place, tmp_path / "evil", "v3")
    found = command("verify").exception
    assert isinstance(found, Refused)
    assert "The branch production does not hold v3" in str(found)
    assert "v2: 1 files are as released" in command("verify", "v2").output
    change = CommitOperationAdd("release.json", b"[1]")
    made = api(place).create_commit(place.store.repository, [change], commit_message="x", revision="main")
    api(place).create_tag(place.store.repository, tag="v0", revision=made.oid)
    listed = command("list")
    assert (listed.exit_code, "v0" in listed.output, "v3" in listed.output) == (0, True, True)
