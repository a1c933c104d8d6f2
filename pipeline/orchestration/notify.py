"""How people are told: e-mail through Airflow's SMTP connection, and a link to the run's reports."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from pipeline.review.reminders import Notice, recipients
from pipeline.settings import current

CONNECTION = "smtp_default"

FAILURE = """<p>The task <b>{{ ti.task_id | e }}</b> of <b>{{ dag.dag_id | e }}</b> failed in run {{ run_id | e }}
(attempt {{ ti.try_number }}).</p><p>Cause: {{ exception | e }}</p>
<p><a href="{{ ti.log_url | e }}">Open the log</a></p>"""
RETRY = """<p>The task <b>{{ ti.task_id | e }}</b> of <b>{{ dag.dag_id | e }}</b> failed in run {{ run_id | e }} and is
tried again (attempt {{ ti.try_number }} of {{ ti.max_tries + 1 }}).</p><p>Cause: {{ exception | e }}</p>"""


def harmless(text: str) -> str:
    """Return text for the HTML of a mail; Airflow renders it as a template, which a reviewer's comment must not be."""
    return escape(text).replace("{", "&#123;")


def mail(subject: str, html: str, to: Sequence[str] = ()) -> SmtpNotifier:
    """Return a notifier that writes to the operators, or to others instead."""
    settings = current().mail
    return SmtpNotifier(
        smtp_conn_id=CONNECTION,
        from_email=settings.sender,
        to=list(to) or settings.operators,
        subject=subject,
        html_content=html,
    )


def on_failure() -> SmtpNotifier:
    """Tell the operators that a task failed for good."""
    return mail("[llmops] {{ dag.dag_id }}.{{ ti.task_id }} failed", FAILURE)


def on_retry() -> SmtpNotifier:
    """Tell the operators that a task failed and is tried again."""
    return mail("[llmops] {{ dag.dag_id }}.{{ ti.task_id }} is tried again", RETRY)


def slack_failure(context: Any) -> None:
    """Tell Slack, if it is configured, that a task failed for good; the cause is in the mail and the log."""
    task = context["ti"]
    slack(f"{context['dag'].dag_id}.{task.task_id} failed in run {context['run_id']}. {report_url(context)}")


def report_url(context: Any) -> str:
    """Return where the run's reports can be read, behind Airflow's own login."""
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return f"{base}/llmops/runs/{context['dag'].dag_id}/{context['run_id']}/"


def review_waiting(context: Any, *, role: str, subject: str, link: str, assigned: Sequence[str]) -> None:
    """Tell its reviewers and the operators that a review waits; a mail server that is away does not stop the review."""
    body = (
        f"<p>The <b>{harmless(role)}</b> review waits for an answer: {harmless(subject)}</p>"
        f'<p><a href="{harmless(link)}">Answer it in Airflow</a> · <a href="{harmless(report_url(context))}">Read the '
        "reports</a></p><p>Silence counts as a rejection.</p>"
    )
    settings = current()
    to = dict.fromkeys([*recipients(assigned, settings.review.addresses, []), *settings.mail.operators])
    _send(context, mail(f"[llmops] {role} review waits", body, list(to)))


def review_still_waiting(context: Any, notice: Notice, hours: float) -> bool:
    """Remind the reviewers, or tell those to whom a review is escalated; return whether the mail could be sent."""
    data, due = notice.waiting.request.data, notice.waiting.due
    role = str(data.get("role"))
    people = ", ".join(notice.waiting.assigned)
    until = f"until {due:%d %B %Y %H:%M} UTC" if due else "soon"
    asked = {
        "reminder": f"Please answer {until}: silence counts as a rejection.",
        "escalation": f"{people} did not answer. Without an answer {until} it counts as a rejection.",
    }[notice.kind]
    body = (
        f"<p>The <b>{harmless(role)}</b> review of run {harmless(str(notice.waiting.request.run_id))} has waited for "
        f"{hours:.0f} hours for {harmless(people)}.</p><p>{harmless(asked)}</p>"
        f'<p><a href="{harmless(str(data.get("link") or ""))}">Answer it in Airflow</a></p>'
    )
    return _send(context, mail(f"[llmops] {role} review still waits ({notice.kind})", body, notice.recipients))


def outcome(context: Any, result: str, text: str) -> None:
    """Tell the operators how a run ended."""
    body = f'<p>{harmless(text)}</p><p><a href="{harmless(report_url(context))}">Read the reports</a></p>'
    _send(context, mail(f"[llmops] {context['dag'].dag_id}: {result}", body))
    slack(f"{context['dag'].dag_id}: {result}. {text} {report_url(context)}")


def slack(text: str) -> None:
    """Post to the Slack incoming webhook of the settings, if there is one; its address is a secret and not logged."""
    webhook = current().notices.slack_webhook
    if webhook is None:
        return
    import httpx

    from pipeline.log import get_logger

    # Slack reads &, < and > as markup: text from outside must not become a link or a mention.
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    try:
        httpx.post(webhook.get_secret_value(), json={"text": plain[:3000]}, timeout=10).raise_for_status()
    except httpx.HTTPError as problem:
        get_logger(__name__).warning("a notice could not be sent to Slack", cause=type(problem).__name__)


def _send(context: Any, notifier: SmtpNotifier) -> bool:
    from pipeline.log import get_logger

    try:
        notifier(context)
    except Exception as problem:
        get_logger(__name__).warning("a notice could not be sent", cause=str(problem))
        return False
    return True
