"""What the tasks of a run do about reviews: a real lake and trail, and answers as Airflow gives them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from airflow.api_fastapi.core_api.datamodels.hitl import BaseHITLDetail
from airflow.api_fastapi.execution_api.datamodels.hitl import HITLDetailRequest
from airflow.providers.standard.operators import hitl
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    ParamValidationError,
    TaskAwaitingInput,
    TaskDeferred,
)
from evaluate.test_report import report
from pydantic import SecretStr
from review.court import Court, Forger, write_files

from pipeline.audit.sentences import describe
from pipeline.collect import state
from pipeline.errors import LakeError, Refused, SettingsError, StoreError
from pipeline.manifest import Manifest, load_manifest
from pipeline.orchestration import answering, answers, api, command, notify, reviews, runs, tasks
from pipeline.orchestration.api import WaitingReview
from pipeline.orchestration.run import Run, for_airflow
from pipeline.review import blind, form, signoff
from pipeline.review import operator as review_operator
from pipeline.review.evidence import REWRITTEN, completed, seal
from pipeline.review.operator import ReviewOperator
from pipeline.settings import load
from pipeline.stage import Attempt, run_stage
from pipeline.witness import believed

RATED = {"relevance": 4, "logical_flow": 4, "ease_of_understanding": 4, "completeness": 4, "comment": "fine"}
CONFIRMED = {"licences_checked": True, "personal_data_checked": True, "findings_checked": True, "comment": "fine"}


@pytest.fixture
def evaluated(court: Court) -> Court:
    """A run up to the gate, with answers for the dossier."""
    court.start("operator")
    return up_to_the_gate(court, b"w")


def up_to_the_gate(court: Court, weights: bytes, base: Manifest | None = None) -> Court:
    started = {"base-model": base} if base else {}
    files = {"model.safetensors": weights}
    candidate = court.stage("tune", write_files(files, "model"), started, seed=weights.decode())

    def answers(attempt: Attempt) -> None:
        row = {"question": "q", "reference": "r", "candidate": "c", "base": "b", "champion": None}
        batch = pa.RecordBatch.from_pylist([row])
        attempt.lake.write_batches(attempt.uri("answers", "part.parquet"), [batch], batch.schema)

    evaluation = court.stage("evaluate", answers, {"candidate": candidate})
    inputs = {"candidate": candidate, "evaluation": evaluation, **({"base": base} if base else {})}
    court.stage("comply", write_files({"report.json": court.report()}), inputs)
    return court


def uris(court: Court) -> tuple[str, str, str]:
    return tuple(court.made[name].uri for name in ("tune", "evaluate", "comply"))


def run_of(court: Court) -> Run:
    return Run(court.run)


def opened(
    court: Court, role: str = "model", task: str = "review.model_review", due: datetime | None = None
) -> reviews.Opened:
    return reviews.open_for(
        role=role,
        run_id=court.run,
        reviewers=["ada", "bob", "lex"],
        manifests=uris(court),
        report_url="http://airflow/reports/",
        task=task,
        due=due or datetime.now(UTC) + timedelta(hours=1),
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


def context_of(court: Court, **more: Any) -> dict[str, Any]:
    """What Airflow tells a task about its run."""
    dag_id, run_id = court.run.split("/")
    return {"run_id": run_id, "dag": DAG(dag_id), **more}


def answer(court: Court, role: str, user: str | None, option: str, given: dict[str, Any]) -> Any:
    event = {
        "chosen_options": [option],
        "params_input": given,
        "responded_by_user": {"id": user, "name": user} if user else None,
    }
    return operator(role).execute_complete(context_of(court), event, request=court.shown(role, f"{role}_review"))


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


def test_reviewers_are_told_what_makes_a_run_unusual(court: Court) -> None:
    """Who started it and why, the base model's revision, and each parameter that is not the settings'."""
    asked = {"model": {"base": "acme/other", "revision": "v9", "licence": "MIT"}, "train": {}}
    asked["train"]["method"] = "full" if load().train.method == "lora" else "lora"
    tasks.start(court.run, "llm_retrain", "operator", "try another base", asked, snapshot="s3://lake/r/manifest.json")
    facts = {"name": "acme/other", "revision": "v9", "licence": "MIT"}

    def weights(attempt: Attempt) -> None:
        attempt.facts.update(facts)
        attempt.lake.write(attempt.uri("model", "w"), b"w")

    up_to_the_gate(court, b"w", court.stage("base-model", weights))
    reviews.gate(run_of(court), *uris(court))
    for role in ("model", "legal"):
        body = opened(court, role, f"{role}_review").body
        assert "Started by operator (llm\\_retrain): try another base" in body
        assert "Base model acme/other, revision v9, licence MIT" in body
        assert "| model.base | acme/other |" in body
        assert f"| train.method | {asked['train']['method']} | {load().train.method} |" in body
        assert "| data\\_snapshot | s3:\u200b//lake/r/manifest.json | latest |" in body


def test_a_run_as_configured_shows_no_parameters(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    body = opened(evaluated).body
    assert "Started by operator" in body
    assert "Not as configured" not in body


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
    answers.record_improper(role="model", task="model_review", run_id=evaluated.run, reviewer="ada", problem=hostile)
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
    request = evaluated.shown("model", "model_review")
    assert operator("model").execute_complete(context_of(evaluated), event, request)["decision"] == "silent"
    with pytest.raises(Refused, match="nobody answered in time"):
        reviews.decide(run_of(evaluated), *uris(evaluated))


def overdue(court: Court, role: str) -> int:
    """Open a review whose time was over an hour ago; returns the number of its request."""
    due = datetime.now(UTC) - timedelta(hours=1)
    return opened(court, role, f"{role}_review", due).request


@pytest.mark.parametrize("stored", [False, True], ids=["datetime", "text"])
@pytest.mark.parametrize(
    ("minutes", "decision"), [(-90, "approve"), (-58, "approve"), (-50, "silent"), (None, "silent")]
)
def test_an_approval_after_the_time_for_it_is_silence(
    evaluated: Court, minutes: int | None, decision: str, stored: bool
) -> None:
    """What counts is when somebody answered, not when a scheduler that was away took it up."""
    reviews.gate(run_of(evaluated), *uris(evaluated))
    request = overdue(evaluated, "model")
    given = datetime.now(UTC) + timedelta(minutes=minutes) if minutes else None
    event = {
        "chosen_options": ["Approve"],
        "params_input": RATED,
        "responded_by_user": {"id": "ada", "name": "ada"},
        "responded_at": given.isoformat() if given and stored else given,
    }
    assert operator("model").execute_complete(context_of(evaluated), event, request)["decision"] == decision
    (record,) = evaluated.audit.find(signoff.ANSWERED)
    assert record.data["decision"] == decision
    answer_legal(evaluated)
    if decision == "approve":
        assert len(reviews.decide(run_of(evaluated), *uris(evaluated))) == 2
    else:
        with pytest.raises(Refused, match="nobody answered in time"):
            reviews.decide(run_of(evaluated), *uris(evaluated))


def answer_legal(court: Court) -> None:
    opened(court, "legal", "legal_review")
    assert answer(court, "legal", "lex", "Approve", CONFIRMED)["decision"] == "approve"


def test_an_answer_is_not_lost_while_the_lake_is_away(evaluated: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that failed would ask the person anew: Airflow forgets what was answered when it tries again."""
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    record, waited = signoff.record_answer, []

    def away(*arguments: Any, **more: Any) -> Any:
        if len(waited) < 3:
            raise LakeError("The object store does not answer")
        return record(*arguments, **more)

    monkeypatch.setattr(signoff, "record_answer", away)
    monkeypatch.setattr(review_operator.time, "sleep", waited.append)
    assert answer(evaluated, "model", "ada", "Approve", RATED)["decision"] == "approve"
    assert waited == [5, 10, 20]
    assert len(evaluated.audit.find(signoff.ANSWERED)) == 1


def test_a_lake_that_stays_away_is_said(evaluated: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(review_operator.time, "sleep", waited.append)

    def away() -> None:
        raise LakeError("The object store does not answer")

    with pytest.raises(LakeError, match="does not answer"):
        review_operator.patiently(away)
    assert 300 <= sum(waited) <= 600


def test_a_run_of_another_dag_with_the_same_id_has_reviews_of_its_own(evaluated: Court) -> None:
    """Its review tasks are marked as successful while people answer the forms of the first: nobody approved it."""
    first = evaluated
    reviews.gate(run_of(first), *uris(first))
    shown = {}
    for role in ("model", "legal"):
        opened(first, role, f"{role}_review")
        shown[role] = first.shown(role, f"{role}_review")
    second = Court(first.settings, run=first.run.replace("llm_pipeline", "llm_retrain"))
    up_to_the_gate(second, b"never seen")
    reviews.gate(run_of(second), *uris(second))
    for role in ("model", "legal"):
        opened(second, role, f"{role}_review")
    for role, user, given in (("model", "ada", RATED), ("legal", "lex", CONFIRMED)):
        event = {"chosen_options": ["Approve"], "params_input": given, "responded_by_user": {"id": user, "name": user}}
        operator(role).execute_complete(context_of(first), event, request=shown[role])
    assert len(reviews.decide(run_of(first), *uris(first))) == 2
    with pytest.raises(Refused, match=r"nobody is recorded as the one who started.*0 of 1 approvals.*0 of 1 approvals"):
        reviews.decide(run_of(second), *uris(second))


def test_a_form_that_an_older_version_parked_takes_no_answer(evaluated: Court) -> None:
    reviews.gate(run_of(evaluated), *uris(evaluated))
    opened(evaluated, task="model_review")
    event = {"chosen_options": ["Approve"], "params_input": RATED, "responded_by_user": {"id": "ada", "name": "ada"}}
    with pytest.raises(AirflowFailException, match="opened anew since"):
        operator("model").execute_complete(context_of(evaluated), event)
    assert evaluated.audit.find(signoff.ANSWERED) == []


def test_marked_review_leaves_no_approval(evaluated: Court) -> None:
    """Marking the tasks as successful runs none of their code."""
    reviews.gate(run_of(evaluated), *uris(evaluated))
    with pytest.raises(Refused, match=r"model review: 0 of 1 approvals; legal review: 0 of 1 approvals"):
        reviews.decide(run_of(evaluated), *uris(evaluated))


def test_review_that_cannot_be_shown_is_not_tried_again(evaluated: Court) -> None:
    waiting = operator("model")
    waiting.candidate, waiting.evaluation, waiting.compliance = uris(evaluated)
    context = context_of(evaluated, task_instance=None)
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


def test_the_latest_snapshot_is_what_was_collected_last_not_what_somebody_named(court: Court) -> None:
    older = court.stage("repository", write_files({"rows": b"of yesterday"}, "rows"), seed="older")
    latest = court.stage("repository", write_files({"rows": b"of today"}, "rows"), seed="latest")
    assert tasks.snapshot("llm_retrain/1", older.uri) == older.uri
    assert court.audit.find("stage_completed", run_id="llm_retrain/1")[0].data["unchanged"]
    assert tasks.snapshot("llm_retrain/2", "latest") == latest.uri
    court.record(older)  # the sources went back to what they had
    assert tasks.snapshot("llm_retrain/3", "latest") == older.uri


def made_by_a_task(court: Court, run: Run, data: bytes = b"rows") -> Manifest:
    return run_stage(run.lake, "prepare", write_files({"rows": data}, "rows"), run_id=run.id, packages=("errors",))


def test_a_stage_is_recorded_before_anybody_can_find_it(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two, in the other order it would lie there for ever without anybody who made it."""
    run = run_of(court)
    put = run.lake.put_if_absent

    def killed(uri: str, data: bytes) -> bool:
        if uri.endswith("/manifest.json"):
            raise KeyboardInterrupt
        return put(uri, data)

    with monkeypatch.context() as patch:
        patch.setattr(run.lake, "put_if_absent", killed)
        with pytest.raises(KeyboardInterrupt):
            made_by_a_task(court, run)
    (record,) = court.audit.find("stage_made")
    assert record.run_id == court.run
    manifest = made_by_a_task(court, run)
    assert not manifest.cached
    again = run_of(court)
    found = made_by_a_task(court, again)
    assert found.cached
    assert again.done(found) == manifest.uri, "killed before it was noted as completed, it is still known"


def test_a_finished_stage_that_nobody_recorded_is_made_anew(court: Court) -> None:
    """By a command, or by somebody who knows what the key of the next stage will be."""
    planted = run_stage(
        court.lake, "prepare", write_files({"rows": b"poison"}, "rows"), run_id="x", packages=("errors",)
    )
    run = run_of(court)
    found = made_by_a_task(court, run)
    assert found.uri == planted.uri
    with pytest.raises(LakeError, match="prepare was found finished, but nobody recorded making it"):
        run.done(found)
    manifest = made_by_a_task(court, run)
    assert not manifest.cached
    assert run.lake.read(f"{manifest.output('rows').uri}/rows") == b"rows"
    assert run.done(manifest) == planted.uri


def test_snapshot_whose_manifest_an_erasure_wrote_again_is_taken(court: Court) -> None:
    manifest = court.stage("repository", write_files({"rows": b"all rows"}, "rows"))
    new = manifest.model_copy(update={"facts": {"erased_from": ["rows"]}})
    court.lake.write(new.uri, new.model_dump_json().encode())
    with pytest.raises(AirflowFailException, match="audit trail does not know this repository"):
        tasks.snapshot(court.run, "latest")
    data = {"stage": "repository", "manifest": new.uri, "seal": seal(new), "was": manifest.digest}
    court.audit.append(REWRITTEN, actor="officer", subject=new.digest, data=data)
    assert tasks.snapshot(court.run, "latest") == new.uri


@pytest.mark.parametrize("kind", [ValueError, StoreError])
def test_what_a_task_raises_tells_no_secret_of_an_address(kind: type[Exception]) -> None:
    password = "".join(["s3", "cret"])  # a traceback shows the lines of the source too

    @for_airflow
    def task() -> None:
        try:
            raise OSError(111, f"refused by https://user:{password}@h.example.com/v1?api_key={password}")
        except OSError as problem:
            raise kind(f"The store is away: {problem}") from problem

    with pytest.raises((ValueError, AirflowException)) as caught:
        task()
    told = "".join(traceback.format_exception(caught.value))
    assert "refused by https://h.example.com/v1?…" in told
    assert password not in told


def test_forms_are_what_the_operator_shows() -> None:
    assert set(operator("legal").params) == set(form.fields_of("legal"))


QUESTIONS = {"q1": "How long?", "q2": "How much?"}
FOUR = ("relevance", "logical_flow", "ease_of_understanding", "completeness")


@pytest.fixture
def mixed(court: Court) -> Court:
    """A run let past the gate whose evaluation has a blind mix of two questions, each answered by people and model."""
    court.start("operator")
    candidate = court.stage("tune", write_files({"model.safetensors": b"w"}, "model"))
    items, key, rows = [], {}, []
    for question_id, question in {**QUESTIONS, "q3": "How heavy?"}.items():
        texts = {"human": f"People say {question_id}", "candidate": f"The model says {question_id}"}
        rows.append({"question_id": question_id, "question": question, "reference": texts["human"], **texts})
        for author, text in texts.items() if question_id in QUESTIONS else ():
            item = hashlib.sha256(text.encode()).hexdigest()[:12]
            items.append({"item_id": item, "question": question, "context": None, "answer": text})
            key[item] = {"authors": author, "question_id": question_id}

    def work(attempt: Attempt) -> None:
        found = [{name: row[name] for name in ("question_id", "question", "reference", "candidate")} for row in rows]
        batch = pa.RecordBatch.from_pylist(found)
        attempt.lake.write_batches(attempt.uri("answers", "part.parquet"), [batch], batch.schema)
        document = report(candidate=["a", "b"], base=["a", "c"], baseline=["d", "e"])
        attempt.lake.write(attempt.uri("report", "report.json"), json.dumps(document).encode())
        attempt.lake.write(attempt.uri("report", "answers.jsonl"), b"")
        attempt.lake.write(attempt.uri("blind_mix", "items.json"), json.dumps({"items": items}).encode())
        attempt.lake.write(attempt.uri("blind_mix", "key.json"), json.dumps(key).encode())

    evaluation = court.stage("evaluate", work, {"candidate": candidate})
    inputs = {"candidate": candidate, "evaluation": evaluation}
    court.stage("comply", write_files({"report.json": court.report()}), inputs)
    reviews.gate(run_of(court), *uris(court))
    return court


def author_of(court: Court, place: int) -> str:
    """Who wrote the answer that the form showed at a place, as only the evaluation knows."""
    shown = court.audit.find(signoff.REQUESTED)[-1].data["items"]
    key = json.loads(court.lake.read(f"{court.made['evaluate'].output('blind_mix').uri}/key.json"))
    return key[shown[place - 1]]["authors"]


def test_blind_ratings_go_from_the_form_into_report_and_trail(mixed: Court) -> None:
    shown = opened(mixed, task="model_review")
    assert list(shown.fields) == ["answer_1", "answer_2", "answer_3", "answer_4", "comment"]
    stars = {n: "5 5 5 5" if author_of(mixed, n) == "human" else f"{2 + n % 2} 4 4 3" for n in range(1, 5)}
    given = {f"answer_{number}": text for number, text in stars.items()}
    answer(mixed, "model", "ada", "Approve", {**given, "comment": "fine"})
    opened(mixed, "legal", "legal_review")
    answer(mixed, "legal", "lex", "Approve", CONFIRMED)
    reviews.decide(run_of(mixed), *uris(mixed))
    answered = mixed.audit.find(signoff.ANSWERED)[0]
    assert answered.data["model"] == mixed.made["tune"].output("model").digest
    assert answered.data["evaluation"] == mixed.made["evaluate"].digest
    assert len(answered.data["ratings"]) == 4
    rated = mixed.audit.find(blind.RATED, run_id=mixed.run)[0].data
    assert rated["means"]["human"] == dict.fromkeys(FOUR, 5)
    assert (
        rated["against_people"]["candidate"]["logical_flow"] | {"questions": 2, "difference": -1}
        == (rated["against_people"]["candidate"]["logical_flow"])
    )
    page = runs.manifests(mixed.lake, mixed.run)["rate"].output("report")
    assert b"1 person rated 4 answers" in mixed.lake.read(f"{page.uri}/report.html")
    assert "gathered blind ratings of 4 answers by 1 reviewer" in describe(mixed.audit.find(blind.RATED)[0])[0]


def test_nothing_on_the_page_tells_who_wrote_an_answer(mixed: Court) -> None:
    shown = opened(mixed, task="model_review")
    for question_id in QUESTIONS:
        rows = [
            line for line in shown.body.splitlines() if f"says {question_id}" in line or f"say {question_id}" in line
        ]
        assert len(rows) == 2, "each answer stands in the list to rate, in a row of its own, and nowhere else"
    assert "The model says q3" in shown.body, "other questions are still shown side by side"
    request = mixed.audit.find(signoff.REQUESTED)[-1]
    assert "human" not in json.dumps(request.data)
    legal = opened(mixed, "legal", "legal_review")
    assert "answer_1" not in legal.fields
    assert "items" not in mixed.audit.find(signoff.REQUESTED)[-1].data


@pytest.mark.parametrize("hostile", ["9 9 9 9", {"a": 1}, "5 5 5 5" * 1000, None])
def test_hostile_ratings_are_asked_for_again_and_not_kept(mixed: Court, hostile: object) -> None:
    opened(mixed, task="model_review")
    given = {"answer_1": "4 4 4 4", "answer_2": hostile, "answer_3": "4 4 4 4", "answer_4": "4 4 4 4"}
    with pytest.raises(AirflowException, match="answer 2"):
        answer(mixed, "model", "ada", "Approve", given)
    assert mixed.audit.find(signoff.ANSWERED) == []
    assert "Please answer again" in opened(mixed, task="model_review").body


def test_ratings_count_for_their_own_run_and_bytes_alone(mixed: Court) -> None:
    opened(mixed, task="model_review")
    given = {f"answer_{number}": "4 4 4 4" for number in range(1, 5)}
    answer(mixed, "model", "ada", "Approve", given)
    trail, subject = mixed.audit.trail(), mixed.evidence.subject
    assert len(blind.sheets(trail, mixed.run, subject)) == 1
    assert blind.sheets(trail, "run-2", subject) == []
    assert blind.sheets(trail, mixed.run, subject.model_copy(update={"evaluation": "e" * 64})) == []
    unasked = dict.fromkeys(FOUR, 5)
    signoff.record_answer(
        *(mixed.audit,), run_id=mixed.run, role="model", task="model_review", reviewer="bob", decision="approve",
        request=mixed.shown("model", "model_review"), comment="", answers={}, ratings={"never-shown": unasked},
    )  # fmt: skip
    assert [sheet.rater for sheet in blind.sheets(mixed.audit.trail(), mixed.run, subject)] == ["ada"]


def test_rejected_model_is_rated_too(mixed: Court) -> None:
    opened(mixed, task="model_review")
    given = {"answer_1": "1 1 1 1", "answer_2": "2 2 2 2", "comment": "invents prices"}
    answer(mixed, "model", "ada", "Reject", given)
    with pytest.raises(Refused, match="ada rejected it"):
        reviews.decide(run_of(mixed), *uris(mixed))
    assert mixed.audit.find(blind.RATED)[0].data["rated_items"] == 2


def test_waiting_task_carries_the_form_as_airflow_keeps_it(mixed: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract with Airflow: the fields are known only when the task waits, and its API must read and show them."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: kept.update(detail))
    monkeypatch.setattr(notify, "review_waiting", lambda *arguments, **more: None)
    waiting = operator("model")
    waiting.candidate, waiting.evaluation, waiting.compliance = uris(mixed)
    waiting.generate_link_to_ui_from_context = lambda context: "http://airflow"
    instance = SimpleNamespace(id="00000000-0000-0000-0000-000000000001")
    context = context_of(mixed, task_instance=instance, ti=instance)
    with pytest.raises((TaskAwaitingInput, TaskDeferred)) as parked:
        waiting.execute(context)
    assert parked.value.kwargs["request"] == mixed.shown("model", "model_review")
    detail = HITLDetailRequest.model_validate({**kept, "ti_id": instance.id})
    stored = json.loads(json.dumps(detail.params))
    assert list(stored) == ["answer_1", "answer_2", "answer_3", "answer_4", "comment"]
    shown = BaseHITLDetail.model_validate({**kept, "params": stored, "created_at": datetime.now(UTC)}).params
    assert shown["answer_1"]["schema"]["pattern"] == form.LIKERT
    assert "Question: How" in shown["answer_1"]["description"]
    for value, proper in (("4 5 3 4", True), (None, True), ("6 5 3 4", False), (4, False)):
        field = Param(value, **{k: v for k, v in shown["answer_1"].items() if k == "description"})
        field.schema = shown["answer_1"]["schema"]
        with contextlib.nullcontext() if proper else pytest.raises(ParamValidationError):
            field.resolve()
    assert {user["id"] for user in kept["assigned_users"]} == {"ada", "bob", "lex"}


@pytest.mark.parametrize(("rate", "filled"), [(["2=4,5,3,4"], "4,5,3,4"), ([], "3 3 3 3")])
def test_terminal_fills_in_the_blind_form(rate: list[str], filled: str) -> None:
    assert {**answering.filled("model", 2, 3, False), **answering.rated(2, rate)}["answer_2"] == filled
    with pytest.raises(SettingsError, match="no answer '7'"):
        answering.rated(2, ["7=1,1,1,1"])


def waiting(court: Court, task: str, *assigned: str) -> WaitingReview:
    dag_id, run_id = court.run.split("/")
    fields = dict.fromkeys(form.RATINGS) if task.startswith("model") else dict.fromkeys(form.CONFIRMATIONS)
    return WaitingReview(dag_id, run_id, f"review.{task}", -1, "s", "b", assigned, fields)


@pytest.mark.parametrize(
    ("environment", "named", "who"),
    [({}, None, "ada"), ({"AIRFLOW_USERNAME": "bob"}, None, "bob"), ({"AIRFLOW_USERNAME": "bob"}, "lex", "lex")],
)
def test_whoever_answers_in_the_terminal_answers_as_themselves(
    court: Court, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str | None, who: str
) -> None:
    monkeypatch.delenv("AIRFLOW_USERNAME", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answered: list[str | None] = []
    monkeypatch.setattr(command, "_one", lambda task: waiting(court, "model_review", "ada", "bob", "lex"))

    def connect(settings: object, username: str | None = None) -> SimpleNamespace:
        return SimpleNamespace(answer=lambda *arguments: answered.append(username))

    monkeypatch.setattr(api, "connect", connect)
    command.reject(None, named, "it is too long")
    assert answered == [who]


def test_sample_reviewers_are_people_whose_approval_counts(court: Court) -> None:
    """Ada may sign off in both roles, and two must approve in one of them."""
    court.prepared()
    first, second, legal = (
        waiting(court, "model_review_1", "ada", "bob"),
        waiting(court, "model_review_2", "ada", "bob"),
        waiting(court, "legal_review", "ada", "lex"),
    )
    settings = court.settings
    assert answering.sample_reviewer(settings, first) == "bob"
    court.review("model", "bob", task="review.model_review_1")
    assert answering.sample_reviewer(settings, second) == "ada"
    court.review("model", "ada", task="review.model_review_2")
    assert answering.sample_reviewer(settings, legal) == "lex"
    assert answering.sample_reviewer(settings, waiting(court, "legal_review", "ada")) == "ada", "nobody else was asked"
    assert answering.sample_reviewer(settings, waiting(court, "legal_review")) == ""


def test_earlier_results_that_nobody_recorded_are_not_built_on(court: Court) -> None:
    """Where stages look for what they may take over: the last collection, cleaned rows, tokens."""
    planted = run_stage(
        court.lake,
        "collect-faq",
        write_files({"rows": b"poison"}, "rows"),
        run_id="x",
        fresh=True,
        packages=("errors",),
    )
    court.lake.write(state.reference(court.lake, "faq"), json.dumps({"manifest": planted.uri}).encode())
    run = run_of(court)
    assert not believed(run.lake, planted)
    assert state.load(run.lake, "faq", "print").manifest is None
    own = run_stage(
        run.lake, "collect-faq", write_files({"rows": b"rows"}, "rows"), run_id=run.id, fresh=True, packages=("errors",)
    )
    assert believed(run_of(court).lake, own)
    edited = own.model_copy(update={"facts": {"checkpoint": {"since": "2099"}}})
    assert not believed(run_of(court).lake, edited)


def rewritten(court: Court, stage: str, **changes: Any) -> str:
    """Write a manifest again as somebody who can write to the lake would; returns where it lies."""
    manifest = court.made[stage].model_copy(update=changes)
    court.lake.write(manifest.uri, manifest.model_dump_json().encode())
    return manifest.uri


@pytest.mark.parametrize("changes", [{"facts": {"licence": "MIT"}}, {"parameters": {"seed": "1"}}, {"warnings": ["x"]}])
def test_a_task_builds_on_nothing_that_was_edited_in_a_manifest(court: Court, changes: dict[str, Any]) -> None:
    """Facts, parameters and counts too: a licence may be stated in the lake for the time of one check."""
    made = court.stage("base-model", write_files({"weights": b"w"}, "model"))
    assert run_of(court).manifest(made.uri) == made
    uri = rewritten(court, "base-model", **changes)
    for task in (lambda: tasks.prepare(court.run, uri), lambda: tasks.features(court.run, {}, uri, made.uri)):
        with pytest.raises(AirflowFailException, match="nobody recorded making exactly this manifest"):
            task()


def test_a_record_that_the_key_did_not_sign_vouches_for_nothing(court: Court) -> None:
    court.stage("base-model", write_files({"weights": b"w"}, "model"))
    uri = rewritten(court, "base-model", facts={"licence": "MIT"})
    edited = load_manifest(court.lake, uri)
    forger = Forger(court.lake, SecretStr("guess"))
    forger.append("stage_made", actor="pipeline", run_id=court.run, subject=edited.digest, data=completed(edited))
    with pytest.raises(Refused, match="nobody recorded making exactly this manifest"):
        run_of(court).manifest(uri)


def test_a_manifest_whose_key_is_a_path_is_damaged(court: Court) -> None:
    """Keys name folders and files of this machine, such as a registry of features."""
    court.stage("features", write_files({"tokens": b"t"}, "tokens"))
    for key in ("../../airflow/airflow", "0" * 23, "0" * 24 + "\n", "G" * 24):
        uri = rewritten(court, "features", key=key)
        with pytest.raises(LakeError, match="damaged"):
            load_manifest(court.lake, uri)


def test_each_record_is_read_once_by_a_task(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    court.develop()
    read: list[str] = []
    run = run_of(court)
    plainly = run.lake.read
    monkeypatch.setattr(run.lake, "read", lambda uri: read.append(uri) or plainly(uri))
    for manifest in [*court.made.values()] * 2:
        run.manifest(manifest.uri)
    records = [uri for uri in read if "/audit/records/" in uri]
    assert len(records) == len(set(records)) > 0
