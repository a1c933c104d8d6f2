# ruff: noqa: E501 (markup stays in one line)
"""Single articles of help centres, as the desks write them: the title asks, the body alone answers."""

from __future__ import annotations

import pytest
from web_support import extract, page

from pipeline.collect.web.address_signals import is_help_article, url_signal

BODY = "<p>Open the settings.</p><p>Press Cancel.</p>"
TOLD = "Open the settings.\n\nPress Cancel."
ZENDESK = "https://acme.zendesk.com/hc/en-us/articles/360001-Cancel"

COPENHAGEN = (
    '<article class="article"><header class="article-header"><h1 class="article-title">{title}</h1><div class="article-author">Ann, <time>1 year ago</time></div></header>'
    '<section class="article-info"><div class="article-content"><div class="article-body">' + BODY + "</div>"
    '<div class="article-attachments"></div></div></section>'
    '<div class="article-relatives"><section><h3>Related</h3><ul><li><a href="/a">Another article</a></li></ul></section></div>'
    '<section class="article-comments"><ul><li><div class="comment-body">Thank you, that was of much help to me today.</div></li></ul></section></article>'
)
INTERCOM = '<div class="article"><div class="article__meta"><h1>{title}</h1><div class="avatar">Written by Ann</div></div><div class="article_body"><article dir="ltr">' + BODY + "</article></div></div><section>Did this answer your question?</section>"  # fmt: skip
FRESHDESK = '<section class="fc-article-show"><h2 class="heading">{title}<a href="javascript:print();" title="Print">Print</a></h2><p>Modified on: Wed, 2 Nov, 2025</p><hr><article class="article-body" id="article-body">' + BODY + '</article><p class="article-vote">Did you find it helpful?</p></section>'  # fmt: skip
HELP_SCOUT = '<div class="contentWrapper"><article id="fullArticle"><h1 class="title">{title}</h1>' + BODY + '</article></div><section class="articleFoot"><p>Still need help? <a href="/c">Contact us</a> Last updated on May 1</p></section>'  # fmt: skip


@pytest.mark.parametrize(
    ("markup", "url"),
    [
        (COPENHAGEN, ZENDESK),
        (INTERCOM, "https://help.acme.example/en/articles/77-cancel"),
        (FRESHDESK, "https://acme.example/support/solutions/articles/4400-cancel"),
        (HELP_SCOUT, "https://docs.acme.example/article/12-cancel"),
    ],
    ids=["Zendesk", "Intercom", "Freshdesk", "Help Scout"],
)
def test_the_answer_is_the_body_alone(markup: str, url: str) -> None:
    title = "Cancel your account"
    found = extract(page(markup.format(title=title), title=f"{title} : Acme"), url=url)
    assert [(pair.question, pair.answer) for pair in found.pairs] == [(title, TOLD)]


def test_a_short_body_is_the_answer_when_it_is_the_only_one() -> None:
    markup = COPENHAGEN.format(title="Is it free?").replace(BODY, "<p>Yes.</p>")
    assert [pair.answer for pair in extract(page(markup, title="Is it free?"), url=ZENDESK).pairs] == ["Yes."]


@pytest.mark.parametrize(
    "title",
    ["Unsubscribe from the newsletter", "Delete comments", "Create a survey", "Find the forum", "Newsletter settings"],
)
def test_what_an_article_is_about_is_not_what_it_is(title: str) -> None:
    found = extract(page(COPENHAGEN.format(title=title), title=f"{title} – Acme"), url=ZENDESK)
    assert [pair.answer for pair in found.pairs] == [TOLD]


@pytest.mark.parametrize("title", ["Release notes 3.2", "Privacy policy", "Glossary"])
def test_articles_that_are_something_else(title: str) -> None:
    assert not extract(page(COPENHAGEN.format(title=title), title=f"{title} – Acme"), url=ZENDESK).pairs


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://acme.example/hilfe/newsletter-abmelden", "Wie melde ich mich vom Newsletter ab?"),
        ("https://acme.example/help/comments", "How do I delete comments?"),
        ("https://support.acme.example/forum-search", "How do I find the forum?"),
    ],
)
def test_a_word_inside_a_question_is_what_it_asks_about(url: str, title: str) -> None:
    found = extract(page(f"<article><h1>{title}</h1>{BODY}</article>", title=f"{title} | Acme"), url=url)
    assert [(pair.question, pair.answer) for pair in found.pairs] == [(title, TOLD)]


@pytest.mark.parametrize(
    ("url", "title", "heading"),
    [
        ("https://acme.example/help/whats-new", "What's new in version 3 | Acme", "What's new in version 3"),
        ("https://acme.example/blog/help/end", "Is this the end of paper?", "Is this the end of paper?"),
        ("https://acme.example/help/end", "Is this the end of paper? - Acme Newsroom", "Is this the end of paper?"),
        ("https://acme.example/articles/123-end", "The end of paper | News", "The end of paper"),
    ],
)
def test_pages_that_are_no_help_although_they_ask(url: str, title: str, heading: str) -> None:
    assert not extract(page(f"<article><h1>{heading}</h1>{BODY}</article>", title=title), url=url).pairs


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://help.acme.example/", 1),
        ("https://support.acme.example/orders", 1),
        ("https://knowledge.acme.example/orders", 1),
        ("https://acme.example/questions.html", 1),
        ("https://acme.example/kundenservice/versand", 1),
        ("https://faq.acme.example/orders", 2),
        ("https://acme.example/faq", 2),
        ("https://docs.acme.example/orders", 0),
        ("https://helpful.example/orders", 0),
    ],
)
def test_hosts_and_paths(url: str, level: int) -> None:
    assert url_signal(url)[0] == level


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://docs.acme.example/article/12-cancel-your-account", True),
        ("https://acme.helpscoutdocs.com/article/12-cancel", True),
        ("https://intercom.help/acme/en/articles/5-cancel", True),
        ("https://docs.acme.example/reference/articles", False),
        ("https://acme.example/support/solutions/folders/44", False),
        ("https://help.acme.example/en/articles/sections/9", False),
        ("https://paper.example/article/12-elections", False),
    ],
)
def test_addresses_of_help_articles(url: str, expected: bool) -> None:
    assert is_help_article(url) is expected
