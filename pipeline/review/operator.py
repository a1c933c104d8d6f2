"""The Airflow task that waits for a person and writes what they said into the audit trail.

The answer is taken from Airflow's own record of who responded, in this task's own code: a review that someone marks as
successful never gets here, so it leaves no approval. What the reviewer saw is recorded before they see it, and the
answer is bound to that record, not to an XCom that may have changed since.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskAwaitingInput, TaskDeferred

from pipeline.errors import LakeError, Refused, SettingsError
from pipeline.log import get_logger
from pipeline.review import form

RETRY_SECONDS = 5
ASK_AGAIN = 20
PAUSES = (5, 10, 20, 40, 80, 160)
"""Seconds between attempts to record an answer while the lake is away: a task that failed would ask the person anew."""

R = TypeVar("R")
log = get_logger(__name__)


def patiently(record: Callable[[], R]) -> R:
    """Record something, and try again for about five minutes while the lake is away; raises LakeError after that."""
    for seconds in PAUSES:
        try:
            return record()
        except LakeError as problem:
            log.warning("what was answered could not be recorded yet", cause=problem.what, again_in_seconds=seconds)
            time.sleep(seconds)
    return record()


class ReviewOperator(HITLOperator):
    """Waits for a reviewer of one role; approval, rejection and silence are all recorded.

    `candidate`, `evaluation` and `compliance` are the manifest URIs of what is reviewed (templated). An improper answer
    is asked for again, with the reason on top of the form. What an answer means is decided by the sign-off behind it.
    """

    template_fields = ("candidate", "evaluation", "compliance")

    def __init__(
        self,
        *,
        role: str,
        reviewers: Sequence[str],
        candidate: str,
        evaluation: str,
        compliance: str,
        timeout_hours: float,
        **kwargs: Any,
    ) -> None:
        """Assign the review to the named users; Airflow refuses anyone else's answer, an administrator's too."""
        kwargs.pop("params", None)  # a DAG hands its own parameters down; they are no part of this form
        super().__init__(
            subject=f"{role.capitalize()} review",
            body="",
            options=form.OPTIONS,
            params={name: Param(**arguments) for name, arguments in form.fields_of(role).items()},
            assigned_users=[{"id": user, "name": user} for user in reviewers],
            response_timeout=timedelta(hours=timeout_hours),
            retries=ASK_AGAIN,
            retry_delay=timedelta(seconds=RETRY_SECONDS),
            retry_exponential_backoff=False,
            **kwargs,
        )
        self.role = role
        self.reviewers = list(reviewers)
        self.candidate = candidate
        self.evaluation = evaluation
        self.compliance = compliance
        self.timeout_hours = timeout_hours

    def execute(self, context: Any) -> Any:
        """Build what the reviewer reads, record that it was asked for, tell the reviewers, and wait."""
        from pipeline.orchestration import notify, reviews, runs

        link = self.generate_link_to_ui_from_context(context=context)
        try:
            opened = reviews.open_for(
                role=self.role,
                run_id=runs.of_context(context),
                reviewers=self.reviewers,
                manifests=(self.candidate, self.evaluation, self.compliance),
                report_url=notify.report_url(context),
                task=self.task_id,
                due=datetime.now(UTC) + timedelta(hours=self.timeout_hours),
                link=link,
            )
        except (Refused, SettingsError) as problem:
            raise AirflowFailException(str(problem)) from None
        self.subject, self.body = opened.subject, opened.body
        # The answers to rate are known only now; Airflow keeps the form with the waiting task.
        self.params = ParamsDict({name: Param(**arguments) for name, arguments in opened.fields.items()})
        notify.review_waiting(context, role=self.role, subject=opened.subject, link=link, assigned=self.reviewers)
        try:
            return super().execute(context)
        except (TaskAwaitingInput, TaskDeferred) as waiting:
            waiting.kwargs = {**(waiting.kwargs or {}), "request": opened.request}
            raise

    def execute_complete(self, context: Any, event: dict[str, Any], request: int = 0) -> Any:
        """Record the answer; ask again when it cannot be taken; record silence when nobody answered in time.

        `request` is the number of the record that says what this form showed. A review that was opened anew meanwhile
        (or by an older version, which did not keep the number) takes no answer of this form.
        """
        try:
            return self._completed(context, event, request)
        except Refused as problem:
            raise AirflowFailException(str(problem)) from None

    def _completed(self, context: Any, event: dict[str, Any], request: int) -> Any:
        from pipeline.orchestration import answers, runs

        run_id = runs.of_context(context)
        this = {"role": self.role, "task": self.task_id, "run_id": run_id}
        if "error" in event:
            patiently(partial(answers.record_silence, **this, request=request))
            return self._silent()
        user = (event.get("responded_by_user") or {}).get("id")
        if not user:
            raise AirflowException("Airflow does not say who answered, so the answer does not count; asking again.")
        try:
            answer = patiently(
                partial(
                    answers.take,
                    **this,
                    request=request,
                    reviewer=user,
                    options=event["chosen_options"],
                    given=event.get("params_input") or {},
                    answered_at=_moment(event.get("responded_at")),
                )
            )
        except form.ImproperAnswer as problem:
            patiently(partial(answers.record_improper, **this, reviewer=user, problem=str(problem)))
            raise AirflowException(f"The answer of {user} cannot be taken: {problem}. The review asks again.") from None
        if answer is None:
            return self._silent()
        self.log.info("%s: %s", user, answer.decision)
        return {"decision": answer.decision, "reviewer": user, "comment": answer.comment}

    def _silent(self) -> dict[str, Any]:
        self.log.warning("Nobody answered the %s review in time: that is a rejection.", self.role)
        return {"decision": "silent", "reviewer": None, "comment": ""}


def _moment(stated: Any) -> datetime | None:
    """Return when Airflow says that somebody answered, which is a datetime or, once it was stored, its text."""
    found = datetime.fromisoformat(stated) if isinstance(stated, str) else stated
    return found if isinstance(found, datetime) and found.tzinfo else None
