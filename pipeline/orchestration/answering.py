"""Answering a review from the terminal: who answers, and a form that is filled in."""

from __future__ import annotations

from typing import Any

from pipeline.audit import open_audit
from pipeline.comply.policy import load_policy
from pipeline.errors import SettingsError
from pipeline.lake import open_lake
from pipeline.orchestration import runs
from pipeline.orchestration.api import WaitingReview
from pipeline.review import form, signoff
from pipeline.settings import Settings


def role_of(waiting: WaitingReview) -> str:
    """Return for which role a review waits."""
    return waiting.task_id.split(".")[-1].split("_")[0]


def sample_reviewer(settings: Settings, waiting: WaitingReview) -> str:
    """Return who of those who were asked can still approve, empty when nobody was asked.

    Whoever is needed in fewer roles goes first: nobody can approve in two.
    """
    rules = load_policy(settings.policy_file).sign_off_rules()
    audit = open_audit(settings, open_lake(settings.lake))
    run, role, task = runs.identity(waiting.dag_id, waiting.run_id), role_of(waiting), waiting.task_id

    def able(user: str) -> bool:
        return signoff.why_not(audit, run_id=run, role=role, task=task, reviewer=user) is None

    asked = sorted(waiting.assigned, key=lambda user: sum(user in rule.reviewers for rule in rules))
    return next(filter(able, asked), next(iter(asked), ""))


def filled(role: str, shown: int, rating: int | None, confirmed: bool) -> dict[str, Any]:
    """Return a form with one rating everywhere, or with every box ticked or not."""
    if role == "legal":
        return dict.fromkeys(form.CONFIRMATIONS, confirmed)
    if not shown:
        return dict.fromkeys(form.RATINGS, rating)
    same = None if rating is None else " ".join([str(rating)] * len(form.RATINGS))
    return {form.place_of(number): same for number in range(1, shown + 1)}


def rated(shown: int, given: list[str]) -> dict[str, str]:
    """Return the fields for ratings such as `2=4,5,3,4`; raises SettingsError for an answer that is not shown."""
    found = {}
    for text in given:
        number, _, ratings = text.partition("=")
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= shown):
            raise SettingsError(
                f"The form shows no answer {number[:20]!r}",
                where="--rate",
                remedy=f"It shows {shown} answers to rate; write 2=4,5,3,4 for the second",
            )
        found[form.place_of(int(number))] = ratings
    return found
