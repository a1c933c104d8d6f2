"""The forms that reviewers fill in, and what counts as a proper answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

APPROVE, REJECT = "Approve", "Reject"
OPTIONS = [APPROVE, REJECT]
MIN_REASON = 5
MAX_COMMENT = 4000

RATINGS = {
    "relevance": "Relevance: the answers are about what was asked",
    "logical_flow": "Logical flow: the answers follow from the context",
    "ease_of_understanding": "Ease of understanding: a customer gets it at once",
    "completeness": "Completeness: nothing that matters is missing",
}
CONFIRMATIONS = {
    "licences_checked": "The licences of data and base model allow this use",
    "personal_data_checked": "The handling of personal data is acceptable",
    "findings_checked": "The OWASP findings and warnings are acceptable",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A proper answer."""

    decision: Literal["approve", "reject"]
    comment: str
    fields: dict[str, Any]


class ImproperAnswer(ValueError):
    """An answer that cannot be taken; its text tells the reviewer what to change."""


def fields_of(role: str) -> dict[str, dict[str, Any]]:
    """Return the form of a role as keyword arguments of Airflow's `Param`, by field name."""
    comment = {
        "default": None,  # with an empty text as default, the page asks approvals for a comment too
        "type": ["null", "string"],
        "format": "multiline",
        "maxLength": MAX_COMMENT,
        "title": "Comment",
        "description": "Goes into the audit trail and the model card. A rejection needs a reason.",
    }
    if role == "legal":
        boxes = {name: {"default": False, "type": "boolean", "title": title} for name, title in CONFIRMATIONS.items()}
        return {**boxes, "comment": comment}
    ratings = {
        name: {
            "default": None,
            "type": ["null", "integer"],
            "minimum": 1,
            "maximum": 5,
            "title": f"{title} (1 poor to 5 excellent)",
        }
        for name, title in RATINGS.items()
    }
    return {**ratings, "comment": comment}


def read(role: str, options: list[str], given: Mapping[str, Any]) -> Answer:
    """Check an answer of a role's form.

    Raises ImproperAnswer when an approval lacks a rating or a confirmation, a rating is not a whole number from 1 to 5,
    or a rejection has no reason.
    """
    if len(options) != 1 or options[0] not in OPTIONS:
        raise ImproperAnswer("Choose Approve or Reject")
    comment = str(given.get("comment") or "").strip()
    if len(comment) > MAX_COMMENT:
        raise ImproperAnswer(f"The comment is longer than {MAX_COMMENT} characters")
    fields = {name: given.get(name) for name in fields_of(role) if name != "comment"}
    if options[0] == REJECT:
        if len(comment) < MIN_REASON:
            raise ImproperAnswer("A rejection needs a reason in the comment")
        return Answer("reject", comment, fields)
    if role == "legal":
        _confirmed(fields)
    else:
        _rated(fields)
    return Answer("approve", comment, fields)


def _confirmed(fields: Mapping[str, Any]) -> None:
    missing = [CONFIRMATIONS[name] for name, value in fields.items() if value is not True]
    if missing:
        raise ImproperAnswer("An approval needs these confirmed: " + "; ".join(missing))


def _rated(fields: Mapping[str, Any]) -> None:
    wrong = [
        name
        for name, value in fields.items()
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 5
    ]
    if wrong:
        raise ImproperAnswer("An approval needs a rating from 1 to 5 for: " + ", ".join(wrong).replace("_", " "))
