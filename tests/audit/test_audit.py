from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from review.court import Forger

from pipeline.audit import AuditLog
from pipeline.audit.keys import HANDED_OVER, KeyRing
from pipeline.audit.records import Head, Record
from pipeline.errors import LakeError, SettingsError
from pipeline.lake import Lake


@pytest.fixture
def log(lake: Lake) -> AuditLog:
    trail = AuditLog(lake, SecretStr("k"))
    for number in range(5):
        trail.append("checked", actor="tests", run_id="r", subject=f"model-{number}", data={"n": number})
    return trail


def uri(lake: Lake, number: int) -> str:
    return lake.uri("audit", "records", f"{number:010d}.json")


def problems(trail: AuditLog, *witnesses: Head) -> dict[int, str]:
    return {fault.number: fault.problem for fault in trail.verify(witnesses)}


def test_intact_trail_holds(log: AuditLog) -> None:
    assert log.verify() == []
    assert [record.data["n"] for record in log.find("checked", subject="model-3")] == [3]


def test_edit_is_found(lake: Lake, log: AuditLog) -> None:
    record = json.loads(lake.read(uri(lake, 3)))
    record["data"]["n"] = 99
    lake.write(uri(lake, 3), json.dumps(record).encode())
    assert "edited" in problems(log)[3]


def test_rewritten_chain_is_found_by_its_signature(lake: Lake, log: AuditLog) -> None:
    forged = Forger(lake, SecretStr("guess"))
    lake.delete([uri(lake, 5), lake.uri("audit", "head.json")])
    forged.append("approved", actor="mallory")
    assert "signature" in problems(log)[5]


def test_deletion_is_found(lake: Lake, log: AuditLog) -> None:
    lake.delete([uri(lake, 2)])
    assert problems(log)[2] == "the record is missing"


def test_reordering_is_found(lake: Lake, log: AuditLog) -> None:
    two, three = lake.read(uri(lake, 2)), lake.read(uri(lake, 3))
    lake.write(uri(lake, 2), three)
    lake.write(uri(lake, 3), two)
    assert {2, 3} <= set(problems(log))


def test_truncation_is_found_by_the_head(lake: Lake, log: AuditLog) -> None:
    lake.delete([uri(lake, 5)])
    assert "tail was cut" in problems(log)[5]


def test_truncation_with_an_older_head_is_found_by_a_witness(lake: Lake, log: AuditLog) -> None:
    witness = log.head()
    lake.delete([uri(lake, 5)])
    fourth = json.loads(lake.read(uri(lake, 4)))
    lake.write(lake.uri("audit", "head.json"), Head(number=4, hash=fourth["hash"]).model_dump_json().encode())
    assert log.verify() == []
    assert "tail was cut" in problems(log, witness)[5]


def test_concurrent_writers_lose_nothing(lake: Lake) -> None:
    trail = AuditLog(lake)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: trail.append("seen", actor="tests", data={"n": n}), range(40)))
    assert sorted(record.data["n"] for record in trail.records()) == list(range(40))
    assert trail.verify() == []


def test_writer_that_died_before_the_head_is_continued(lake: Lake, log: AuditLog) -> None:
    fourth = json.loads(lake.read(uri(lake, 4)))
    lake.write(lake.uri("audit", "head.json"), Head(number=4, hash=fourth["hash"]).model_dump_json().encode())
    assert log.append("later", actor="tests").number == 6
    assert log.verify() == []


def test_every_byte_counts(lake: Lake, log: AuditLog) -> None:
    """A blank, a key that stands twice or one that nobody reads: whatever is changed in a record is found."""
    good = lake.read(uri(lake, 3))
    edits = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 3)]
    edits += [
        good + b"\n",
        good.replace(b'"data"', b'"note": 1, "data"'),
        good.replace(b'"actor"', b'"actor": "x", "actor"'),
    ]
    for edit in edits:
        lake.write(uri(lake, 3), edit)
        assert 3 in problems(log), edit
    lake.write(uri(lake, 3), good)
    assert log.verify() == []


@pytest.mark.parametrize("name", ["3.json", "0000000003.json.bak", "00000000031.json", "x", "sub/0000000003.json"])
def test_objects_that_are_no_records_are_named(lake: Lake, log: AuditLog, name: str) -> None:
    lake.write(lake.uri("audit", "records", name), lake.read(uri(lake, 3)))
    assert "is no record" in problems(log)[0]


def test_rolled_back_trail_is_found_by_the_machine_that_wrote_it(lake: Lake, tmp_path) -> None:
    trail = AuditLog(lake, SecretStr("k"), memory=tmp_path / "state" / "head.json")
    for _ in range(3):
        trail.append("seen", actor="tests")
    assert trail.verify() == []
    second = trail.trail().records[1]
    lake.delete([uri(lake, 3)])
    lake.write(lake.uri("audit", "head.json"), Head(number=2, hash=second.hash).model_dump_json().encode())
    assert "cut or rewritten" in problems(trail)[3]
    trail.append("rewritten", actor="mallory")
    assert "cut or rewritten" in problems(trail)[3]


def test_verifying_while_others_write_raises_no_false_alarm(lake: Lake) -> None:
    trail = AuditLog(lake, SecretStr("k"))
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [trail.append("seen", actor="tests") for _ in range(60)])
        while not writing.done():
            assert trail.verify() == []
    assert trail.head().number == 60


def test_what_json_cannot_hold_does_not_break_the_chain(lake: Lake) -> None:
    trail = AuditLog(lake)
    trail.append("seen", actor="tests", data={"value": float("nan"), "text": "half \ud83d", "when": Path("x")})
    assert trail.verify() == []
    assert trail.find("seen")[0].data == {"value": None, "text": "half ?", "when": "x"}


@pytest.mark.parametrize("damage", [b"", b"{", b'{"number": 2}'])
def test_damaged_head_is_named(lake: Lake, log: AuditLog, damage: bytes) -> None:
    lake.write(lake.uri("audit", "head.json"), damage)
    assert "head cannot be read" in problems(log)[0]
    with pytest.raises(LakeError, match="head of the audit trail is damaged"):
        log.append("seen", actor="tests")


def test_garbage_where_the_next_record_goes_is_named(lake: Lake, log: AuditLog) -> None:
    lake.write(uri(lake, 6), b"{")
    with pytest.raises(LakeError, match="damaged"):
        log.append("seen", actor="tests")
    assert "cannot be read" in problems(log)[6]


# Keys

OLD, NEW, NEWER = SecretStr("k"), SecretStr("new"), SecretStr("newer")


@pytest.fixture
def handed(lake: Lake, log: AuditLog) -> AuditLog:
    """Five records of the old key, the handover, and two of the new one."""
    trail = AuditLog(lake, NEW, retired=[OLD])
    assert trail.hand_over("security_officer") is not None
    for number in (5, 6):
        trail.append("checked", actor="tests", data={"n": number})
    return trail


def test_old_entries_verify_and_new_ones_carry_the_new_key(lake: Lake, handed: AuditLog) -> None:
    assert handed.verify() == []
    change = handed.find(HANDED_OVER)[0]
    assert (change.number, change.actor) == (6, "security_officer")
    assert change.data["from"] == KeyRing.of(OLD).present.id
    assert b"new" not in lake.read(uri(lake, 6)), "a record names a key by its digest alone"
    assert handed.hand_over("again") is None
    again = AuditLog(lake, NEWER, retired=[OLD, NEW])
    again.hand_over("security_officer")
    again.append("checked", actor="tests")
    assert again.verify() == []
    assert len(again.find(HANDED_OVER)) == 2


def test_missing_old_key_is_found(lake: Lake, handed: AuditLog) -> None:
    found = problems(AuditLog(lake, NEW))
    assert list(found) == [1]
    assert KeyRing.of(OLD).present.id in found[1]
    assert "is not given (audit.retired_keys)" in found[1]


def test_missing_new_key_is_found(lake: Lake, handed: AuditLog) -> None:
    assert "is not given" in problems(AuditLog(lake, OLD))[6]
    assert "not handed over to the present key" in AuditLog(lake, OLD).verify()[-1].problem


def test_trail_that_was_not_handed_over_yet_does_not_hold(lake: Lake, log: AuditLog) -> None:
    early = AuditLog(lake, NEW, retired=[OLD])
    found = problems(early)
    assert list(found) == [1]
    assert "llmops audit rotate" in found[1]
    with pytest.raises(LakeError, match="llmops audit rotate"):
        early.append("checked", actor="tests")


@pytest.mark.parametrize("key", [OLD, SecretStr("guess"), None])
def test_process_with_another_key_spoils_nothing(lake: Lake, handed: AuditLog, key: SecretStr | None) -> None:
    """A worker whose environment was not changed: its record could never be taken out of the trail again."""
    with pytest.raises(LakeError, match=r"has another key|has no key"):
        AuditLog(lake, key).append("checked", actor="tests")
    assert handed.verify() == []


def test_old_key_is_done_with_the_handover(lake: Lake, log: AuditLog) -> None:
    """The handover itself carries the old key's signature, and must not pass for one of its records."""
    AuditLog(lake, NEW, retired=[OLD]).hand_over("security_officer")
    with pytest.raises(LakeError, match="has another key"):
        log.append("checked", actor="tests")


def test_unsigned_trail_is_not_continued_with_a_key(lake: Lake) -> None:
    AuditLog(lake).append("checked", actor="tests")
    with pytest.raises(LakeError, match="is not signed"):
        AuditLog(lake, NEW).append("checked", actor="tests")


def test_leaked_old_key_signs_nothing_new(lake: Lake, handed: AuditLog) -> None:
    Forger(lake, OLD).append("approved", actor="mallory")
    assert "signed with a retired key" in problems(handed)[9]


def test_leaked_old_key_cannot_rewrite_what_was_handed_over(lake: Lake, handed: AuditLog) -> None:
    """The old records are forged with the leaked key, and the handover is written again over them."""
    change = handed.find(HANDED_OVER)[0]
    lake.delete([uri(lake, number) for number in range(5, 9)] + [lake.uri("audit", "head.json")])
    forger = Forger(lake, OLD)
    forger.append("approved", actor="mallory")
    forger.append(HANDED_OVER, actor="security_officer", data=change.data)
    assert "did not take the trail over" in problems(handed)[6]
    with pytest.raises(LakeError, match="has another key"):
        handed.append("checked", actor="tests")


def test_forged_handover_is_found(lake: Lake, handed: AuditLog) -> None:
    mallory = KeyRing.of(SecretStr("mallory")).present
    last = handed.head()
    data = {"from": KeyRing.of(NEW).present.id, "to": mallory.id, "endorsement": mallory.endorse(last.hash)}
    Forger(lake, SecretStr("mallory")).append(HANDED_OVER, actor="mallory", data=data)
    found = [fault.problem for fault in handed.verify()]
    assert "the signature is missing or wrong" in found
    assert any(f"the key {mallory.id}" in problem for problem in found)
    assert "not handed over to the present key" in found[-1]


def test_edited_old_entry_is_found_after_the_handover(lake: Lake, handed: AuditLog) -> None:
    record = json.loads(lake.read(uri(lake, 3)))
    record["data"]["n"] = 99
    changed = Record.model_validate(record)
    changed.hash = changed.computed_hash()
    lake.write(uri(lake, 3), changed.to_bytes())
    assert "signature is missing or wrong" in problems(handed)[3]


def test_new_key_does_not_vouch_for_a_trail_that_does_not_hold(lake: Lake, log: AuditLog) -> None:
    lake.delete([uri(lake, 2)])
    with pytest.raises(LakeError, match="cannot be handed over"):
        AuditLog(lake, NEW, retired=[OLD]).hand_over("security_officer")


def test_handover_needs_the_key_before_and_a_new_one(lake: Lake, handed: AuditLog) -> None:
    with pytest.raises(SettingsError, match="until now is not given"):
        AuditLog(lake, NEWER, retired=[OLD]).hand_over("security_officer")
    with pytest.raises(SettingsError, match="in use before"):
        AuditLog(lake, OLD, retired=[NEW]).hand_over("security_officer")
    with pytest.raises(ValueError, match="among the retired"):
        AuditLog(lake, NEW, retired=[NEW])
    with pytest.raises(SettingsError, match="no key to hand over"):
        AuditLog(lake).hand_over("security_officer")


def test_concurrent_writers_and_a_handover_lose_nothing(lake: Lake, log: AuditLog) -> None:
    """The old key's writer is stopped by the handover, and whatever it wrote before stands."""
    new = AuditLog(lake, NEW, retired=[OLD])

    def write() -> int:
        count = 0
        while count < 400:
            try:
                log.append("seen", actor="tests", data={"n": count})
            except LakeError:
                return count
            count += 1
            time.sleep(0.02)
        return count

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write)
        assert new.hand_over("security_officer") is not None
        written = writing.result()
    assert len(new.find("seen")) == written
    assert new.verify() == []
