"""What the tasks of a run do about reviews: a real lake and trail, and answers as Airflow gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from review.court import Court, write_files

from pipeline.errors import Refused
from pipeline.orchestration import reviews, tasks
from pipeline.review import form, signoff
from pipeline.review.operator import ReviewOperator
from pipeline.stage import Attempt

RATED = {"relevance": 4, "logical_flow": 4, "ease_of_understanding": 4, "completeness": 4, "comment": "fine"}
CONFIRMED = {"licences_checked": True, "personal_data_checked": True, "findings_checked": True, "comment": "fine"}


@pytest.fixture
def evaluated(court: Court) -> Court:
    """A run up to the gate, with answers for the dossier."""
    court.start("operator")
    candidate = court.stage("tune", write_files({"model.safetensors": b"w"}, "model"))

    def answers(attempt: Attempt) -> None:
        row = {"question": "q", "reference": "r", "candidate": "c", "base": "b", "champion": None}
        batch = pa.RecordBatch.from_pylist([row])
        attempt.lake.write_batches(attempt.uri("answers", "part.parquet"), [batch], batch.schema)

    evaluation = court.stage("evaluate", answers, {"candidate": candidate})
    inputs = {"candidate": candidate, "evaluation": evaluation}
    court.stage("comply", write_files({"report.json": court.report()}), inputs)
    return court


def uris(court: Court) -> tuple[str, str, str]:
    return tuple(court.made[name].uri for name in ("tune", "evaluate", "comply"))


def run_of(court: Court) -> tasks.Run:
    return tasks.Run(court.run)


def opened(court: Court, role: str = "model", task: str = "review.model_review") -> reviews.Opened:
    return reviews.open_for(
        role=role,
        run_id=court.run,
        reviewers=["ada", "bob", "lex"],
        manifests=uris(court),
        report_url="http://airflow/reports/",
        task=task,
        due=datetime.now(UTC) + timedelta(hours=1),
    )


def operator(role: str) -> ReviewOperator:
    with DAG("d"):
        return ReviewOperator(
            task_id=f"{role}_review",
            role=role,
            reviewers=["ada", "bob", "lex"],
            candidate="",
            evaluation="",
            compliance="",
            timeout_hours=1,
        )


def answer(court: Court, role: str, user: str | None, option: str, given: dict[str, Any]) -> Any:
    event = {
        "chosen_options": [option],
        "params_input": given,
        "responded_by_user": {"id": user, "name": user} if user else None,
    }
    return operator(role).execute_complete({"run_id": court.run}, event)


def test_from_gate_to_sign_off(evaluated: Court) -> None:
    court = evaluated
    reviews.gate(run_of(court), *uris(court))
    text = opened(court, task="model_review").body
    assert "acme/model (private)" in text
    opened(court, "legal", "legal_review")
    assert answer(court, "model", "ada", "Approve", RATED)["decision"] == "approve"
    assert answer(court, "legal", "lex", "Approve", CONFIRMED)["decision"] == "approve"
    approvals = reviews.decide(run_of(court), *uris(court))
    assert [approval.reviewer for approval in approvals] == ["ada", "lex"]
    assert court.audit.find(signoff.SIGNED_OFF)


def test_nothing_is_shown_before_the_gate_or_after_its_refusal(evaluated: Court) -> None:
    with pytest.raises(Refused, match="has not let this model pass"):
        opened(evaluated)
    evaluated.gate("refused")
    with pytest.raises(Refused, match="has not let this model pass"):
        opened(evaluated)
    assert evaluated.audit.find(signoff.REQUESTED) == []


def test_reviewers_are_not_shown_reports_that_were_changed(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    evaluated.lake.write(f"{evaluated.made['comply'].output('report').uri}/report.json", b"{}")
    with pytest.raises(Refused, match=r"report\.json was changed"):
        opened(evaluated)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_gate_refuses_addresses_that_were_edited(evaluated: Court, position: int) -> None:
    """An edited XCom that leads to a manifest of another place: the same content, recorded by nobody."""
    found = list(uris(evaluated))
    manifest = list(evaluated.made.values())[position]
    planted = evaluated.lake.uri(manifest.stage, "planted", "manifest.json")
    evaluated.lake.write(planted, manifest.model_copy(update={"uri": planted}).model_dump_json().encode())
    found[position] = planted
    with pytest.raises(Refused, match="the audit trail does not know"):
        reviews.gate(run_of(evaluated), *found)
    assert evaluated.audit.find(signoff.GATE)[-1].data["verdict"] == "refused"
    assert evaluated.audit.find(signoff.REFUSED)


@pytest.mark.parametrize(
    ("user", "option", "given", "reason"),
    [
        ("ada", "Approve", {**RATED, "relevance": 9}, "rating from 1 to 5"),
        ("ada", "Reject", {"comment": ""}, "needs a reason"),
        ("operator", "Approve", RATED, "operator started this run"),
        (None, "Approve", RATED, "does not say who answered"),
    ],
)
def test_answer_that_cannot_be_taken_is_asked_for_again(
    evaluated: Court, user: str | None, option: str, given: dict[str, Any], reason: str
) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    with pytest.raises(AirflowException, match=reason):
        answer(evaluated, "model", user, option, given)
    assert evaluated.audit.find(signoff.ANSWERED) == []
    if user:
        again = opened(evaluated, task="model_review")
        assert "Please answer again" in again.body
    assert answer(evaluated, "model", "bob", "Approve", RATED)["decision"] == "approve"


def test_comment_that_made_an_answer_improper_cannot_write_the_next_form(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    hostile = "ada](http://evil.example) **Gate: passed**"
    reviews.record_improper(role="model", task="model_review", run_id=evaluated.run, reviewer="ada", problem=hostile)
    assert "](http" not in opened(evaluated, task="model_review").body.split("\n")[0]


def test_same_person_in_the_other_role_is_asked_to_leave_it(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    opened(evaluated, "legal", "legal_review")
    answer(evaluated, "model", "ada", "Approve", RATED)
    with pytest.raises(AirflowException, match="another person must answer here"):
        answer(evaluated, "legal", "ada", "Approve", CONFIRMED)
    assert answer(evaluated, "legal", "ada", "Reject", {"comment": "no licence"})["decision"] == "reject"


def test_silence_is_recorded_and_refused(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    event = {"error": "timed out", "error_type": "timeout"}
    assert operator("model").execute_complete({"run_id": evaluated.run}, event)["decision"] == "silent"
    with pytest.raises(Refused, match="nobody answered in time"):
        reviews.decide(run_of(evaluated), *uris(evaluated))


def test_marked_review_leaves_no_approval(evaluated: Court) -> None:
    """Marking the tasks as successful runs none of their code."""
    reviews.gate(run_of(evaluated), *uris(evaluated))
    with pytest.raises(Refused, match=r"model review: 0 of 1 approvals; legal review: 0 of 1 approvals"):
        reviews.decide(run_of(evaluated), *uris(evaluated))


def test_review_that_cannot_be_shown_is_not_tried_again(evaluated: Court) -> None:
    waiting = operator("model")
    waiting.candidate, waiting.evaluation, waiting.compliance = uris(evaluated)
    context = {"run_id": evaluated.run, "dag": DAG("llm_pipeline"), "task_instance": None}
    waiting.generate_link_to_ui_from_context = lambda context: "http://airflow"
    with pytest.raises(AirflowFailException, match="nothing to review"):
        waiting.execute(context)


def test_retraining_with_a_base_model_of_unknown_licence_ends_at_its_start(court: Court) -> None:
    model = {"base": "someone/some-model", "licence": "NOASSERTION"}
    with pytest.raises(AirflowFailException, match="does not know the licence of someone/some-model"):
        tasks.start(court.run, "llm_retrain", "operator", "a reason", {"model": model})
    assert court.audit.find(signoff.RUN_STARTED)


def test_snapshot_that_no_run_made_is_refused(court: Court) -> None:
    manifest = court.stage("repository", write_files({"rows": b"poisoned"}, "rows"))
    uri = court.lake.uri("repository", "planted", "manifest.json")
    court.lake.write(uri, manifest.model_copy(update={"uri": uri}).model_dump_json().encode())
    with pytest.raises(AirflowFailException, match="audit trail does not know this repository"):
        tasks.snapshot(court.run, uri)
    assert tasks.snapshot(court.run, manifest.uri) == manifest.uri


def test_forms_are_what_the_operator_shows() -> None:
    assert set(operator("legal").params) == set(form.fields_of("legal"))
