from __future__ import annotations

import pytest

from pipeline.review import form

RATED = {"relevance": 4, "logical_flow": 5, "ease_of_understanding": 3, "completeness": 1, "comment": ""}
CONFIRMED = {"licences_checked": True, "personal_data_checked": True, "findings_checked": True, "comment": "fine"}


def test_proper_approvals() -> None:
    answer = form.read("model", ["Approve"], RATED)
    assert (answer.decision, answer.fields["completeness"]) == ("approve", 1)
    assert form.read("legal", ["Approve"], CONFIRMED).comment == "fine"


def test_rejection_with_a_reason_needs_no_ratings() -> None:
    answer = form.read("model", ["Reject"], {"comment": "  invents prices  "})
    assert (answer.decision, answer.comment) == ("reject", "invents prices")


@pytest.mark.parametrize(
    ("role", "options", "given", "reason"),
    [
        ("model", ["Approve"], {**RATED, "relevance": None}, "rating from 1 to 5 for: relevance"),
        ("model", ["Approve"], {**RATED, "relevance": 6}, "rating from 1 to 5 for: relevance"),
        ("model", ["Approve"], {**RATED, "relevance": "5"}, "rating from 1 to 5"),
        ("model", ["Approve"], {**RATED, "relevance": True}, "rating from 1 to 5"),
        ("model", ["Approve"], {}, "relevance, logical flow"),
        ("model", ["Reject"], {"comment": " no "}, "needs a reason"),
        ("model", [], RATED, "Choose Approve or Reject"),
        ("model", ["Approve", "Reject"], RATED, "Choose Approve or Reject"),
        ("model", ["Publish"], RATED, "Choose Approve or Reject"),
        ("model", ["Approve"], {**RATED, "comment": "x" * 5000}, "longer than 4000"),
        ("legal", ["Approve"], {**CONFIRMED, "licences_checked": False}, "licences of data and base model"),
        ("legal", ["Approve"], {**CONFIRMED, "findings_checked": "yes"}, "OWASP findings"),
    ],
)
def test_improper_answers_say_what_to_change(role: str, options: list[str], given: dict, reason: str) -> None:
    with pytest.raises(form.ImproperAnswer, match=reason):
        form.read(role, options, given)


def test_no_field_is_filled_in_for_the_reviewer() -> None:
    for role in ("model", "legal"):
        defaults = {name: field["default"] for name, field in form.fields_of(role).items()}
        with pytest.raises(form.ImproperAnswer):
            form.read(role, ["Approve"], defaults)
