"""Reminders as they leave: through Airflow's own notifier to a real SMTP server, recorded when they were sent."""

from __future__ import annotations

import html
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from airflow.sdk import DAG
from review.court import Court

from pipeline.local.mail_catcher import Keeper, body, messages
from pipeline.orchestration import notify
from pipeline.orchestration.remind import remind
from pipeline.review.reminders import REMINDED
from pipeline.review.signoff import open_review


@pytest.fixture
def smtp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controller]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv(
        "AIRFLOW_CONN_SMTP_DEFAULT",
        f"smtp://127.0.0.1:{port}/?disable_ssl=true&disable_tls=true&timeout=5&retry_limit=1",
    )
    controller = Controller(Keeper(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    if controller.server is not None:
        controller.stop()


@pytest.fixture
def court(court: Court) -> Court:
    """A run whose model review waits."""
    court.prepared()
    open_review(
        court.audit,
        run_id=court.run,
        role="model",
        subject=court.evidence.subject,
        assigned=["ada"],
        task="review.model_review",
        due=datetime.now(UTC) + timedelta(hours=72),
        link="http://airflow/review?<x>",
    )
    return court


def later(hours: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def test_reminder_and_escalation_arrive_and_are_recorded(court: Court, smtp: Controller, tmp_path: Path) -> None:
    assert remind("hourly", {}, later(1)) == {"reminder": 0, "escalation": 0}
    assert remind("hourly", {}, later(49)) == {"reminder": 1, "escalation": 1}
    kept = {message["to"]: message for message in messages(tmp_path / "mail")}
    assert set(kept) == {"ada@example.com", "lead@example.com"}
    assert "silence counts as a rejection" in body(kept["ada@example.com"])
    assert "did not answer" in body(kept["lead@example.com"])
    assert "&lt;x&gt;" in body(kept["ada@example.com"])
    assert [record.data["kind"] for record in court.audit.find(REMINDED)] == ["reminder", "escalation"]
    assert court.audit.verify() == []


def test_mail_server_that_is_away_loses_no_reminder(court: Court, smtp: Controller) -> None:
    smtp.stop()
    assert remind("hourly", {}, later(25)) == {"reminder": 0, "escalation": 0}
    assert court.audit.find(REMINDED) == []


def test_first_notice_goes_to_reviewers_and_operators(court: Court, smtp: Controller, tmp_path: Path) -> None:
    context = {"dag": DAG("llm_pipeline"), "run_id": "run-1"}
    notify.review_waiting(context, role="model", subject="Model review", link="http://x", assigned=["ada"])
    (message,) = messages(tmp_path / "mail")
    assert "ada@example.com" in message["to"]
    assert "ml-platform@example.com" in message["to"]


def test_a_comment_is_no_template_of_a_mail(smtp: Controller, tmp_path: Path, court: Court) -> None:
    text = "Nothing was published. lex rejected it: {{ 7 * 7 }} {% raw %} <b>{{ conn.smtp_default.password }}</b>"
    notify.outcome({"dag": DAG("llm_pipeline"), "run_id": "run-1"}, "refused", text)
    (message,) = messages(tmp_path / "mail")
    sent = html.unescape(body(message))
    assert "{{ 7 * 7 }}" in sent
    assert "<b>" not in body(message)
