from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.audit import AuditLog
from pipeline.audit_records import Head
from pipeline.errors import LakeError
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
    forged = AuditLog(lake, SecretStr("guess"))
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
