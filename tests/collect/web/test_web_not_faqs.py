# ruff: noqa: E501 (markup stays in one line)
"""Pages that are no FAQs give nothing, and say why; FAQ sections of other pages are found."""

from __future__ import annotations

import pytest
from web_support import extract, page

GLOSSARY = (
    "<dl>"
    + "".join(f"<dt>{t}</dt><dd>What {t} means.</dd>" for t in ("API", "Cache", "What-if analysis", "Token"))
    + "</dl>"
)
CONTENTS = "<ul>" + "".join(f'<li><a href="c{n}.html">How does part {n} work?</a></li>' for n in range(9)) + "</ul>"
CONTENTS_DL = "<dl>" + "".join(
    f'<dt><a href="c{n}.html">How does part {n} work?</a></dt><dd><dl><dt><a href="c{n}.html#1">Why?</a></dt></dl></dd>' for n in range(9)
) + "</dl>"  # fmt: skip
TUTORIAL = "".join(
    f"<h2>{t}</h2><p>Text about it.</p>"
    for t in ("What you will build", "How it works", "Setup", "First steps", "Next")
)
OPTIONS = "<dl>" + "".join(f"<dt>--{o}</dt><dd>Sets {o}.</dd>" for o in ("help", "verbose", "which", "why")) + "</dl>"
README_DETAILS = "".join(
    f"<details><summary>{t}</summary><p>Long output.</p></details>" for t in ("Click to expand", "Full log", "Output")
)
FILTERS = "".join(f'<button aria-expanded="false" aria-controls="f{n}">{t}</button><div id="f{n}"><ul><li>a</li></ul></div>' for n, t in enumerate(("Size", "Colour", "Brand")))  # fmt: skip
NEWS = "".join(
    f"<h2>{t}</h2><p>It happened.</p>" for t in ("Is this the end of paper?", "Who won?", "What now for Example Ltd?")
)
QUIZ = "".join(f"<h3>{n}. What is {n} + {n}?</h3><ul><li>1</li><li>{2 * n}</li></ul>" for n in range(1, 6))
BOLD_TEXT = "".join(f"<p><b>Note {n}:</b> read this.</p><p><strong>Warning</strong></p><p>Text.</p>" for n in range(4))
COMMENTS = (
    "<h1>My holiday</h1><p>Sun.</p><h3>3 comments</h3><h4>Ann</h4><p>Where is it?</p><h4>Bob</h4><p>How nice!</p>"
)
PRICES = "<table><tr><th>Plan</th><th>Price</th></tr><tr><td>What you get: basic</td><td>1</td></tr><tr><td>Pro</td><td>2</td></tr></table>"


@pytest.mark.parametrize(
    ("markup", "url"),
    [
        (page(GLOSSARY, title="Glossary"), "https://x.example/glossary.html"),
        (page(GLOSSARY, title="Terms"), "https://x.example/some-faq/glossary.html"),
        (page(CONTENTS, title="Frequently asked questions"), "https://x.example/faq/"),
        (page(CONTENTS_DL, title="The FAQ", heading="The FAQ"), "https://x.example/faq/index.html"),
        (page(TUTORIAL, title="Tutorial: your first app"), "https://x.example/tutorial/1"),
        (page(TUTORIAL, title="Your first app"), "https://x.example/docs/app"),
        (page(OPTIONS, title="tool(1)"), "https://x.example/man/tool.1"),
        (page(README_DETAILS, title="Build report"), "https://x.example/report"),
        (page(FILTERS, title="Shoes"), "https://shop.example/shoes"),
        (page(NEWS, title="News and press releases"), "https://x.example/news/"),
        (page(QUIZ, title="Arithmetic quiz"), "https://x.example/quiz/1"),
        (page(BOLD_TEXT, title="Manual"), "https://x.example/manual"),
        (page(COMMENTS, title="My holiday"), "https://x.example/2026/holiday"),
        (page(PRICES, title="Prices"), "https://shop.example/prices"),
        (page("<p>Just text. What is it? Nothing.</p>", title="About"), "https://x.example/about"),
        (page("<h1>What's New In Tool 3.11</h1><p>" + "Much. " * 50 + "</p>", title="What's New In Tool 3.11"), "https://x.example/x"),
        (page("<h3>What Is Tool?</h3><p>A tool.</p><h3>Latest Release</h3><p>3.1</p><h3>Links</h3><p>None</p>", title="Tool"), "https://x.example/"),
        (page("<h1>Privacy policy</h1><h2>What do we store?</h2><p>x</p><h2>Who sees it?</h2><p>y</p><h2>How long?</h2><p>z</p>", title="Privacy policy"), "https://x.example/privacy"),
    ],
)  # fmt: skip
def test_other_pages_give_nothing(markup: str, url: str) -> None:
    found = extract(markup, url=url)
    assert [(pair.question, pair.evidence) for pair in found.pairs] == []
    assert found.not_a_faq


def test_the_reason_is_specific() -> None:
    assert "glossary" in str(extract(page(GLOSSARY, title="Glossary"), url="https://x.example/g").not_a_faq)
    assert "list of links" in str(extract(page(f"<h2>What is in this book?</h2>{CONTENTS}", title="FAQ")).not_a_faq)
    assert "scripts, which are never run" in str(
        extract("<html><body><div id=app></div><script>go()</script></body></html>").not_a_faq
    )


def test_faq_section_of_a_landing_page() -> None:
    features = "".join(
        f"<h3>{t}</h3><p>Best.</p>" for t in ("Fast", "Safe", "Why teams love us", "Simple", "Open", "Cheap")
    )
    section = "<h2>Frequently asked questions</h2><h3>Is there a free plan?</h3><p>Yes.</p><h3>Can I cancel?</h3><p>Any time.</p>"
    found = extract(
        page(f"<h2>Features</h2>{features}{section}<h2>Customers</h2><h3>Acme</h3><p>Great.</p>", title="Tool"),
        url="https://x.example/",
    )
    assert [(pair.question, pair.answer, pair.section) for pair in found.pairs] == [
        ("Is there a free plan?", "Yes.", "Frequently asked questions"),
        ("Can I cancel?", "Any time.", "Frequently asked questions"),
    ]


def test_menus_and_filters_on_a_faq_page_are_no_questions() -> None:
    real = "".join(
        f"<details><summary>{q}</summary><p>Yes, {n}.</p></details>"
        for n, q in enumerate(("Is it free?", "Is it fast?", "Is it safe?"))
    )
    menu = '<div class="mobile"><details><summary>Shop</summary><a href="/a">All</a></details><details><summary>About</summary><a href="/b">Us</a></details><details><summary>Languages</summary><a href="/c">de</a></details></div>'  # fmt: skip
    found = extract(page(f"{menu}<div>{real}</div>"))
    assert [pair.question for pair in found.pairs] == ["Is it free?", "Is it fast?", "Is it safe?"]


def test_a_class_name_that_lies_does_not_lose_the_content() -> None:
    rows = "".join(f"<h2>Why {n}?</h2><p>Because of {n}.</p>" for n in range(5))
    for name in ("contents", "toc", "sidebar", "menu", "nav-content"):
        assert len(extract(page(f'<div class="{name}">{rows}</div>')).pairs) == 5


def test_empty_and_repeated_answers_are_rejected_with_their_reason() -> None:
    rows = "<h2>Is it free?</h2><p>Yes.</p><h2>Is it new?</h2><h2>Is it old?</h2><img src=x><h2>Is it free?</h2><p>Yes.</p>"
    found = extract(page(rows))
    assert [pair.question for pair in found.pairs] == ["Is it free?"]
    assert [(item.question, item.reason.split(" (")[0]) for item in found.rejected] == [
        ("Is it new?", "the answer is empty or holds no text"),
        ("Is it old?", "the answer is empty or holds no text"),
        ("Is it free?", "the same question with the same answer stands on this page already"),
    ]


def test_same_question_with_different_answers_stays_twice() -> None:
    rows = "<h2>Windows</h2><h3>How do I install it?</h3><p>Setup.exe</p><h2>Linux</h2><h3>How do I install it?</h3><p>apt</p>"
    assert [(p.section, p.answer) for p in extract(page(rows)).pairs] == [("Windows", "Setup.exe"), ("Linux", "apt")]


def headed(*titles: str) -> str:
    return "".join(f"<h2>{title}</h2><p>Many words about {title.lower()}</p>" for title in titles)


GUIDE = headed("What you need", "When to call support", "How to install", "Where to buy")
ABOUT = headed("Who we are", "What we do", "How we work", "Why us")
PUMP = headed("What is a heat pump?", "How does a heat pump work?", "What does a heat pump cost?", "Is it worth it?")
BOLD = "".join(
    f"<p><b>{title}</b></p><p>Words.</p>" for title in ("Who is it for?", "What is in it?", "How is it made?")
)
ROLE = "".join(
    f"<details><summary>{t}</summary><p>Words.</p></details>"
    for t in ("What you will do", "Who you are", "What we offer")
)
EXAM = "".join(f"<h3>Is {n} a prime?</h3><p>a) Yes b) No c) Maybe</p>" for n in range(4))
EXAM_LIST = "".join(
    f"<details><summary>Is {n} a prime?</summary><p>(A) Yes<br>(B) No<br>(C) Maybe</p></details>" for n in range(4)
)
OG_ARTICLE = '<meta property="og:type" content="article">'
LD_ARTICLE = '<script type="application/ld+json">{"@type": "BlogPosting", "headline": "Lamps"}</script>'
PANELS = "".join(
    f"<details><summary>{t}</summary><p>Words.</p></details>" for t in ("Is it red?", "Lamps", "Is it new?", "Shades")
)


@pytest.mark.parametrize(
    ("markup", "url"),
    [
        (page(GUIDE, title="Installing your lamp"), "https://x.example/guide"),
        (page(ABOUT, title="About us"), "https://x.example/about"),
        (page(PUMP, title="Heat pumps explained"), "https://x.example/heat-pumps"),
        (page(BOLD, title="Our lamp"), "https://x.example/lamp"),
        (page(GUIDE, title="Installing your lamp"), "https://support.x.example/guide"),
        (page(ROLE, title="Engineer"), "https://x.example/jobs/1"),
        (page(EXAM, title="Numbers"), "https://x.example/numbers"),
        (page(EXAM_LIST, title="Numbers"), "https://x.example/numbers"),
        (page(OG_ARTICLE + PANELS, title="Lamps"), "https://x.example/lamps"),
        (page(LD_ARTICLE + PANELS, title="Lamps"), "https://x.example/lamps"),
    ],
    ids=["guide", "about", "article", "bold", "guide of a help centre", "role", "exam", "exam in details", "og:type", "JSON-LD"],
)  # fmt: skip
def test_sections_that_ask_are_no_faq(markup: str, url: str) -> None:
    found = extract(markup, url=url)
    assert [(pair.question, pair.evidence) for pair in found.pairs] == []
    assert found.not_a_faq


@pytest.mark.parametrize(
    ("title", "heading"),
    [("Lamps", "Frequently asked questions"), ("Questions | Lamps", ""), ("Help", ""), ("Lamps", "Your questions")],
)
def test_the_same_sections_where_something_says_that_they_are(title: str, heading: str) -> None:
    found = extract(page(PUMP, title=title, heading=heading), url="https://x.example/heat-pumps")
    assert len(found.pairs) == 4


def test_questions_in_sections_of_an_announced_faq() -> None:
    rows = "".join(
        f"<h3>{name}</h3><h4>Is {name} free?</h4><p>Yes.</p><h4>Is {name} new?</h4><p>No.</p>"
        for name in ("one", "two")
    )
    markup = page(f"<h2>Frequently asked questions</h2>{rows}<h2>Contact</h2><p>Call.</p>", title="Lamps")
    assert len(extract(markup, url="https://x.example/lamps").pairs) == 4


def test_an_article_that_a_help_centre_publishes_is_help() -> None:
    markup = page(f"{OG_ARTICLE}<article><h1>How do I pay?</h1><p>By card.</p></article>", title="How do I pay?")
    assert len(extract(markup, url="https://x.example/help/pay").pairs) == 1


@pytest.mark.parametrize("heading", ["Got questions?", "Questions? We have answers", "Noch Fragen?", "ご質問"])
def test_a_heading_that_speaks_of_questions(heading: str) -> None:
    rows = "<h3>Is there a free plan?</h3><p>Yes.</p><h3>Can I cancel?</h3><p>Any time.</p>"
    found = extract(page(f"<h2>Plans</h2><p>Two.</p><h2>{heading}</h2>{rows}", title="Tool"), url="https://x.example/")
    assert [pair.question for pair in found.pairs] == ["Is there a free plan?", "Can I cancel?"]
    stated = "<h3>How we cook</h3><p>Slowly.</p><h3>What we eat</h3><p>Bread.</p><h3>Where we sleep</h3><p>Here.</p>"
    found = extract(page(f"<h2>{heading}</h2>{stated}", title="Tool"), url="https://x.example/")
    assert found.pairs == []
