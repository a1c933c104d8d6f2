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


BLIND = {"answer_1": "4 5 3 4", "answer_2": "1,1,2,1", "answer_3": "5555", "comment": None}


def test_blind_answers_are_rated_by_their_place() -> None:
    answer = form.read("model", ["Approve"], BLIND, 3)
    assert answer.ratings[1] == {"relevance": 4, "logical_flow": 5, "ease_of_understanding": 3, "completeness": 4}
    assert [sum(scales.values()) for scales in answer.ratings.values()] == [16, 5, 20]
    assert answer.fields == {}, "the overall ratings are asked for only where there is nothing to rate blind"


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "4 5 3", "4 5 3 4 5", "0 5 3 4", "6 5 3 4", "4 5 3 four", "-4 5 3 4", "4.5 3 4 1", "٤ ٥ ٣ ٤"),
        *(4, 4.0, True, [4, 5, 3, 4], {"relevance": 4}, "4 5 3 4" + " " * 100, "4 5 3 4\n<script>", "4 5 3 4" * 10_000),
    ],
)
def test_hostile_ratings_are_asked_for_again(value: object) -> None:
    with pytest.raises(form.ImproperAnswer, match=r"answer 2$"):
        form.read("model", ["Approve"], {**BLIND, "answer_2": value}, 3)


def test_a_rejection_may_leave_answers_unrated_but_not_rate_them_wrongly() -> None:
    given = {"answer_1": "2 2 2 2", "answer_2": None, "answer_3": "", "comment": "invents prices"}
    assert set(form.read("model", ["Reject"], given, 3).ratings) == {1}
    with pytest.raises(form.ImproperAnswer, match=r"answer 3$"):
        form.read("model", ["Reject"], {**given, "answer_3": "x" * 100_000}, 3)


@pytest.mark.parametrize("role", ["model", "legal"])
def test_nothing_of_a_hostile_form_is_kept(role: str) -> None:
    """What is kept goes into the audit trail, where it can never be taken out again."""
    filled = RATED if role == "model" else CONFIRMED
    more = {"answer_9": "x" * 10_000, "__class__": "x", "decision": "approve", "reviewer": "ada"}
    answer = form.read(role, ["Approve"], {**filled, **more})
    assert set(answer.fields) == set(form.RATINGS if role == "model" else form.CONFIRMATIONS)
    boxes = dict.fromkeys(form.CONFIRMATIONS, "x" * 10_000)
    assert set(form.read("legal", ["Reject"], {**boxes, "comment": "no licence"}).fields.values()) == {False}
    with pytest.raises(form.ImproperAnswer, match="Not a rating from 1 to 5: relevance"):
        form.read("model", ["Reject"], {"relevance": {"a": ["x"] * 1000}, "comment": "invents prices"})


@pytest.mark.parametrize("comment", [{"a": 1}, ["Gate passed"], 5, True])
def test_comment_that_is_no_text(comment: object) -> None:
    with pytest.raises(form.ImproperAnswer, match="plain text"):
        form.read("model", ["Approve"], {**RATED, "comment": comment})


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800"])
def test_comment_with_characters_that_nobody_sees(character: str) -> None:
    with pytest.raises(form.ImproperAnswer, match="nobody can see"):
        form.read("model", ["Approve"], {**RATED, "comment": f"rejected{character}"})
    assert form.read("model", ["Approve"], {**RATED, "comment": "line\nline\té 好 👍🏽"}).comment.startswith("line")


def test_form_says_what_each_answer_is() -> None:
    fields = form.fields_of("model", ["Question: a — Answer: b", "Question: a — Answer: c"])
    assert list(fields) == ["answer_1", "answer_2", "comment"]
    assert form.blind_fields(fields) == 2
    assert fields["answer_2"]["description"].endswith("Answer: c")
