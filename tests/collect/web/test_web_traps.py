"""Pages on which questions are easily missed, answers easily cut, and controls easily taken for questions."""

from __future__ import annotations

import pytest
from web_support import extract, page

from pipeline.collect.web.questions import is_call_to_action


def answers(content: str, **more: str) -> dict[str, str]:
    """Return the pairs of a FAQ with this content."""
    found = extract(page(content, heading="FAQ", **more))
    pairs = {pair.question: pair.answer for pair in found.pairs}
    assert len(pairs) == len(found.pairs)
    return pairs


@pytest.mark.parametrize(
    ("text", "invites"),
    [
        ("Can't see the shared calendar?", False),
        ("Cannot find the activation e-mail?", False),
        ("Don't see the button?", False),
        ("Can't find an answer?", True),
        ("Couldn’t find the right answer to your question?", True),
        ("Don't see your question here?", True),
        ("Can’t find what you’re looking for?", True),
        ("Did not find what you need?", True),
    ],
)
def test_what_cannot_be_found_is_a_problem_unless_it_is_the_answer(text: str, invites: bool) -> None:
    assert is_call_to_action(text) is invites


def test_several_labelled_questions_in_one_paragraph() -> None:
    first = "<p>Q: Is it free?<br>A: Yes, <b>it</b> <i>is</i>.<br>Really.<br><br>Q: Is it new?<br>A: No.</p>"
    second = "<p>Q: Is it<br>really red?<br>A: Yes.<br><br>Q: Is it blue?<br>A: No.</p><p>Nor green.</p>"
    assert answers(first + second) == {
        "Is it free?": "Yes, it is.\nReally.",
        "Is it new?": "No.",
        "Is it really red?": "Yes.",
        "Is it blue?": "No.\n\nNor green.",
    }


def test_labels_on_a_page_without_blanks_between_blocks() -> None:
    told = {"What are your opening hours": "From nine to five hours", "Where do you park cars": "In the parking lot"}
    assert answers("".join(f"<p>Q: {asked}</p><p>A: {answer}</p>" for asked, answer in told.items())) == told
