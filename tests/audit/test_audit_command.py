from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from pipeline.audit import AuditLog
from pipeline.audit.command import app
from pipeline.audit.sentences import TELLERS
from pipeline.console import output
from pipeline.lake import Lake, open_lake
from pipeline.settings import LakeSettings

RUN = "llm_pipeline/manual__2026-01-01"


@pytest.fixture
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A trail of one refused run, in a lake that the settings name."""
    monkeypatch.setenv("LLMOPS_LAKE__URI", str(tmp_path / "lake"))
    monkeypatch.setenv("LLMOPS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("LLMOPS_AUDIT__SIGNING_KEY", raising=False)
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    audit = AuditLog(lake)
    audit.append("run_started", actor="operator", run_id=RUN, data={"dag": "llm_pipeline", "reason": "nightly"})
    audit.append(
        "stage_completed", actor="pipeline", run_id=RUN, data={"stage": "prepare", "manifest": lake.uri("gone.json")}
    )
    audit.append("gate_decided", actor="pipeline", run_id=RUN, subject="m" * 64, data={"verdict": "passed"})
    audit.append(
        *("review_answered",),
        actor="legal_reviewer",
        run_id=RUN,
        data={"role": "legal", "decision": "reject", "comment": "<script>alert(1)</script> no licence"},
    )
    audit.append("run_finished", actor="pipeline", run_id=RUN, data={"result": "refused"})
    return lake


def call(*arguments: str) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout, done.exception


def test_show_lists_the_records_as_json(trail: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "machine", True)
    code, text, _ = call("show", "--event", "review_answered")
    assert code == 0
    (record,) = json.loads(text)
    assert record["data"]["decision"] == "reject"


@pytest.mark.parametrize(("run", "found"), [(RUN, 5), (RUN.split("/")[1], 5), ("llm_pipeline", 0), ("other", 0)])
def test_a_run_is_found_by_its_name_in_the_trail_and_in_airflow(
    trail: Lake, monkeypatch: pytest.MonkeyPatch, run: str, found: int
) -> None:
    monkeypatch.setattr(output, "machine", True)
    assert len(json.loads(call("show", "--run", run)[1])) == found


def test_verify_holds(trail: Lake) -> None:
    code, text, _ = call("verify", "--no-store")
    assert code == 0
    assert "The trail holds: 5 records" in text
    assert "signatures were not checked" in text


def test_verify_fails_on_an_edited_record(trail: Lake) -> None:
    uri = trail.uri("audit", "records", "0000000004.json")
    trail.write(uri, trail.read(uri).replace(b'"reject"', b'"approve"'))
    code, text, problem = call("verify", "--no-store")
    assert code == 1
    assert "Record 4: the content does not match its hash" in text
    assert "does not hold" in str(problem)


def test_verify_fails_when_the_tail_was_cut_and_a_copy_elsewhere_knows(trail: Lake) -> None:
    head = AuditLog(trail).head()
    trail.delete([trail.uri("audit", "records", "0000000005.json"), trail.uri("audit", "head.json")])
    AuditLog(trail).append("run_finished", actor="pipeline", run_id=RUN, data={"result": "published"})
    assert call("verify", "--no-store")[0] == 0
    code, text, _ = call("verify", "--no-store", "--witness", f"{head.number}:{head.hash}")
    assert code == 1
    assert "the tail was cut" in text


def test_report_tells_the_story_and_escapes(trail: Lake, tmp_path: Path) -> None:
    code, _, problem = call("report", "--no-store", "--out", str(tmp_path / "audit.html"))
    assert code == 0, problem
    page = (tmp_path / "audit.html").read_text()
    assert "The trail holds" in page
    assert "started the run of llm_pipeline (nightly)" in page
    assert "rejected in the legal review" in page
    assert "the model was refused and nothing was published" in page
    assert "no longer in the lake" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_report_on_a_broken_trail_says_so(trail: Lake, tmp_path: Path) -> None:
    uri = trail.uri("audit", "records", "0000000003.json")
    trail.write(uri, b"{")
    code, _, problem = call("report", "--no-store", "--out", str(tmp_path / "audit.html"))
    assert code == 0, problem
    page = (tmp_path / "audit.html").read_text()
    assert "The trail does not hold" in page
    assert "Record 3: the record cannot be read" in page


def test_report_of_an_unknown_run_is_refused(trail: Lake) -> None:
    code, _, problem = call("report", "--no-store", "--run", "nobody")
    assert code == 1
    assert "knows no such run" in str(problem)


def test_every_event_of_the_pipeline_has_a_sentence() -> None:
    from pipeline.audit import keys
    from pipeline.orchestration import deadlines, watch
    from pipeline.privacy import export, retention
    from pipeline.publish import alias, erasures, ledger
    from pipeline.review import blind, evidence, reminders, signoff

    events = {signoff.RUN_STARTED, signoff.REQUESTED, signoff.ANSWERED, signoff.INVALID, signoff.GATE}
    events |= {signoff.SIGNED_OFF, signoff.REFUSED, signoff.RUN_FINISHED, watch.CHECKED, evidence.STAGE_COMPLETED}
    events |= {evidence.STAGE_MADE, watch.LOOKED_AT, evidence.REWRITTEN}
    events |= {reminders.REMINDED, blind.RATED, ledger.VERIFIED, erasures.PUBLISHED, alias.ROLLED_BACK}
    events |= {deadlines.MISSED, keys.HANDED_OVER, export.EXPORTED, retention.RETAINED, *erasures.ERASURES}
    assert events <= set(TELLERS)


def test_key_is_changed_from_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOPS_LAKE__URI", str(tmp_path / "lake"))
    monkeypatch.setenv("LLMOPS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LLMOPS_AUDIT__SIGNING_KEY", "old")
    lake = open_lake(LakeSettings(uri=str(tmp_path / "lake")))
    AuditLog(lake, SecretStr("old")).append("run_started", actor="operator", run_id=RUN)
    runner = CliRunner()
    monkeypatch.setenv("LLMOPS_AUDIT__SIGNING_KEY", "new")
    assert "until now is not given" in str(runner.invoke(app, ["rotate", "--by", "officer", "--no-store"]).exception)
    monkeypatch.setenv("LLMOPS_AUDIT__RETIRED_KEYS", '["old"]')
    assert runner.invoke(app, ["verify", "--no-store"]).exit_code == 1, "not before the key was handed over"
    done = runner.invoke(app, ["rotate", "--by", "officer", "--no-store"])
    assert done.exit_code == 0, done.output
    assert "Record 2: the key" in done.output
    assert runner.invoke(app, ["verify", "--no-store"]).exit_code == 0
    assert "nothing was changed" in runner.invoke(app, ["rotate", "--by", "officer", "--no-store"]).output
    assert "audit_key_changed" in {record.event for record in AuditLog(lake).records()}
    monkeypatch.setenv("LLMOPS_AUDIT__RETIRED_KEYS", '["new"]')
    assert "retired_keys" in str(runner.invoke(app, ["verify", "--no-store"]).exception)
