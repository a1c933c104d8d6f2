"""Help-centre articles: the page's title is the question and the whole article its answer."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, between, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark, looks_like_question
from pipeline.collect.web.signals import is_faq_phrase

MIN_ANSWER_CHARS = 40
_BODY = (
    ".//*[contains(concat(' ', @class, ' '), ' article-body ') or contains(@class, 'article__body') "
    "or contains(@class, 'article-content') or contains(@class, 'entry-content') or @itemprop='articleBody']"
)


class Article(Family):
    """One question per page: `h1` and article body, where URL or site say that this is a help article."""

    name: ClassVar[str] = "article"
    rank: ClassVar[int] = 90
    recognises: ClassVar[str] = "single help-centre articles whose title is the question"

    def find(self, page: Page) -> list[Candidate]:
        """Return at most one candidate."""
        title = next((node for node in page.root.iter("h1") if text_of(node)), None)
        if title is None or page.signals.other or is_faq_phrase(text_of(title)):
            return []
        evidence = _evidence(text_of(title), page)
        if evidence is None:
            return []
        body = _body(title, page)
        answer = list(body) if body is not None else between(title, None, _limit(title))
        return [Candidate(text_of(title), list(answer), title, anchor_of(title), None, evidence)]


def _evidence(title: str, page: Page) -> str | None:
    signals = page.signals
    if signals.help_article:
        return "the URL is that of a help-centre article"
    asks = has_question_mark(title) or (looks_like_question(title) and len(title.split()) >= 4)
    return f"the title asks, and {signals.because}" if asks and signals.faq >= 1 else None


def _body(title: Element, page: Page) -> Element | None:
    bodies = [body for body in page.root.xpath(_BODY) if len(text_of(body)) >= MIN_ANSWER_CHARS]
    return bodies[0] if len(bodies) == 1 else None


def _limit(title: Element) -> Element:
    """Return the smallest ancestor of the title that holds enough text for an answer."""
    for parent in title.iterancestors():
        if (
            parent.tag in ("body", "html", "main", "article")
            or len(text_of(parent)) > len(text_of(title)) + MIN_ANSWER_CHARS
        ):
            return parent
    return title
