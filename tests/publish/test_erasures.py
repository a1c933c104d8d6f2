"""What the audit trail says of a model that somebody's erased data went into."""

from __future__ import annotations

import pytest

from pipeline.audit import AuditLog
from pipeline.lake import Lake
from pipeline.publish.erasures import affected


@pytest.fixture
def audit(lake: Lake) -> AuditLog:
    return AuditLog(lake)


def erasure(audit: AuditLog, reference: str, *models: str) -> None:
    audit.append("subject_erased", actor="x", subject=reference, data={"models": [{"digest": m} for m in models]})


def rewritten(audit: AuditLog, reference: str, was: str, now: str) -> None:
    audit.append("manifest_rewritten", actor="x", subject=now, data={"was": was, "reference": reference})


def completed(audit: AuditLog, made: str, **inputs: str) -> None:
    audit.append("stage_completed", actor="pipeline", subject=made, data={"inputs": inputs})


def test_a_model_that_an_erasure_named_is_affected(audit: AuditLog) -> None:
    erasure(audit, "erasure-1", "m1", "m2")
    erasure(audit, "erasure-2", "m2")
    for place in (audit, audit.trail()):
        assert affected(place, "m2") == ["erasure-1", "erasure-2"]
        assert affected(place, "m1") == ["erasure-1"]
        assert affected(place, "m3") == []


def test_a_model_that_was_in_the_making_at_the_erasure_is_affected(audit: AuditLog) -> None:
    completed(audit, "f1", prepare="p1")
    rewritten(audit, "erasure-1", "f1", "f2")
    erasure(audit, "erasure-1")
    completed(audit, "t1", features="f1")
    completed(audit, "c1", trained="t1")
    completed(audit, "c2", trained="t2", features="f2")
    assert affected(audit, "m1", "c1") == ["erasure-1"]
    assert affected(audit, "m2", "c2") == []
    assert affected(audit, "m1") == []


def test_a_manifest_whose_rows_stayed_as_they_were_affects_nothing(audit: AuditLog) -> None:
    rewritten(audit, "erasure-1", "f1", "f1")
    completed(audit, "c1", features="f1")
    assert affected(audit, "m1", "c1") == []
