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


def test_a_question_between_the_steps_of_an_answer_does_not_end_it() -> None:
    steps = (
        "<h2>How do I reset it?</h2><p>Do this.</p><h3>Step 1</h3><p>Unplug it.</p><h3>What if it has a battery?</h3>"
        "<p>Remove it.</p><h3>Step 2</h3><p>Wait.</p><h2>Is it safe?</h2><p>Yes.</p>"
        "<h3>Is it safe for children?</h3><p>Also.</p><h2>Is it new?</h2><p>No.</p>"
    )
    found = answers(steps)
    assert list(found) == ["How do I reset it?", "Is it safe?", "Is it safe for children?", "Is it new?"]
    assert found["How do I reset it?"].endswith("What if it has a battery?\n\nRemove it.\n\nStep 2\n\nWait.")


def test_headings_inside_a_labelled_answer() -> None:
    def pair(asked: str, told: str) -> str:
        return f"<p>Q: {asked}</p><p>A: {told}</p>"

    many = "<h4>Linux</h4><p>With apt.</p><h4>Windows</h4><p>With the installer.</p>"
    content = (
        f"<h2>Setup</h2>{pair('Is it free?', 'Yes.')}{pair('How do I install it?', 'That depends.')}{many}"
        f"{pair('Is it new?', 'No.')}<h2>Money</h2>{pair('Is it red?', 'No.')}<h3>Contact</h3><p>Write to us.</p>"
    )
    found = extract(page(content, heading="FAQ"))
    told = {pair.question: (pair.answer, pair.section) for pair in found.pairs}
    whole = "That depends.\n\nLinux\n\nWith apt.\n\nWindows\n\nWith the installer."
    assert told["How do I install it?"] == (whole, "Setup")
    assert told["Is it new?"] == ("No.", "Setup")
    assert told["Is it red?"] == ("No.", "Money")


def test_lists_in_a_paragraph_that_is_marked_as_the_answer() -> None:
    def item(asked: str, told: str) -> str:
        return (
            f'<div itemscope itemtype="https://schema.org/Question"><span itemprop="name">{asked}</span><div itemscope '
            f'itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">{told}</div></div>'
        )

    content = item(
        "How long may I wait?", '<p itemprop="text">Thirty days if:<ul><li>new</li><li>boxed</li></ul> and paid.</p>'
    )
    content += item("Is it free?", '<p itemprop="text"><p>Yes.</p><p>For all.</p></p>')
    assert answers(content) == {
        "How long may I wait?": "Thirty days if:\n\n- new\n- boxed\n\nand paid.",
        "Is it free?": "Yes.\n\nFor all.",
    }
