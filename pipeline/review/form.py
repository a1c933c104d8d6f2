"""The forms that reviewers fill in, and what counts as a proper answer.

What comes back is read as a stranger's text: through the REST API a field can hold anything. Fields that the form does
not have are dropped, and nothing that was not understood goes into the audit trail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
SCALES = ", ".join(name.replace("_", " ") for name in RATINGS)
LIKERT = r"^\s*[1-5](\s*[,;/ ]?\s*[1-5]){3}\s*$"
"""Four ratings in one field, in the order of `RATINGS`: "4 5 3 4"."""
MAX_LIKERT = 40
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Answer:
    """A proper answer; `ratings` has four scales for each blind answer that was rated, by its place from 1 on."""

    decision: Literal["approve", "reject"]
    comment: str
    fields: dict[str, Any]
    ratings: dict[int, dict[str, int]] = field(default_factory=dict)


class ImproperAnswer(ValueError):
    """An answer that cannot be taken; its text tells the reviewer what to change."""


def place_of(number: int) -> str:
    """Return the name of the field that rates the blind answer at a place, from 1 on."""
    return f"answer_{number}"


def blind_fields(names: Mapping[str, Any]) -> int:
    """Return how many blind answers a form has, from its fields' names."""
    number = 0
    while place_of(number + 1) in names:
        number += 1
    return number


def fields_of(role: str, shown: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Return the form of a role as keyword arguments of Airflow's `Param`, by field name.

    `shown` are the blind answers of a model review, each as one plain text with its question. With them the reviewer
    rates each answer without knowing who wrote it; without any, the candidate's answers as a whole.
    """
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
    return {**(_blind(shown) if shown else _overall()), "comment": comment}


def _overall() -> dict[str, dict[str, Any]]:
    return {
        name: {
            "default": None,
            "type": ["null", "integer"],
            "minimum": 1,
            "maximum": 5,
            "title": f"{title} (1 poor to 5 excellent)",
        }
        for name, title in RATINGS.items()
    }


def _blind(shown: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {
        place_of(number): {
            "default": None,
            "type": ["null", "string"],
            "maxLength": MAX_LIKERT,
            "pattern": LIKERT,
            "title": f"Answer {number}: {SCALES}",
            "description": f"Four ratings from 1 (poor) to 5 (excellent), such as 4 5 3 4. {text}",
        }
        for number, text in enumerate(shown, start=1)
    }


def read(role: str, options: Sequence[str], given: Mapping[str, Any], shown: int = 0) -> Answer:
    """Check an answer of a role's form that showed so many blind answers.

    Raises ImproperAnswer when an approval lacks a rating or a confirmation, a rating is not a whole number from 1 to 5,
    a rejection has no reason, or the comment is not plain text.
    """
    if len(options) != 1 or options[0] not in OPTIONS:
        raise ImproperAnswer("Choose Approve or Reject")
    comment = _comment(given.get("comment"))
    approves = options[0] == APPROVE
    if not approves and len(comment) < MIN_REASON:
        raise ImproperAnswer("A rejection needs a reason in the comment")
    decision: Literal["approve", "reject"] = "approve" if approves else "reject"
    if role == "legal":
        return Answer(decision, comment, _confirmed(given, approves))
    if shown:
        return Answer(decision, comment, {}, _rated_blind(given, shown, approves))
    return Answer(decision, comment, _rated(given, approves))


def _comment(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ImproperAnswer("Write the comment as plain text")
    comment = value.strip()
    if len(comment) > MAX_COMMENT:
        raise ImproperAnswer(f"The comment is longer than {MAX_COMMENT} characters")
    unseen = {c for c in comment if c in _DIRECTIONS or (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t")}
    if unseen:
        codes = ", ".join(sorted(f"U+{ord(character):04X}" for character in unseen)[:5])
        raise ImproperAnswer(f"The comment holds characters that nobody can see ({codes}); type it anew")
    return comment


def _confirmed(given: Mapping[str, Any], needed: bool) -> dict[str, Any]:
    fields = {name: given.get(name) is True for name in CONFIRMATIONS}
    missing = [CONFIRMATIONS[name] for name, value in fields.items() if not value]
    if needed and missing:
        raise ImproperAnswer("An approval needs these confirmed: " + "; ".join(missing))
    return fields


def _rated(given: Mapping[str, Any], needed: bool) -> dict[str, Any]:
    fields = {name: given.get(name) for name in RATINGS}
    wrong = [name for name, value in fields.items() if not _is_rating(value) and (needed or value is not None)]
    if wrong:
        names = ", ".join(wrong).replace("_", " ")
        raise ImproperAnswer(
            f"An approval needs a rating from 1 to 5 for: {names}" if needed else f"Not a rating from 1 to 5: {names}"
        )
    return fields


def _is_rating(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5


def _rated_blind(given: Mapping[str, Any], shown: int, needed: bool) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    wrong: list[str] = []
    for number in range(1, shown + 1):
        value = given.get(place_of(number))
        if isinstance(value, str) and len(value) <= MAX_LIKERT and re.match(LIKERT, value, re.ASCII):
            found[number] = dict(zip(RATINGS, map(int, re.findall("[1-5]", value)), strict=True))
        elif needed or value not in (None, ""):
            wrong.append(str(number))
    if wrong:
        raise ImproperAnswer(
            f"Rate each answer with four whole numbers from 1 to 5 ({SCALES}), such as 4 5 3 4; not so yet: answer "
            + ", ".join(wrong)
        )
    return found
