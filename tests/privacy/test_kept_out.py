from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.audit import open_audit
from pipeline.collect import repository
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.privacy.erase import erase
from pipeline.privacy.subject import Subject
from pipeline.privacy.suppression import suppress
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, SetAside, to_batches
from pipeline.settings import LakeSettings, Settings
from pipeline.stage import Attempt, run_stage

from .world import ANSWER, SUBJECT, everything, row


def collection(lake: Lake, run: str) -> Manifest:
    """What the help desk gives, night after night: the subject is still in the source."""
    rows = [row("HELP-7", "Who helps with refunds?", ANSWER), row("HELP-8", "Where is the manual?", "On the shelf.")]
    aside = [
        SetAside("collect", "no answer", "help-desk", "HELP-9", question=f"Ask {SUBJECT}?"),
        SetAside("collect", "no answer", "help-desk", "HELP-10"),
    ]

    def work(attempt: Attempt) -> None:
        outputs: list[tuple[str, list[Any], pa.Schema]] = [
            ("rows", rows, SCHEMA),
            ("set_aside", aside, SET_ASIDE_SCHEMA),
        ]
        for name, items, schema in outputs:
            attempt.rows[name] = lake.write_batches(attempt.uri(name, "part-00000.parquet"), to_batches(items), schema)
        attempt.counts.rows_in, attempt.counts.rows_out = 4, 2
        attempt.set_aside({"no answer": 2})
        attempt.facts.update(source="help-desk", kind="jira", licence="CC0-1.0")

    return run_stage(lake, "collect-help-desk", work, run_id=run, packages=("records",), fresh=True)


@pytest.mark.parametrize("name", [SUBJECT, "HELP-7"])
def test_what_a_source_still_gives_stays_out_of_the_repository(lake: Lake, tmp_path: Path, name: str) -> None:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    first = repository.run(settings, lake, run_id="n1", collected=[collection(lake, "n1")])
    assert first.counts.rows_out == 2
    erase(settings, lake, Subject.of([name]), actor="officer")
    again = collection(lake, "n2")
    second = repository.run(settings, lake, run_id="n2", collected=[again])
    assert second.uri != first.uri
    assert second.counts.rows_out == 1
    hidden = 2 if name == SUBJECT else 1
    assert second.counts.reasons == {"no answer": 3 - hidden, "erased on request": hidden}
    written = {uri: body for uri, body in everything(lake).items() if "/repository/" in uri}
    assert not [uri for uri, body in written.items() if name.encode() in body]
    table = lake.read_table(second.output("set_aside").uri).to_pylist()
    withheld = [item for item in table if item["reason"] == "erased on request"]
    assert all(item["question"] is None and item["provenance"] == "withheld" for item in withheld)


def test_an_erased_collection_still_balances(lake: Lake, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))
    kept = collection(lake, "n1")
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    counts = load_manifest(lake, kept.uri).counts
    assert (counts.rows_in, counts.rows_out, counts.set_aside, counts.reasons) == (2, 1, 1, {"no answer": 1})
    second = repository.run(settings, lake, run_id="n2", collected=[load_manifest(lake, kept.uri)])
    assert (second.counts.rows_out, second.counts.set_aside) == (1, 1)


def only_entry(lake: Lake) -> str:
    (info,) = lake.objects(lake.uri("privacy", "suppressed"))
    return info.uri


@pytest.fixture
def settings(lake: Lake, tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root))


def unify(settings: Settings, lake: Lake, run: str) -> Manifest:
    return repository.run(settings, lake, run_id=run, collected=[collection(lake, run)])


def test_an_erased_subject_does_not_come_back_when_its_entry_is_deleted(lake: Lake, settings: Settings) -> None:
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    uri = only_entry(lake)
    entry = lake.read(uri)
    lake.delete([uri])
    with pytest.raises(Refused, match=r"entry of an erased subject is gone.*--replaces erasure-"):
        unify(settings, lake, "n1")
    lake.write(uri, entry)
    assert unify(settings, lake, "n2").counts.rows_out == 1


def test_an_entry_hides_no_rows_that_its_erasure_did_not_mean(lake: Lake, settings: Settings) -> None:
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    uri = only_entry(lake)
    chosen = row("HELP-8", "Where is the manual?", "On the shelf.").question_id
    entry = lake.read(uri)
    lake.write(uri, entry.replace(b'"ids": [', f'"ids": ["{chosen}",'.encode()).replace(b",]", b"]"))
    with pytest.raises(Refused, match="entry of an erased subject was changed"):
        unify(settings, lake, "n1")
    lake.write(uri, entry)
    # an entry of somebody's own hides nothing
    lake.write(uri.replace("/erasure-", "/erasure-0"), entry.replace(b'"ids": [', f'"ids": ["{chosen}",'.encode()))
    assert unify(settings, lake, "n2").counts.rows_out == 1


def test_a_lost_entry_is_replaced_by_another_erasure_of_the_subject(lake: Lake, settings: Settings) -> None:
    first = erase(settings, lake, Subject.of([SUBJECT]), actor="officer").reference
    lake.delete([only_entry(lake)])
    with pytest.raises(Refused, match="There was no such erasure"):
        erase(settings, lake, Subject.of([SUBJECT]), actor="officer", replaces="erasure-of-nobody")
    erase(settings, lake, Subject.of(["john.doe@example.org"]), actor="officer")
    with pytest.raises(Refused, match=f"is gone.*--replaces {first}"):
        unify(settings, lake, "n1")
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer", replaces=first)
    assert unify(settings, lake, "n2").counts.rows_out == 1


def test_an_erasure_that_replaces_one_hides_what_that_one_hid(lake: Lake, settings: Settings) -> None:
    """The rows are gone by then, and a row need not name the subject in a form that the list knows."""
    unify(settings, lake, "n1")
    first = erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    ids = json.loads(lake.read(only_entry(lake)))["ids"]
    assert ids
    again = erase(settings, lake, Subject.of([SUBJECT]), actor="officer", replaces=first.reference)
    entry = lake.uri("privacy", "suppressed", f"{again.reference}.json")
    assert set(ids) <= set(json.loads(lake.read(entry))["ids"])


def test_an_erasure_of_somebody_else_replaces_none(lake: Lake, settings: Settings) -> None:
    first = erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    with pytest.raises(Refused, match="of another subject"):
        erase(settings, lake, Subject.of(["john.doe@example.org"]), actor="officer", replaces=first.reference)


def test_a_later_erasure_leaves_the_entries_of_earlier_ones_as_they_are(lake: Lake, settings: Settings) -> None:
    unify(settings, lake, "n1")
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    before = lake.read(only_entry(lake))
    uri = only_entry(lake)
    unify(settings, lake, "n2")
    erase(settings, lake, Subject.of([SUBJECT, "HELP-7"]), actor="officer")
    assert lake.read(uri) == before
    assert unify(settings, lake, "n3").counts.rows_out == 1


def test_the_entry_of_an_erasure_that_was_recorded_without_digest_has_to_be_there(
    lake: Lake, settings: Settings
) -> None:
    """As versions before wrote it: their entries are believed as they are, and missed when they are gone."""
    audit = open_audit(settings, lake)
    for event in ("erasure_started", "subject_erased"):
        audit.append(event, actor="officer", subject="erasure-old")
    audit.append("erasure_started", actor="officer", subject="erasure-killed")  # before it had written an entry
    with pytest.raises(Refused, match=r"is gone.*--replaces erasure-old"):
        unify(settings, lake, "n1")
    suppress(lake, "erasure-old", Subject.of([SUBJECT]), [])
    assert unify(settings, lake, "n2").counts.rows_out == 1


def test_a_trail_that_does_not_hold_says_nothing_about_who_was_erased(lake: Lake, settings: Settings) -> None:
    erase(settings, lake, Subject.of([SUBJECT]), actor="officer")
    begun = open_audit(settings, lake).find("erasure_started")[0].number
    lake.delete([only_entry(lake), lake.uri("audit", "records", f"{begun:010d}.json")])
    with pytest.raises(Refused, match="nobody knows who was erased"):
        unify(settings, lake, "n1")
