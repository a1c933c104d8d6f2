from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from review.court import Court

from pipeline.orchestration import notify, summary
from pipeline.orchestration.outcome import conclude, result_of
from pipeline.review.signoff import REFUSED, RUN_FINISHED
from pipeline.settings import load

DONE = {"start": "success", "is_new": "success", "assess.gate": "success", "review.sign_off": "success"}


@pytest.mark.parametrize(
    ("states", "result"),
    [
        ({**DONE, "publish.release": "success"}, "published"),
        (
            {"start": "success", "is_new": "success", "assess.gate": "skipped", "publish.release": "skipped"},
            "unchanged",
        ),
        ({**DONE, "assess.gate": "failed", "publish.release": "upstream_failed"}, "refused"),
        ({**DONE, "review.sign_off": "failed", "publish.release": "upstream_failed"}, "refused"),
        ({**DONE, "publish.release": "failed"}, "failed"),
        ({"start": "success", "prepare": "failed", "publish.release": "upstream_failed"}, "failed"),
        ({"prepare": "failed", "assess.gate": "failed"}, "failed"),
    ],
)
def test_result(states: dict[str, str], result: str) -> None:
    assert result_of(states) == result


GATE_FAILED = {**DONE, "assess.gate": "failed", "review.sign_off": "upstream_failed"}
RELEASED = {**DONE, "publish.release": "success"}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the operators are written."""
    mails: list[str] = []
    monkeypatch.setattr(notify, "outcome", lambda context, result, text: mails.append(text))
    return mails


def concluded(court: Court, states: dict[str, str]) -> str:
    """Let the last task of a run conclude; returns what it records."""
    dag_id, run_id = court.run.split("/")
    task = SimpleNamespace(task_id="finish", get_task_states=lambda **_: {run_id: {**states, "finish": "running"}})
    context: Any = {"ti": task, "run_id": run_id, "dag": DAG(dag_id)}
    with contextlib.suppress(AirflowFailException):
        conclude(context)
    return str(court.audit.find(RUN_FINISHED)[-1].data["result"])


def refuse(court: Court, reason: str) -> None:
    court.gate("refused")
    court.audit.append(REFUSED, actor="pipeline", run_id=court.run, data={"reason": reason})


def published(court: Court) -> None:
    data = {"repository": "acme/model", "version": "v4", "commit": "c4"}
    court.audit.append("published", actor="pipeline", run_id=court.run, data=data)


@pytest.fixture
def run(court: Court, told: list[str]) -> Court:
    court.start()
    court.develop()
    return court


def test_a_refusal_is_told_with_its_reason(run: Court, told: list[str]) -> None:
    refuse(run, "the model is worse")
    assert concluded(run, GATE_FAILED) == "refused"
    assert told == ["Nothing was published. the model is worse"]


def test_a_gate_that_could_not_decide_has_refused_nothing(run: Court, told: list[str]) -> None:
    assert concluded(run, GATE_FAILED) == "failed"
    assert told == ["Nothing was published: these tasks failed: assess.gate."]


def test_an_earlier_refusal_is_no_cause_of_what_fails_later(run: Court, told: list[str]) -> None:
    """The policy is mended and the gate cleared; then the store is away, and the lake is when the gate runs again."""
    refuse(run, "the model is worse")
    concluded(run, GATE_FAILED)
    run.gate()
    assert concluded(run, {**DONE, "publish.release": "failed"}) == "failed"
    assert concluded(run, GATE_FAILED) == "failed"
    assert told[1:] == [
        "Nothing was published: these tasks failed: publish.release.",
        "Nothing was published: these tasks failed: assess.gate.",
    ]


def test_concluded_again_it_ended_as_it_was_told(run: Court, told: list[str]) -> None:
    """The last task is killed behind its record and tried again, or cleared alone."""
    refuse(run, "the model is worse")
    assert [concluded(run, GATE_FAILED) for _ in range(3)] == ["refused"] * 3
    assert set(told) == {"Nothing was published. the model is worse"}


def test_concluded_again_with_other_tasks_failed_it_is_told_anew(run: Court, told: list[str]) -> None:
    refuse(run, "the model is worse")
    assert concluded(run, GATE_FAILED) == "refused"
    assert concluded(run, {**DONE, "review.sign_off": "failed"}) == "failed"
    assert concluded(run, GATE_FAILED) == "failed", "the gate ran again and could not decide"
    assert concluded(run, {"start": "success", "publish.release": "skipped"}) == "unchanged"
    assert not any("worse" in text for text in told[1:])


def test_a_review_that_cannot_be_opened_says_why(run: Court, told: list[str]) -> None:
    run.gate()
    run.audit.append(REFUSED, actor="pipeline", run_id=run.run, data={"reason": "There is nothing to review"})
    states = {**DONE, "review.model_review": "failed", "review.sign_off": "upstream_failed"}
    assert concluded(run, states) == "failed"
    assert told == ["Nothing was published: There is nothing to review."]


def test_a_release_that_was_marked_has_published_nothing(run: Court, told: list[str]) -> None:
    assert concluded(run, RELEASED) == "failed"
    assert told[0].startswith("Nothing was published: its release counts as done")
    published(run)
    assert concluded(run, RELEASED) == "published"
    assert concluded(run, {**DONE, "publish.release": "failed"}) == "failed"
    assert told[2].startswith("v4 was published by this run")


def test_a_release_without_a_manifest_is_shown(run: Court, told: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It was killed behind its record, and somebody marked it as successful."""
    published(run)
    concluded(run, RELEASED)
    assert summary.show(load(), run.run, "success") == "published"
    assert "acme/model v4 at commit c4" in capsys.readouterr().out
