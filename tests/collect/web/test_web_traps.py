# ruff: noqa: E501 (markup stays in one line)
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


def test_a_heading_with_an_introduction_ends_a_labelled_answer() -> None:
    def pair(asked: str, told: str) -> str:
        return f"<p>Q: {asked}</p><p>A: {told}</p>"

    about = "<h3>Money</h3><p>This section is about money.</p>"
    content = (
        f"<h2>Shop</h2>{pair('What is it?', 'A thing.')}{about}{pair('Is it free?', 'Yes.')}"
        f"{about.replace('Money', 'Time')}{pair('Is it new?', 'No.')}"
    )
    assert answers(content) == {"What is it?": "A thing.", "Is it free?": "Yes.", "Is it new?": "No."}


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


ASKED = {"Who may apply?": "All adults.", "When is it?": "Now.", "Shipping costs": "None."}


def accordion(extra: str = "") -> str:
    """Return an accordion whose last answer ends in `extra`."""
    items = "".join(
        f'<div class="item"><h3><button aria-expanded="false" aria-controls="p{n}" id="b{n}">{asked}</button></h3>'
        f'<div id="p{n}" role="region"><p>{told}</p>{extra if n == 2 else ""}</div></div>'
        for n, (asked, told) in enumerate(ASKED.items())
    )
    return f'<div id="all">{items}</div>'


@pytest.mark.parametrize(
    "control",
    [
        '<div class="bar"><button aria-expanded="false">Expand all</button></div>',
        '<button aria-expanded="false" aria-controls="all">Alle öffnen</button>',
        '<button aria-expanded="false" aria-controls="p0 p1 p2">Unfold the lot</button>',
        '<button aria-expanded="false" aria-controls="all">Orders and payment</button>',
    ],
)
def test_what_opens_all_answers_is_no_question(control: str) -> None:
    assert answers(control + accordion()) == ASKED


def test_what_opens_a_part_of_an_answer_is_no_question() -> None:
    part = "<button aria-expanded=false>Small print</button><div><p>Except abroad.</p></div>"
    asked = [("Who pays?", f"<p>You.</p>{part}"), ("When?", f"<p>Now.</p>{part}"), ("How?", "<p>By card.</p>")]
    content = "".join(
        f'<div class="faq"><button class="q" aria-expanded="false">{asks}</button><div class="panel">{tells}</div></div>'
        for asks, tells in asked
    )
    assert answers(content) == {
        "Who pays?": "You.\n\nExcept abroad.",
        "When?": "Now.\n\nExcept abroad.",
        "How?": "By card.",
    }


@pytest.mark.parametrize("label", ["Read more", "Weiterlesen", "The rest of it"])
@pytest.mark.parametrize("form", ["<div>{}</div>", "{}"])
def test_answers_in_two_parts(label: str, form: str) -> None:
    content = "".join(
        form.format(
            f'<h3>{asked}</h3><p>{told}</p><div class="collapse" id="m{n}"><p>More.</p></div>'
            f'<a data-toggle="collapse" href="#m{n}" aria-expanded="false">{label}</a>'
        )
        for n, (asked, told) in enumerate(ASKED.items())
    )
    found = answers(content)
    assert list(found) == list(ASKED)
    for asked, told in ASKED.items():
        assert found[asked].removesuffix("The rest of it").strip() == f"{told}\n\nMore."


@pytest.mark.parametrize(
    "item",
    [
        '<div class="accordion-item category-cookies"><button aria-expanded="false">Cookies</button><div>We set two.</div></div>',
        '<div class="accordion-item cookies"><button aria-expanded="false">Which cookies?</button><div>We set two.</div></div>',
        '<div class="accordion-item tag-newsletter"><button aria-expanded="false">Our letter</button><div>Monthly.</div></div>',
    ],
)
def test_questions_about_what_pages_have_around_them(item: str) -> None:
    others = "".join(
        f'<div class="accordion-item"><button aria-expanded="false">{asked}</button><div>{told}</div></div>'
        for asked, told in ASKED.items()
    )
    assert len(answers(others + item)) == 4


@pytest.mark.parametrize("summary", ["Do you set cookies?", "Cookies"])
def test_disclosures_named_for_what_they_tell(summary: str) -> None:
    others = "".join(f"<details><summary>{asked}</summary>{told}</details>" for asked, told in ASKED.items())
    assert answers(f'<details id="cookies"><summary>{summary}</summary>Two.</details>{others}')[summary] == "Two."


@pytest.mark.parametrize(
    "widget",
    [
        '<div class="cookie-banner"><h3>Do you like cookies?</h3><p>We set two.</p><button>Accept</button></div>',
        '<div class="newsletter"><h3>Want to hear more?</h3><p>Subscribe.</p><form><input name="m"></form></div>',
        '<details class="share"><summary>Share</summary><p>On all networks.</p></details>',
        '<div class="sidebar"><h3>Why choose us?</h3><p>We are good.</p></div>',
        '<div class="category-sidebar"><h3>What is new?</h3><p>The menu.</p></div>',
    ],
)
def test_widgets_stay_out_whatever_they_ask(widget: str) -> None:
    asked = {"Who may apply?": "All adults.", "When is it?": "Now.", "Is it free?": "Yes."}
    content = "".join(f"<h3>{asks}</h3><p>{tells}</p>" for asks, tells in asked.items())
    assert answers(widget + content) == asked


def thread(accepted: str, *others: str) -> str:
    item = (
        "<div itemprop='{}' itemscope itemtype='https://schema.org/Answer'><div itemprop='text'><p>{}</p></div></div>"
    )
    told = [item.format("acceptedAnswer", accepted), *(item.format("suggestedAnswer", other) for other in others)]
    return (
        "<div itemscope itemtype='https://schema.org/Question'><h1 itemprop='name'>How do I exit the editor?</h1>"
        f"<div itemprop='text'><p>{'The program keeps waiting for input. ' * 5}</p></div><p>{len(told)} answers</p>"
        f"{''.join(told)}</div>"
    )


ACCEPTED = "Press Escape first, so that you are in normal mode, then type a colon, the letter q and Enter; that is all there is to it."


@pytest.mark.parametrize("others", [(), ("Pull the plug, that always works.",)])
def test_an_accepted_answer_is_not_the_whole_thread(others: tuple[str, ...]) -> None:
    found = extract(
        page(thread(ACCEPTED, *others), title="How do I exit the editor?"),
        url="https://x.example/support/solutions/articles/1-exit",
    )
    assert [(pair.question, pair.answer) for pair in found.pairs] == [("How do I exit the editor?", ACCEPTED)]


def test_one_of_several_answers_does_not_give_way_to_all_of_them() -> None:
    asked = thread(ACCEPTED, "Pull the plug.").replace("h1", "h2")
    found = extract(page(asked + asked.replace("editor", "shell"), heading="FAQ"))
    assert [pair.answer for pair in found.pairs] == [ACCEPTED] * 2
