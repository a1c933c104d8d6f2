from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.collect.jira.ticket import Comment, Ticket, Unanswered, answered, is_empty_answer, moment

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def said(text: str, hour: float, by: str = "agent", *, public: bool | None = True, agent: bool = True) -> Comment:
    return Comment(f"c{hour}", by, agent, NOON + timedelta(hours=hour), public, text)


def ticket(*comments: Comment, **changes: Any) -> Ticket:
    given: dict[str, Any] = {
        "ticket_id": "1",
        "key": "H-1",
        "url": "https://example.com/browse/H-1",
        "summary": "How?",
        "description": "I want to know how.",
        "status_category": "done",
        "resolution": "Done",
        "reporter": "asker",
        "created": NOON,
        "updated": NOON + timedelta(hours=9),
        "resolved": NOON + timedelta(hours=8),
        "comments": list(comments),
    }
    return Ticket(**{**given, **changes})


def test_the_answer_is_the_last_public_comment_by_an_agent_up_to_the_resolution() -> None:
    found = answered(
        ticket(
            said("First try.", 1),
            said("Does not help.", 2, "asker", agent=False),
            said("internal theory", 3, public=False),
            said("Press the button.", 4),
            said("unknown visibility", 5, public=None),
            said("Thank you!", 6, "asker", agent=False),
            said("We have closed it automatically", 7, "robot", agent=False),
            said("After the holidays we answer again.", 30),
        )
    )
    assert found.answer == "Press the button."
    assert found.earlier == ["First try.", "Does not help."]
    assert found.question == "How?\n\nI want to know how."


def test_order_in_the_list_does_not_matter() -> None:
    assert answered(ticket(said("late", 4), said("early", 1))).answer == "late"


def test_a_comment_written_while_resolving_counts() -> None:
    assert answered(ticket(said("Here.", 8 + 20 / 3600))).answer == "Here."


def test_a_farewell_is_not_the_answer() -> None:
    found = answered(ticket(said("Press the button.", 1), said("You're welcome, I am closing this ticket.", 2)))
    assert found.answer == "Press the button."


def test_a_summary_repeated_by_the_description_is_not_doubled() -> None:
    assert answered(ticket(said("x y", 1), summary="How", description="how do I do it?")).question == "how do I do it?"
    assert answered(ticket(said("x y", 1), description="")).question == "How?"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status_category": "indeterminate"}, "not resolved"),
        ({"status_category": ""}, "not resolved"),
        ({"resolution": "Duplicate"}, "closed without an answer"),
        ({"resolution": "Won't Do"}, "closed without an answer"),
        ({"resolution": "Won’t Fix"}, "closed without an answer"),
        ({"summary": " ", "description": ""}, "no question"),
        ({"comments": []}, "no public comment"),
        ({"comments": [said("secret", 1, public=False)]}, "no public comment"),
        ({"comments": [said("unmarked", 1, public=None)]}, "no public comment"),
        ({"comments": [said("solved it", 1, "asker")]}, "no public comment by an agent"),
        ({"comments": [said("received", 1, "bot", agent=False)]}, "no public comment by an agent"),
        ({"comments": [said("too late", 9)]}, "no public comment before the resolution"),
        ({"comments": [said("Closed.", 1)]}, "the answer says nothing"),
        ({"comments": [said("  ", 1)]}, "the answer says nothing"),
    ],
)
def test_each_rule_names_itself(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unanswered) as problem:
        answered(ticket(**{"comments": [said("Press the button.", 1)], **changes}))
    assert problem.value.reason == reason


@pytest.mark.parametrize(
    "text", ["Closed", "closed.", "Done!", " OK ", "Thanks for confirming, closing this ticket", "Glad it works now!"]
)
def test_empty_answers(text: str) -> None:
    assert is_empty_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "42",
        "Closing the valve solves it.",
        "Done means that the order was paid.",
        "See `--help`",
        "Glad to help: open https://example.com/reset and follow the steps there.",
        "Thanks for the update. Please install version 4.5.2, which has been in the store since today, and try again.",
    ],
)
def test_short_answers_are_answers(text: str) -> None:
    assert not is_empty_answer(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T13:00:00.000+0100", NOON),
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01 12:00", NOON),
        ("2026-01-01T13:00:00+01:00", NOON),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1767268800, None),
    ],
)
def test_times(text: Any, expected: datetime | None) -> None:
    assert moment(text) == expected
