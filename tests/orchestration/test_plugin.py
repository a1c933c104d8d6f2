"""What the Reports tab serves, through the real API application: reports of this DAG's run, as they were made."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from review.court import Court, write_files

from pipeline.orchestration import runs
from pipeline.orchestration.run import Run
from pipeline.review.evidence import REWRITTEN, seal
from pipeline.stage import run_stage

PAGE = b"<p>token F1 0.61"
FILES = {"report.html": PAGE, "answers.jsonl": b'{"question": "q"}'}


@pytest.fixture
def get(client, login, court: Court) -> Callable[..., tuple[int, bytes]]:
    """Ask for a path of the reports as a person who may read every DAG."""

    def asked(path: str, user: str = "model_reviewer") -> tuple[int, bytes]:
        answer = client.get(f"/llmops/runs/{path}", headers=login(user), follow_redirects=False)
        return answer.status_code, answer.content

    return asked


@pytest.fixture
def ran(court: Court) -> Court:
    """A run that evaluated, as a task does it."""
    run = Run(court.run)
    made = run_stage(run.lake, "evaluate", write_files(FILES), run_id=run.id, packages=("errors",))
    run.done(made)
    court.made["evaluate"] = made
    return court


def test_a_runs_reports_are_listed_and_served(ran: Court, get) -> None:
    status, page = get(f"{ran.run}/")
    assert status == 200
    assert b'href="evaluate/report.html"' in page
    assert get(f"{ran.run}/evaluate/report.html") == (200, PAGE)
    assert get(f"{ran.run}/evaluate/answers.jsonl")[0] == 200
    assert get(f"{ran.run}/evaluate/other.html")[0] == 404
    assert get(f"{ran.run}/evaluate/manifest.json")[0] == 404


@pytest.mark.parametrize("dag", ["~", "llm_retrain", "llm_review_reminders", "..", "%2E%2E"])
def test_a_run_of_another_dag_is_not_shown_under_this_one(ran: Court, get, dag: str) -> None:
    run_id = ran.run.split("/")[1]
    assert get(f"{dag}/{run_id}/evaluate/answers.jsonl")[0] == 404
    status, page = get(f"{dag}/{run_id}/")
    assert status in (404, 200)
    assert b"evaluate" not in page


@pytest.mark.parametrize("run_id", ["~", "%2E%2E", "a%2Fb", "..%2Fllm_pipeline%2Frun-1", "a b"])
def test_what_names_no_run_is_refused(ran: Court, get, run_id: str) -> None:
    assert get(f"llm_pipeline/{run_id}/evaluate/answers.jsonl")[0] == 404


def test_a_report_that_was_changed_in_the_lake_is_not_shown(ran: Court, get) -> None:
    ran.lake.write(f"{ran.made['evaluate'].output('report').uri}/report.html", b"<p>token F1 0.99")
    status, page = get(f"{ran.run}/evaluate/report.html")
    assert status == 409
    assert b"is not the one that was made" in page
    assert get(f"{ran.run}/evaluate/answers.jsonl")[0] == 200


def test_a_report_that_is_gone_says_so(ran: Court, get) -> None:
    ran.lake.delete([f"{ran.made['evaluate'].output('report').uri}/report.html"])
    assert get(f"{ran.run}/evaluate/report.html")[0] == 409


def planted(court: Court, uri: str) -> None:
    """A whole manifest, true to its files, that nobody recorded making."""
    files = write_files({"report.html": b"<p>token F1 0.99"})
    made = run_stage(court.lake, "evaluate", files, run_id="x", parameters={"better": True}, packages=("errors",))
    court.lake.write(uri, made.model_copy(update={"uri": uri}).model_dump_json().encode())


def test_a_note_that_names_a_planted_manifest_changes_nothing(ran: Court, get) -> None:
    uri = ran.lake.uri("evaluate", "f" * 24, "manifest.json")
    planted(ran, uri)
    note = f"{runs.folder(ran.lake, ran.run)}/evaluate.json"
    ran.lake.write(note, json.dumps({**json.loads(ran.lake.read(note)), "uri": uri}).encode())
    assert get(f"{ran.run}/evaluate/report.html") == (200, PAGE)


def test_a_manifest_that_was_put_in_the_place_of_the_runs_own_is_not_shown(ran: Court, get) -> None:
    planted(ran, ran.made["evaluate"].uri)
    status, page = get(f"{ran.run}/evaluate/report.html")
    assert status == 409
    assert b"is not the one that was made" in page
    status, page = get(f"{ran.run}/")
    assert status == 200
    assert b"Not shown" in page
    assert b"href" not in page


def test_a_report_from_which_an_erasure_took_rows_is_shown(ran: Court, get) -> None:
    old = ran.made["evaluate"]
    new = old.model_copy(update={"facts": {"erased_from": ["answers"]}})
    ran.lake.write(new.uri, new.model_dump_json().encode())
    assert get(f"{ran.run}/evaluate/report.html")[0] == 409
    data = {"stage": "evaluate", "manifest": new.uri, "seal": seal(new), "was": old.digest}
    ran.audit.append(REWRITTEN, actor="officer", subject=new.digest, data=data)
    assert get(f"{ran.run}/evaluate/report.html") == (200, PAGE)


def test_on_a_trail_that_does_not_hold_nothing_is_shown(ran: Court, get) -> None:
    record = ran.lake.uri("audit", "records", "0000000001.json")
    ran.lake.write(record, ran.lake.read(record).replace(b"pipeline", b"someone", 1))
    status, page = get(f"{ran.run}/evaluate/report.html")
    assert status == 409
    assert b"does not hold" in page


def test_what_was_recorded_since_the_last_look_is_shown(ran: Court, get) -> None:
    other = Court(ran.settings, run="llm_retrain/run-1")
    assert b"made nothing yet" in get(f"{other.run}/")[1]
    other.stage("comply", write_files({"report.html": b"<p>passed"}))
    assert get(f"{other.run}/comply/report.html") == (200, b"<p>passed")


def test_the_last_of_two_is_the_runs_report(ran: Court, get) -> None:
    run = Run(ran.run)
    again = run_stage(run.lake, "evaluate", write_files({"report.html": b"<p>again"}), run_id=run.id)
    run.done(again)
    assert get(f"{ran.run}/evaluate/report.html") == (200, b"<p>again")
