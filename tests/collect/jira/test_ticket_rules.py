from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.collect.jira.farewells import is_empty_answer
from pipeline.collect.jira.ticket import Comment, Ticket, Unanswered, answered, moment

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


def test_what_a_watcher_asks_is_not_the_answer() -> None:
    found = answered(
        ticket(
            said("Press the button.", 1),
            said("Same problem here, any news?", 2, "watcher"),
            said("Could you tell us whether that helped?", 3),
            said("No reply received, closing.", 4),
        )
    )
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
    "text",
    [
        *("Closed", "closed.", "Done!", " OK ", "Thanks for confirming, closing this ticket", "Glad it works now!"),
        "As we haven't heard back from you, we will be closing this request.",
        "Great! Have a nice day.",
        "Great!\n\nHave a nice weekend.\nMax Miller",
        "This issue has been automatically closed due to inactivity.",
        "Same problem here, any news?",
        "I have the same issue. Is there any update on this?",
        "No reply received, closing.",
        "Hi Anna,\n\nYou're welcome! Let us know if you need anything else.\n\nBest regards,\nMax\nSupport Team",
        "[~anna] Thank you for your feedback. I'll go ahead and close this ticket now. Feel free to reopen it.",
        "Hello, did you have time to try it? Could you send the log file?",
        "Marking as resolved. If you have any further questions, please don't hesitate to contact us.",
        "We are happy to hear that it works again. We will now close this case. 🙂",
        "Da wir keine Rückmeldung erhalten haben, schließen wir das Ticket.",
        "Hallo Frau Maier,\n\nsehr gerne! Ihnen noch einen schönen Tag.\n\nViele Grüße\nMax",
        "Keine Antwort erhalten, Ticket wird geschlossen.",
        "Dieses Ticket wurde wegen Inaktivität automatisch geschlossen.",
        "Freut mich, dass es jetzt geht. Bei Fragen melden Sie sich gern.",
        "Gibt es schon etwas Neues?",
        "Bonjour, sans réponse de votre part, nous clôturons ce ticket. Bonne journée.",
        "De nada. Cerramos este caso.",
        "Perfeito, encerramos o chamado. Obrigado!",
        "Ticket closed by customer",
        "Since there's been no response, I'll mark this as done.",
        "The customer confirmed that it works. No further action required.",
        "Please confirm if we can close this ticket.",
        "Escalated to tier 2.",
        "Problem gelöst, Ticket kann geschlossen werden.",
        "Merci pour votre retour, je clos le ticket.",
        "Gracias por confirmar, procedo a cerrar el ticket.",
        "👍",
        "Please reopen if it happens again.",
        "Please reopen in case of further problems.",
        "Please reopen the ticket for further assistance.",
        "Please reopen this ticket if you need further help.",
        "Just open a new ticket if the problem comes back.",
        "If you have any more questions please let us know.",
        "If you see this again please feel free to reopen this ticket.",
        "If you need anything else or have other concerns about this ticket, please reach out.",
        "Should you need further assistance, get in touch any time.",
        "Feel free to contact us if you have more questions.",
        "Assigned to Max Miller.",
        "Forwarded this to the network team for a closer look.",
        "Let us know if you have any other questions in the future.",
    ],
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
        "Happy to help, just restart the router.",
        "You're welcome! One more thing: the limit is 20 GB.",
        "This issue has been resolved in version 4.5.2.",
        "We have closed the account for you.",
        "If you need more memory, restart the pod.",
        "Let us know if it fails again, otherwise press Reset.",
        "Hi Anna,\n\nthe valve is closed by hand.\n\nBest regards,\nMax",
        "Bitte das Fenster schließen.",
        "Das Ticket kann im Portal geschlossen werden, unter Aktionen.",
        "Bei weiteren Problemen starten Sie den Rechner neu.",
        "Following steps helped.",
        "Hello,\n\nThis has been fixed in release 5.3. Closing.",
        "The button was moved to the menu Settings.",
        "Please confirm the order in the shop, then it works.",
        "Works only with version 5.",
        "No activity is recorded in safe mode, so turn it off.",
        "Have you restarted it? That helps.",
        "Reopen Outlook and sign in again.",
        "Please reopen the file with any editor.",
        "Open a new browser window and sign in again.",
        "Create a new password with any special character.",
        "If you see the error again restart the print spooler service.",
        "If you need more than one licence ask your manager to approve it in Workday.",
        "If you have other questions marked red answer them first.",
        "Reply to the confirmation mail with any text.",
        "Assigned to you the role Editor.",
        "Forwarding to an external address is disabled by policy.",
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
