"""Help-centre articles: the page's title is the question and the whole article its answer."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, between, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import asks_in_title, squeeze
from pipeline.collect.web.signals import is_faq_phrase

MIN_ANSWER_CHARS = 40
MIN_TITLE_CHARS = 5
_BODY = re.compile(r"(?:^|\s)(?:[\w-]+[-_])?(?:article[-_]{0,2}(?:body|content)|entry-content)(?=$|\s)", re.IGNORECASE)


class Article(Family):
    """One question per page: `h1` and article body, where URL or site say that this is a help article."""

    name: ClassVar[str] = "article"
    rank: ClassVar[int] = 90
    recognises: ClassVar[str] = "single help-centre articles whose title is the question"

    def find(self, page: Page) -> list[Candidate]:
        """Return at most one candidate."""
        title = _title(page)
        if title is None or page.signals.other or is_faq_phrase(title[1]):
            return []
        node, text = title
        evidence = _evidence(text, page)
        if evidence is None:
            return []
        body = _body(page)
        answer = [body] if body is not None else between(node, None, _limit(node))
        return [Candidate(text, list(answer), node, anchor_of(node), None, evidence)]


def _title(page: Page) -> tuple[Element, str] | None:
    """Return the main heading; of a help article without one, the first lesser heading that the title repeats."""
    main = next((node for node in page.root.iter("h1") if text_of(node)), None)
    if main is not None:
        return main, text_of(main)
    for node in page.root.iter("h2", "h3") if page.signals.help_article else ():
        for text in (text_of(node), squeeze(node.text or "")):  # the latter without the links that stand in it
            if len(text) >= MIN_TITLE_CHARS and text in page.title:
                return node, text
    return None


def _evidence(title: str, page: Page) -> str | None:
    signals = page.signals
    if signals.help_article:
        return "the URL is that of a help-centre article"
    return f"the title asks, and {signals.because}" if asks_in_title(title) and signals.faq >= 1 else None


def _body(page: Page) -> Element | None:
    """Return the element that is called the body of the article: of several in one another, the innermost."""
    named = [
        element
        for element in page.root.xpath("//*[@class or @itemprop='articleBody']")
        if element.get("itemprop") == "articleBody" or _BODY.search(element.get("class") or "")
    ]
    around = {parent for element in named if text_of(element) for parent in element.iterancestors()}
    bodies = [element for element in named if element not in around and text_of(element)]
    if len(bodies) > 1:
        bodies = [body for body in bodies if len(text_of(body)) >= MIN_ANSWER_CHARS]
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
