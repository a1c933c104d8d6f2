"""The daily check's rollback on a real store, lake and trail; only the measuring of models is replaced by results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from published import TOKEN, Place

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.errors import Refused
from pipeline.manifest import FileEntry, Manifest, content_digest, load_manifest
from pipeline.orchestration import ground, restore, watch
from pipeline.orchestration.run import Run
from pipeline.publish.recorded import astray
from pipeline.review.evidence import REWRITTEN, seal

REASONS = ["performance: it fell"]


@pytest.fixture
def judged(place: Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What today's checks say of earlier versions; versions that are not in it pass."""
    verdicts: dict[str, str] = {}

    def compliance_of(run: object, uri: str, evaluation: Manifest) -> Manifest:
        why = verdicts.get(place.candidates[uri])
        return place.report("refused" if why else "passed", [why] if why else [], place.candidates[uri])

    monkeypatch.setattr(watch, "performance_of", lambda run, uri: place.evaluation(place.candidates[uri]))
    monkeypatch.setattr(watch, "compliance_of", compliance_of)
    return verdicts


def verdict(place: Place, reasons: list[str]) -> None:
    """What the task before recorded."""
    data = {"version": "v3", "verdict": "refused" if reasons else "passed", "reasons": reasons}
    place.audit.append(watch.CHECKED, actor="pipeline", run_id="check", subject="m", data=data)


def refused(published: str, reasons: list[str], place: Place | None = None) -> str:
    from airflow.sdk.exceptions import AirflowFailException

    if place is not None:
        verdict(place, reasons)
    done = restore.when_unfit("check", {"version": published}, reasons)
    with pytest.raises(AirflowFailException) as caught:
        restore.conclude("check", {"version": published}, reasons, done)
    assert not done["version"] or f"rolled back to {done['version']}" in str(caught.value)
    return str(caught.value)


def test_fit_production_stays(place: Place) -> None:
    verdict(place, [])
    done = restore.when_unfit("check", {"version": "v3"}, [])
    assert done["version"] == ""
    assert "as it was approved" in restore.conclude("check", {"version": "v3"}, [], done)
    assert place.present() == "v3"


def test_unfit_production_goes_back_to_the_newest_fit_version(place: Place, judged: dict[str, str]) -> None:
    judged["v2"] = "licences: no longer allowed"
    text = refused("v3", REASONS, place)
    assert "it fell" in text
    assert "Production was rolled back to v1" in text
    assert place.present() == "v1"
    (record,) = place.audit.find("rolled_back")
    assert record.actor == "pipeline"
    assert record.run_id == "check"
    assert "it fell" in record.data["reason"]


def test_without_a_fit_version_it_says_so(place: Place, judged: dict[str, str]) -> None:
    judged |= {"v1": "licences: no", "v2": "licences: no"}
    assert "There is no earlier fit version, so it stays in production; v2 is unfit too" in refused(
        "v3", REASONS, place
    )
    assert place.present() == "v3"


def test_switched_off(place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_PUBLISH__AUTOMATIC_ROLLBACK", "false")
    assert "publish.automatic_rollback is off" in refused("v3", REASONS, place)
    assert place.present() == "v3"


def test_cleared_and_run_again_it_does_not_go_back_further(place: Place, judged: dict[str, str]) -> None:
    assert "rolled back to v2" in refused("v3", REASONS, place)
    assert "Production is v2 by now" in refused("v3", REASONS)
    assert place.present() == "v2"


def test_by_hand_with_reason(place: Place) -> None:
    done = restore.by_hand("run-7", "operator", "previous", "customers complain about it")
    assert (done["before"], done["version"]) == ("v3", "v2")
    assert place.audit.find("rolled_back")[0].actor == "operator"


def test_tried_again_by_hand_it_does_not_go_back_further(place: Place) -> None:
    """The attempt before was killed after its record; a task whose run is cleared gets here too."""
    first = restore.by_hand("llm_rollback/7", "operator", "previous", "customers complain about it")
    assert restore.by_hand("llm_rollback/7", "operator", "previous", "customers complain about it") == first
    assert place.present() == "v2"
    assert len(place.audit.find("rolled_back")) == 1
    other = restore.by_hand("llm_rollback/8", "operator", "previous", "and they still complain")
    assert (other["before"], other["version"]) == ("v2", "v1")


def killed(
    place: Place, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object], at: str = "rolled_back", on: str = "v2"
) -> None:
    """Do something that is killed when the alias has moved, and nothing is recorded yet."""
    append, before = AuditLog.append, place.audit.find(at)

    def dies(self: AuditLog, event: str, **more: Any) -> Record:
        if event == at:
            raise KeyboardInterrupt
        return append(self, event, **more)

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert place.present() == on
    assert place.audit.find(at) == before


def test_killed_before_its_record_it_is_finished_when_it_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_hand() -> dict[str, str]:
        return restore.by_hand("llm_rollback/7", "operator", "previous", "customers complain about it")

    killed(place, monkeypatch, by_hand)
    done = by_hand()
    assert (done["before"], done["version"], place.present()) == ("v3", "v2", "v2")
    (record,) = place.audit.find("rolled_back")
    assert (record.data["from"], record.data["to"]) == ("v3", "v2")


def test_a_rollback_of_the_check_that_was_killed_is_finished_too(
    place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict(place, REASONS)
    killed(place, monkeypatch, lambda: restore.when_unfit("check", {"version": "v3"}, REASONS))
    assert restore.when_unfit("check", {"version": "v3"}, REASONS)["version"] == "v2"
    (record,) = place.audit.find("rolled_back")
    assert (record.data["from"], record.data["to"], place.present()) == ("v3", "v2", "v2")


def test_a_release_that_waits_for_its_record_is_not_withdrawn_by_the_check(
    place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its task moved the alias and could not record that; it is cleared when the lake is back, behind the check."""

    def publish() -> None:
        place.publish(tmp_path / "v4", "v4")

    killed(place, monkeypatch, publish, at="published", on="v4")
    published = watch.integrity("check", by_hand=False)
    reasons = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert restore.when_unfit("check", published, reasons)["version"] == "v3"
    (record,) = place.audit.find("rolled_back")
    assert (record.data["from"], record.data["to"], place.present()) == ("v3", "v3", "v3")
    publish()
    assert (place.present(), astray(place.store, place.audit.trail())) == ("v4", "")


@pytest.mark.parametrize("to", ["v1", "v2"])
def test_what_people_did_while_earlier_versions_were_checked_stays(
    place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """Checking a version takes a while; somebody rolls back by hand meanwhile."""
    measure = watch.performance_of

    def meanwhile(run: Run, uri: str) -> Manifest:
        if not place.audit.find("rolled_back"):
            restore.by_hand("llm_rollback/7", "operator", to, "customers complain about it")
        return measure(run, uri)

    monkeypatch.setattr(watch, "performance_of", meanwhile)
    assert f"Production is {to} by now" in refused("v3", REASONS, place)
    assert place.present() == to
    assert len(place.audit.find("rolled_back")) == 1


def test_integrity_names_a_changed_file(place: Place, tmp_path: Path) -> None:
    assert watch.integrity("check")["fault"] == ""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=place.store.endpoint, token=TOKEN)
    change = CommitOperationAdd("model.safetensors", b"something else")
    api.create_commit(place.store.repository, [change], commit_message="x", revision=place.store.alias)
    assert "model.safetensors differs" in watch.integrity("check")["fault"]


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        ("edit", "record 1: the content does not match its hash"),
        ("delete", "record 2: the record is missing"),
        ("cut", "recorded elsewhere is not in the trail"),
    ],
)
def test_verdict_counts_faults_of_the_audit_trail(place: Place, attack: str, fault: str) -> None:
    """The model itself is untouched; what was approved can no longer be proven."""
    passed, published = place.report("passed", []), looked_at(place)
    records = [info.uri for info in place.lake.objects(place.lake.uri("audit", "records"))]
    if attack == "edit":
        place.lake.write(records[0], place.lake.read(records[0]).replace(b"pipeline", b"someone", 1))
    elif attack == "delete":
        place.lake.delete([records[1]])
    else:  # the whole trail, with the head and this machine's memory of it
        place.lake.delete([*records, place.lake.uri("audit", "head.json")])
    reasons = watch.verdict("check", published, place.evaluation().uri, passed.uri)
    assert any(fault in reason for reason in reasons), reasons
    assert "It stays in production" in refused("v3", reasons)
    assert place.present() == "v3", "on a trail that does not hold, nothing moves"


def looked_at(place: Place) -> dict[str, str]:
    """What the task that pulls the files hands on."""
    return watch.integrity("check")


def test_verdict_knows_erased_data(place: Place) -> None:
    published, passed = looked_at(place), place.report("passed", [])
    evaluation = place.evaluation().uri
    assert watch.verdict("check", published, evaluation, passed.uri) == []
    names = [f"{place.store.repository}@v3"]
    place.audit.append("subject_erased", actor="x", data={"models": [{"versions": names}]})
    (reason,) = watch.verdict("check", published, evaluation, passed.uri)
    assert "erased" in reason
    assert [record.data["verdict"] for record in place.audit.find("production_checked")] == ["passed", "refused"]


# What Airflow's users may edit between two tasks is not believed


def test_a_fault_that_is_edited_away_is_told_all_the_same(place: Place) -> None:
    published = looked_at(place)
    data = {"version": "v3", "candidate": published["candidate"], "fault": "model.safetensors differs"}
    place.audit.append(watch.LOOKED_AT, actor="pipeline", run_id="check", subject=digest(place), data=data)
    reasons = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert reasons[0] == "its files: model.safetensors differs"
    assert "is not what was found" in reasons[1]


def digest(place: Place) -> str:
    return place.candidate("v3").output("model").digest


def test_a_report_of_another_version_does_not_speak_for_this_one(place: Place) -> None:
    published = looked_at(place)
    other, own = place.report("passed", [], "v1"), place.evaluation()
    reasons = watch.verdict("check", published, own.uri, other.uri)
    assert "compliance: it was made for another candidate" in reasons
    assert "compliance: it was made for another evaluation" in reasons
    reasons = watch.verdict("check", {**published, "candidate": place.candidate("v1").uri}, own.uri, other.uri)
    assert any("of another model than the one in production" in reason for reason in reasons)


def test_a_report_that_nobody_made_is_refused(place: Place) -> None:
    published, evaluation = looked_at(place), place.evaluation()
    planted = place.report("passed", []).model_copy(update={"facts": {"verdict": "passed", "better": True}})
    place.lake.write(planted.uri, planted.model_dump_json().encode())
    reasons = watch.verdict("check", published, evaluation.uri, planted.uri)
    assert any("compliance: the audit trail does not know" in reason for reason in reasons)


def test_without_a_look_at_the_files_nothing_is_passed(place: Place) -> None:
    published = {"version": "v3", "candidate": place.candidate("v3").uri, "fault": ""}
    reasons = watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri)
    assert reasons == ["the audit trail does not say that its files were looked at in this run"]


def test_reasons_that_no_verdict_gave_move_nothing(place: Place) -> None:
    """Somebody edits what the verdict's task handed on, in either direction."""
    assert "It stays in production" in refused("v3", ["made up"])
    verdict(place, [])
    assert "as it was approved" in refused("v3", ["made up"])
    assert place.present() == "v3"
    assert place.audit.find("rolled_back") == []


def test_reasons_that_are_edited_away_still_count(place: Place, judged: dict[str, str]) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    verdict(place, REASONS)
    done = restore.when_unfit("check", {"version": "v3"}, [])
    assert done["version"] == "v2"
    with pytest.raises(AirflowFailException, match="it fell"):
        restore.conclude("check", {"version": "v3"}, [], done)


# What lies in the lake is not believed


def planting(place: Place, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """Reports of a stage are found finished where the rollback looks for them; no task made them."""
    recorded = place._recorded
    monkeypatch.setattr(
        place,
        "_recorded",
        lambda manifest, run="check": manifest if manifest.stage == stage else recorded(manifest, run),
    )


@pytest.mark.parametrize("stage", ["evaluate", "comply"])
def test_an_old_version_is_not_judged_by_reports_that_were_planted(
    place: Place, judged: dict[str, str], monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    planting(place, monkeypatch, stage)
    for name in ("v1", "v2"):
        place.report("passed", [], name)
    verdict(place, REASONS)
    with pytest.raises(AirflowException, match=f"{stage} was found finished, but nobody recorded making it"):
        restore.when_unfit("check", {"version": "v3"}, REASONS)
    assert place.present() == "v3"


def test_a_version_whose_manifest_is_of_another_model_is_unfit(place: Place, judged: dict[str, str]) -> None:
    """Its place in the lake holds a manifest that was made and recorded, of a model that is fit."""
    other, own = place.candidate("v1"), place.candidate("v2")
    swapped = other.model_copy(update={"uri": own.uri, "key": own.key})
    place.lake.write(own.uri, swapped.model_dump_json().encode())
    place._recorded(swapped)
    text = refused("v3", REASONS, place)
    assert "rolled back to v1" in text
    assert place.present() == "v1"


def test_a_version_whose_manifest_was_edited_is_unfit(place: Place, judged: dict[str, str]) -> None:
    own = place.candidate("v2")
    place.lake.write(own.uri, own.model_copy(update={"facts": {"licence": "MIT"}}).model_dump_json().encode())
    assert "rolled back to v1" in refused("v3", REASONS, place)


def test_features_that_nobody_needs_any_more_may_be_gone(place: Place) -> None:
    newest = place.grounded("of today")["features"]
    candidate = place.candidate("v3")
    place.lake.write(candidate.inputs["features"].uri, b"{}")
    assert ground.behind(Run("check"), candidate)[1].digest == newest.digest


def test_production_is_measured_on_rows_that_a_run_made(place: Place) -> None:
    """The newest features are replaced in their place by others that fit together, with easy rows."""
    easy, newest = place.grounded("easy"), place.grounded("of today")["features"]
    assert ground.behind(Run("check"), place.candidate("v3"))[1].digest == newest.digest
    place.lake.write(newest.uri, easy["features"].model_copy(update={"uri": newest.uri}).model_dump_json().encode())
    with pytest.raises(Refused, match="does not know this features"):
        ground.behind(Run("check"), place.candidate("v3"))


def test_a_retraining_on_older_data_does_not_make_its_rows_the_newest(place: Place) -> None:
    older, newest = place.grounded("of yesterday"), place.grounded("of today")["features"]
    repository = load_manifest(place.lake, older["prepared"].inputs["repository"].uri)
    for manifest in (repository, older["prepared"], older["features"]):
        place._recorded(manifest, "llm_retrain/1")
    assert ground.behind(Run("check"), place.candidate("v3"))[1].digest == newest.digest
    place._recorded(repository, "llm_pipeline/back")  # the sources went back to what they had
    assert ground.behind(Run("check"), place.candidate("v3"))[1].digest == older["features"].digest


@pytest.mark.parametrize("edited", ["base", "prepared", "features"])
@pytest.mark.parametrize("report", ["evaluation", "compliance"])
def test_reports_on_another_ground_do_not_speak_for_production(place: Place, edited: str, report: str) -> None:
    published, own = looked_at(place), place.ground
    other = place.grounded("other") | {"base": place.based("other weights")}
    if report == "evaluation":
        place.ground = {**own, edited: other[edited]}
    evaluation = place.evaluation()
    place.ground = {**own, edited: other[edited]}
    checked = place.report("passed", [])
    reasons = watch.verdict("check", published, evaluation.uri, checked.uri)
    if report == "evaluation":
        assert any("base model" in reason and reason.startswith("evaluation") for reason in reasons), reasons
    else:
        assert f"compliance: it was made for another {edited}" in reasons


def test_an_erasure_of_rows_does_not_make_production_unfit(place: Place) -> None:
    """Features and prepared rows have other digests since; what they were made from has not changed."""
    published = looked_at(place)
    for name in ("prepared", "features"):
        old = place.ground[name]
        place.lake.write(f"{old.output('rows').uri}/rows", b"fewer rows")
        files = [FileEntry(path="rows", size=10, sha256=hashlib.sha256(b"fewer rows").hexdigest())]
        rows = old.output("rows").model_copy(update={"files": files, "digest": content_digest(files)})
        new = old.model_copy(update={"outputs": {"rows": rows}, "facts": {"erased_from": ["rows"]}})
        data = {"stage": new.stage, "manifest": new.uri, "seal": seal(new), "was": old.digest}
        place.audit.append(REWRITTEN, actor="officer", subject=new.digest, data=data)
        place.lake.write(new.uri, new.model_dump_json().encode())
        place.ground[name] = new
    _, features, prepared = ground.behind(Run("check"), place.candidate("v3"))
    assert (features.digest, prepared.digest) == (place.ground["features"].digest, place.ground["prepared"].digest)
    assert watch.verdict("check", published, place.evaluation().uri, place.report("passed", []).uri) == []
