# ruff: noqa: E501 (markup stays in one line)
"""What surrounds the content goes; remarks inside answers stay, whatever their tags and classes are called."""

from __future__ import annotations

import pytest
from web_support import extract, page

ASKED = ("How do I pay?", "Can I return it?", "Who repairs it?")


def answers(part: str, row: str) -> list[str]:
    """Return the answers of three questions, each with the part in it."""
    rows = "".join(row.format(q=q, part=part) for q in ASKED)
    return [pair.answer for pair in extract(page(rows)).pairs]


HEADED = "<h2>{q}</h2><p>By card.</p>{part}<p>At once.</p>"
ROWS = {
    "headings": HEADED,
    "sections": "<section><h2>{q}</h2><p>By card.</p>{part}<p>At once.</p></section>",
    "details": "<details><summary>{q}</summary><p>By card.</p>{part}<p>At once.</p></details>",
    "definitions": "<dl><dt>{q}</dt><dd><p>By card.</p>{part}<p>At once.</p></dd></dl>",
}
NOTES = {
    "aside": '<aside class="note"><p>Not on Sundays.</p></aside>',
    "Starlight": '<aside aria-label="Note" class="starlight-aside starlight-aside--note"><div class="starlight-aside__content"><p>Not on Sundays.</p></div></aside>',
    "Sphinx": '<aside class="topic"><p>Not on Sundays.</p></aside>',
    "feedback-info": '<div class="feedback-info"><p>Not on Sundays.</p></div>',
    "menu-path": '<div class="menu-path"><p>Not on Sundays.</p></div>',
    "social-list": '<ul class="social-list"><li>Not on Sundays.</li></ul>',
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)
def test_remarks_inside_answers_stay(row: str, note: str) -> None:
    said = "- Not on Sundays." if note.startswith("<ul") else "Not on Sundays."
    assert answers(note, row) == [f"By card.\n\n{said}\n\nAt once."] * 3


@pytest.mark.parametrize("name", ["rating", "feedback", "menu", "social", "vote", "related", "comments"])
@pytest.mark.parametrize("question", ["<h2>{q}</h2>", "<p><b>{q}</b></p>"])
def test_what_stands_right_below_a_question_answers_it(name: str, question: str) -> None:
    assert answers(f'<div class="{name}">Five stars at most.</div>', question + "{part}") == ["Five stars at most."] * 3


@pytest.mark.parametrize(
    "part",
    [
        '<aside class="sidebar"><p>Our team.</p></aside>',
        '<aside><ul><li><a href="/a">All lamps</a></li><li><a href="/b">All shades</a></li></ul></aside>',
        "<aside><h4>About the shop</h4><p>Our team.</p></aside>",
        '<div class="feedback-widget"><p>Tell us more.</p><textarea></textarea></div>',
        '<div class="social-links"><a href="https://a.example/">Ablegram</a> <a href="https://b.example/">Bablegram</a></div>',
        '<div class="share-buttons">Share <a href="https://a.example/"><img src="a.png" alt=""></a></div>',
        '<div class="rating">4.5 of 5</div>',
        '<div class="feedback">Was this helpful?</div>',
        '<div class="footer">All rights are ours.</div>',
        '<div class="article-comments"><h4>Ann</h4><p>It is not so.</p></div>',
        '<section class="comments-section"><p>It is not so.</p></section>',
    ],
)
def test_frames_inside_answers_go(part: str) -> None:
    assert answers(part, HEADED) == ["By card.\n\nAt once."] * 3


@pytest.mark.parametrize("name", ["footer", "cookie-bar", "sidebar", "navbar"])
def test_what_follows_the_last_question_without_an_answer(name: str) -> None:
    rows = "<h2>How do I pay?</h2><p>By card.</p><h2>Who repairs it?</h2>"
    found = extract(page(f'{rows}<div class="{name}">All rights are ours.</div>'))
    assert [pair.question for pair in found.pairs] == ["How do I pay?"]
