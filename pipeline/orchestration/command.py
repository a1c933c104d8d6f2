"""`llmops run` and `llmops reviews`."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table

from pipeline.console import console, emit, output, say
from pipeline.errors import FAILED, REFUSED

if TYPE_CHECKING:
    from pipeline.orchestration.api import WaitingReview
    from pipeline.settings import Settings

PIPELINE = "llm_pipeline"
DAGS = (PIPELINE, "llm_retrain", "llm_performance_and_compliance", "llm_rollback")
REMINDERS = "llm_review_reminders"
SAMPLE_RATING = 4
AS = "The reviewer; else AIRFLOW_USERNAME, else the first who was asked (whose password only a laptop knows)."
reviews = typer.Typer(help="The sign-offs that wait for a person.", no_args_is_help=True)


class Review(StrEnum):
    """Who answers the reviews of a run."""

    wait = "wait"
    approve = "approve"
    reject = "reject"


def run(
    review: Review = typer.Option(Review.wait, help="Wait for people, or answer as the sample reviewers."),
    dag: str = typer.Option(
        PIPELINE, help="llm_pipeline, llm_retrain, llm_performance_and_compliance or llm_rollback."
    ),
    conf: str = typer.Option("{}", help="The run's parameters, as JSON."),
) -> None:
    """Start everything, run the whole pipeline, and show what came of it."""
    from pipeline.local import stack
    from pipeline.orchestration import runs
    from pipeline.orchestration.api import connect
    from pipeline.orchestration.follow import Follower
    from pipeline.orchestration.summary import show
    from pipeline.settings import load

    parameters = _parameters(dag, conf)
    settings = stack.up(load(), say=say)
    api = connect(settings)
    say("airflow: reading the DAGs")
    api.ensure_pool("gpu", 1, "Training and generation: one at a time on this machine")
    for dag_id in (*DAGS, REMINDERS):
        api.await_dag(dag_id)
        api.unpause(dag_id)
    active = api.active_runs(dag)
    run_id = active[0] if active else api.trigger(dag, parameters)
    say(f"\n{dag} {run_id}{' (it runs already; following it)' if active else ''}\n{api.url}/dags/{dag}/runs/{run_id}\n")
    state = Follower(api, dag, run_id).until_done(lambda waiting: _on_review(settings, waiting, review))
    result = show(settings, runs.identity(dag, run_id), state)
    say("\nAirflow and the services stay up for a look around. Stop them with: make stop")
    if result == "refused":
        raise typer.Exit(REFUSED)
    if state != "success":
        raise typer.Exit(FAILED)


def _parameters(dag: str, conf: str) -> dict[str, Any]:
    from pipeline.errors import SettingsError

    if dag not in DAGS:
        raise SettingsError(f"There is no DAG {dag}", where="--dag", remedy=f"There are: {', '.join(DAGS)}")
    try:
        found = json.loads(conf)
    except ValueError as problem:
        raise SettingsError(f"The parameters are not JSON: {problem}", where="--conf") from None
    if not isinstance(found, dict):
        raise SettingsError("The parameters are not a JSON object", where="--conf", remedy='Write {"name": value}')
    return found


def _on_review(settings: Settings, waiting: WaitingReview, review: Review) -> None:
    from pipeline.local import credentials
    from pipeline.orchestration import answering
    from pipeline.orchestration.api import connect

    made = credentials.load(settings)
    user = answering.sample_reviewer(settings, waiting)
    if review is Review.wait:
        password = made.passwords.get(user, "(your own)") if made else "(your own)"
        run_page = f"{connect(settings).url}/dags/{waiting.dag_id}/runs/{waiting.run_id}"
        link = f"{run_page}/tasks/{waiting.task_id}/required_actions"
        text = f"{waiting.subject}\n\nUser   {user}\nPassword   {password}\n\n"
        text += "The page shows the figures against the base model and the champion, sample answers side by side, and "
        text += "the findings; approve or reject there, or with: llmops reviews approve"
        if not output.machine:
            console.print(Panel(text, title="A review waits for you", border_style="yellow"), soft_wrap=False)
            say(f"Open   {link}")
        return
    say(f"      answering as {user}: {review.value}")
    option = "Approve" if review is Review.approve else "Reject"
    comment = f"Sample answer by {user} through the REST API."
    _decide(waiting, user, option, comment, SAMPLE_RATING, confirmed=review is Review.approve)


@reviews.command("list")
def list_reviews() -> None:
    """List the reviews that wait, and for whom."""
    from pipeline.orchestration.api import connect
    from pipeline.settings import load

    found = connect(load()).waiting_reviews()
    table = Table("run", "review", "waits for", "subject")
    for waiting in found:
        table.add_row(waiting.run_id, waiting.task_id, ", ".join(waiting.assigned), waiting.subject)
    data = [
        {"run": w.run_id, "dag": w.dag_id, "task": w.task_id, "assigned": w.assigned, "subject": w.subject}
        for w in found
    ]
    emit(data, table if found else "No review waits.")


@reviews.command()
def show(task: str = typer.Argument(None, help="Which review, when several wait.")) -> None:
    """Show what a reviewer sees."""
    waiting = _one(task)
    emit({"subject": waiting.subject, "body": waiting.body}, Markdown(f"# {waiting.subject}\n\n{waiting.body}"))


@reviews.command()
def approve(
    task: str = typer.Argument(None, help="Which review, when several wait."),
    user: str = typer.Option(None, "--as", help=AS),
    comment: str = typer.Option("", help="Goes into the audit trail and the model card."),
    rating: int = typer.Option(
        None, min=1, max=5, help="Your rating of every answer that --rate does not name, 1 poor to 5 excellent."
    ),
    rate: list[str] = typer.Option(
        [], help="A blind answer's four ratings in the form's order, such as 2=4,5,3,4 for answer 2."
    ),
    yes: bool = typer.Option(False, "--yes", help="Confirm every statement of the legal form."),
) -> None:
    """Approve a waiting review."""
    _decide(_one(task), user, "Approve", comment, rating, yes, rate)


@reviews.command()
def reject(
    task: str = typer.Argument(None, help="Which review, when several wait."),
    user: str = typer.Option(None, "--as", help=AS),
    comment: str = typer.Option(..., help="Why; needed.", prompt=True),
) -> None:
    """Reject a waiting review."""
    _decide(_one(task), user, "Reject", comment, None, False)


@reviews.command()
def close() -> None:
    """End the reviews that wait though their run was rejected: it ends as refused, and the next one can begin."""
    from pipeline.audit import open_audit
    from pipeline.lake import open_lake
    from pipeline.orchestration import runs
    from pipeline.orchestration.api import connect
    from pipeline.review.reminders import ends_the_run
    from pipeline.settings import load

    settings = load()
    api = connect(settings)
    audit = open_audit(settings, open_lake(settings.lake))
    rejected = {record.run_id for record in audit.records() if ends_the_run(record)}
    found = [one for one in api.waiting_reviews() if runs.identity(one.dag_id, one.run_id) in rejected]
    for waiting in found:
        api.mark_successful(waiting)
    said = "\n".join(f"Closed without an answer: {one.task_id} of {one.run_id}" for one in found)
    emit([{"run": one.run_id, "task": one.task_id} for one in found], said or "No review of a rejected run waits.")


def _one(task: str | None) -> WaitingReview:
    from pipeline.errors import Refused
    from pipeline.orchestration.api import connect
    from pipeline.settings import load

    waiting = connect(load()).waiting_reviews()
    found = [review for review in waiting if task is None or review.task_id.endswith(task)]
    if len(found) != 1:
        names = ", ".join(review.task_id for review in waiting) or "none"
        raise Refused(
            "Name the one review that you mean" if found else "No such review waits",
            where=f"waiting: {names}",
            remedy="See: llmops reviews list",
        )
    return found[0]


def _decide(
    waiting: WaitingReview,
    user: str | None,
    option: str,
    comment: str,
    rating: int | None,
    confirmed: bool,
    rate: list[str] | None = None,
) -> None:
    from pipeline.errors import Refused
    from pipeline.orchestration import answering
    from pipeline.orchestration.api import connect
    from pipeline.review import form
    from pipeline.settings import load

    role = answering.role_of(waiting)
    shown = form.blind_fields(waiting.fields)
    given = answering.rated(shown, rate or [])
    fields = {**answering.filled(role, shown, rating, confirmed), **given, "comment": comment}
    try:
        form.read(role, [option], fields, shown)
    except form.ImproperAnswer as problem:
        raise Refused(
            f"This answer cannot be taken: {problem}", remedy="--comment, --rating, --rate and --yes fill the form in"
        ) from None
    who = user or os.environ.get("AIRFLOW_USERNAME") or next(iter(waiting.assigned), None)
    connect(load(), who).answer(waiting, option, fields)
    emit({"answered": waiting.task_id, "option": option}, f"{option}: {waiting.subject}")
