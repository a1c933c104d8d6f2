from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pipeline.audit import AuditLog
from pipeline.audit.records import Record
from pipeline.features import retrieval
from pipeline.lake import Lake
from pipeline.manifest import load_manifest
from pipeline.privacy import erase as erasure
from pipeline.privacy import rows
from pipeline.privacy.erase import erase
from pipeline.privacy.inventory import take
from pipeline.privacy.subject import Subject
from pipeline.privacy.suppression import Suppressed
from pipeline.publish.erasures import affected
from pipeline.review.evidence import REWRITTEN, seal
from pipeline.settings import LakeSettings

from .world import ANSWER, JANES, MASKED, OTHER, SUBJECT, World, everything

JANE = Subject.of([SUBJECT])


def places(world: World, needle: str) -> set[str]:
    found = everything(world.lake, world.settings.state_dir)
    return {uri for uri, body in found.items() if needle.encode() in body and "/privacy/suppressed/" not in uri}


def sound(world: World) -> None:
    """Every manifest names exactly what its files are."""
    for manifest in take(world.lake).manifests.values():
        for output in manifest.outputs.values():
            for file in output.files:
                assert world.lake.digest(f"{output.uri}/{file.path}") == file.sha256, file.path
                assert len(world.lake.read(f"{output.uri}/{file.path}")) == file.size


def rewritten(world: World) -> dict[str, Record]:
    """The records of manifests that were written again, by the manifest that the lake holds now."""
    audit, manifests = AuditLog(world.lake), take(world.lake).manifests
    found = {}
    for record in audit.find(REWRITTEN):
        manifest = manifests[record.data["manifest"]]
        if (record.subject, record.data["seal"]) == (manifest.digest, seal(manifest)):
            found[manifest.uri] = record
    return found


def test_nothing_of_the_subject_remains_in_any_file(world: World) -> None:
    for needle in (SUBJECT, JANES, MASKED):
        assert places(world, needle), needle
    report = erase(world.settings, world.lake, JANE, actor="officer")
    assert report.remaining == []
    for needle in (SUBJECT, JANES, MASKED, ANSWER):
        assert places(world, needle) == set(), needle
    sound(world)
    assert report.rows == {
        "collect-help-desk/rows": 1,
        "collect-help-desk/set_aside": 1,
        "evaluate/answers": 1,
        "features/qa_features": 1,
        "features/token_features": 1,
        "prepare/rows": 1,
        "prepare/vocabulary": 1,
        "repository/rows": 1,
    }
    assert report.online == {"qa_features": 1, "token_features_acme_tiny_chat_1": 1}


def test_the_same_on_a_real_object_store(
    grow: Callable[[LakeSettings, Lake], World], s3_settings: LakeSettings, s3_lake: Lake
) -> None:
    world = grow(s3_settings.model_copy(update={"uri": s3_lake.root}), s3_lake)
    assert places(world, SUBJECT)
    assert erase(world.settings, world.lake, JANE, actor="officer").remaining == []
    assert places(world, SUBJECT) | places(world, JANES) | places(world, MASKED) == set()
    sound(world)


def test_everybody_else_stays(world: World) -> None:
    erase(world.settings, world.lake, JANE, actor="officer")
    evaluation = load_manifest(world.lake, world.evaluation.uri)
    report = json.loads(world.lake.read(f"{evaluation.output('report').uri}/report.json"))
    assert report == {"worst": [{"question_id": OTHER, "reference": "On the shelf."}]}
    assert b"On the shelf." in world.lake.read(f"{evaluation.output('report').uri}/report.html")
    prepared = load_manifest(world.lake, world.prepared.uri)
    left = world.lake.read_table(prepared.output("rows").uri).to_pylist()
    assert [(row["question_id"], row["duplicates"]) for row in left] == [(OTHER, [])]
    assert prepared.output("rows").rows == 1
    assert world.lake.read_table(prepared.output("vocabulary").uri).to_pylist() == [
        {"token": "refund", "document_ids": [OTHER]}
    ]
    assert retrieval.online_features(world.settings, [OTHER])[0]["answer"] == "On the shelf."
    assert world.lake.exists(world.lake.uri("raw/help-desk/night-1/page-2.json"))


def test_later_stages_see_new_input_and_the_source_is_collected_anew(world: World) -> None:
    erase(world.settings, world.lake, JANE, actor="officer")
    repository = load_manifest(world.lake, world.repository.uri)
    assert repository.digest != world.repository.digest
    assert repository.facts["erased_from"] == ["rows"]
    index = json.loads(world.lake.read(world.lake.uri("runs/night-1/repository.json")))
    assert index["digest"] == repository.digest
    assert [info.uri for info in world.lake.objects(world.lake.uri("refs/collect"))] == [
        world.lake.uri("refs/collect/site.json")
    ]


def test_models_that_learned_from_it_are_named_with_their_versions(world: World) -> None:
    report = erase(world.settings, world.lake, JANE, actor="officer")
    assert [(model.stage, model.versions) for model in report.models] == [
        ("pretrain", []),
        ("train", []),
        ("tune", ["acme/faq@v3"]),
    ]
    assert world.other_model.uri not in {model.manifest for model in report.models}
    assert world.lake.read(f"{world.trained.output('model').uri}/model.safetensors") == b"better weights"


def test_the_audit_trail_tells_it_without_the_name(world: World) -> None:
    report = erase(world.settings, world.lake, JANE, actor="officer")
    audit = AuditLog(world.lake)
    assert audit.verify() == []
    started, done = audit.find("erasure_started"), audit.find("subject_erased")
    assert [record.subject for record in (*started, *done)] == [report.reference] * 2
    assert done[0].actor == "officer"
    assert done[0].data["models"][-1]["versions"] == ["acme/faq@v3"]
    assert SUBJECT not in "".join(record.model_dump_json() for record in audit.records())


def test_the_audit_trail_vouches_for_the_manifests_that_were_written_again(world: World) -> None:
    before = {uri: seal(manifest) for uri, manifest in take(world.lake).manifests.items()}
    digests = {uri: manifest.digest for uri, manifest in take(world.lake).manifests.items()}
    report = erase(world.settings, world.lake, JANE, actor="officer")
    audit, found = AuditLog(world.lake), rewritten(world)
    changed = {uri for uri, manifest in take(world.lake).manifests.items() if seal(manifest) != before[uri]}
    assert found.keys() == changed
    assert {world.repository.uri, world.prepared.uri, world.evaluation.uri} < changed
    (erased,) = audit.find("subject_erased")
    for uri, record in found.items():
        assert (record.data["was"], record.data["reference"]) == (digests[uri], report.reference)
        assert (record.actor, record.data["stage"]) == ("officer", take(world.lake).manifests[uri].stage)
        assert record.number < erased.number
    assert audit.verify() == []


def test_a_manifest_that_nothing_vouched_for_is_not_made_good_by_an_erasure(world: World) -> None:
    planted = world.repository.model_copy(update={"facts": {"sources": "others"}})
    world.lake.write(planted.uri, planted.model_dump_json().encode())
    erase(world.settings, world.lake, JANE, actor="officer")
    assert load_manifest(world.lake, planted.uri).facts["erased_from"] == ["rows"]
    assert planted.uri not in rewritten(world)
    assert world.prepared.uri in rewritten(world)


def test_files_that_others_changed_are_not_made_good_by_an_erasure(world: World) -> None:
    uri = f"{world.repository.output('rows').uri}/part-00000.parquet"
    table = world.lake.read_table(uri)
    world.lake.write_batches(uri, [*table.to_batches(), *table.slice(1, 1).to_batches()], table.schema)
    erase(world.settings, world.lake, JANE, actor="officer")
    sound(world)
    assert world.repository.uri not in rewritten(world)


def test_a_planted_note_of_an_unfinished_erasure_makes_nothing_good(world: World) -> None:
    uri = f"{world.repository.output('rows').uri}/part-00000.parquet"
    table = world.lake.read_table(uri)
    world.lake.write_batches(uri, [*table.to_batches(), *table.slice(1, 1).to_batches()], table.schema)
    note = world.lake.uri("privacy", "unfinished", "erasure-0123456789ab.json")
    world.lake.write(note, json.dumps({"files": [uri], "at": "2026-05-01T00:00:00Z"}).encode())
    erase(world.settings, world.lake, Subject.of(["john.doe@example.org"]), actor="officer")
    sound(world)
    assert rewritten(world) == {}


def test_a_ticket_can_be_erased_by_its_key(world: World) -> None:
    report = erase(world.settings, world.lake, Subject.of(["HELP-7"]), actor="officer")
    assert report.remaining == []
    assert places(world, "HELP-7") | places(world, JANES) | places(world, MASKED) == set()
    assert places(world, "HELP-8")


def test_a_dry_run_changes_nothing(world: World) -> None:
    before = everything(world.lake, world.settings.state_dir)
    report = erase(world.settings, world.lake, JANE, actor="officer", dry_run=True)
    assert report.dry_run
    assert report.rows["features/token_features"] == 1
    assert report.files_deleted == 4
    assert len(report.models) == 3
    assert everything(world.lake, world.settings.state_dir) == before


def test_a_killed_erasure_is_finished_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def killed(*arguments: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    real = rows.take_out
    with monkeypatch.context() as patch:
        patch.setattr(erasure.rows, "take_out", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(world.settings, world.lake, JANE, actor="officer")
    assert places(world, SUBJECT)
    assert erase(world.settings, world.lake, JANE, actor="officer").remaining == []
    for needle in (SUBJECT, JANES, MASKED):
        assert places(world, needle) == set(), needle
    sound(world)
    marked = {uri for uri, manifest in take(world.lake).manifests.items() if manifest.facts.get("erased_from")}
    assert world.repository.uri in marked
    assert marked <= rewritten(world).keys()


def test_the_models_of_an_erasure_that_was_killed_are_named_when_its_rows_are_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "refresh", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(world.settings, world.lake, JANE, actor="officer")
    report = erase(world.settings, world.lake, JANE, actor="officer")
    assert report.rows == {}
    assert [model.versions for model in report.models] == [[], [], ["acme/faq@v3"]]
    digest = world.trained.output("model").digest
    assert len(affected(AuditLog(world.lake), digest)) == 2


def test_an_erased_subject_is_kept_out_of_the_next_collection(world: World) -> None:
    erase(world.settings, world.lake, JANE, actor="officer")
    suppressed = Suppressed.load(world.lake, AuditLog(world.lake).trail())
    assert suppressed.hides("new-id", ["Who helps?", ANSWER])
    assert suppressed.hides(JANES, [])
    assert not suppressed.hides(OTHER, ["Where is the manual?", "On the shelf."])


def test_somebody_unknown_is_recorded_and_nothing_is_touched(world: World) -> None:
    before = {info.uri: info.etag for info in world.lake.objects(world.lake.root)}
    report = erase(world.settings, world.lake, Subject.of(["john.doe@example.org"]), actor="officer")
    assert report.rows == {}
    assert report.models == []
    after = {info.uri: info.etag for info in world.lake.objects(world.lake.root)}
    changed = {uri for uri in after if before.get(uri) != after[uri]}
    assert all("/audit/" in uri or "/privacy/suppressed/" in uri for uri in changed)
    assert AuditLog(world.lake).find("subject_erased")


def test_what_cannot_be_erased_is_named(world: World) -> None:
    uri = world.lake.write(world.lake.uri("checkpoints/train/x/tokenizer.json"), json.dumps([SUBJECT]).encode())
    assert erase(world.settings, world.lake, JANE, actor="officer").remaining == [uri]
