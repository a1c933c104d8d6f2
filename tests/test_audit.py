from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from pipeline.audit import AuditLog, Head
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
