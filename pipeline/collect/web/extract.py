"""From the bytes of a page to its question/answer pairs: pure, without any I/O."""

from __future__ import annotations

from functools import partial

from pipeline.charsets import decode
from pipeline.collect.web.choose import Choice, choose
from pipeline.collect.web.families.selector import mark
from pipeline.collect.web.model import PageExtraction, Selector
from pipeline.collect.web.page import NotAPage, Page, parse_page
from pipeline.collect.web.passages import cut


def extract_page(
    body: bytes,
    url: str,
    content_type: str | None = None,
    selector: Selector | None = None,
) -> PageExtraction:
    """Read the question/answer pairs of a page, and what it says about itself.

    Any bytes are accepted: what is no page, or a page without questions, gives a result whose `not_a_faq` says why.
    Raises SettingsError for an invalid selector.
    """
    try:
        markup = mark(decode(body, content_type)[0], selector) if selector and body.strip() else None
        page = parse_page(body, url, content_type, markup=markup)
    except NotAPage as problem:
        return PageExtraction(url=url, not_a_faq=str(problem))
    choice = choose(page, selector=selector is not None)
    result = PageExtraction(
        url=url,
        title=page.title or None,
        lang=page.lang,
        canonical=page.canonical,
        licences=page.licences,
        links=page.links,
        encoding=page.encoding,
        nofollow="nofollow" in page.robots or "none" in page.robots,
        noindex="noindex" in page.robots or "none" in page.robots,
        warnings=page.warnings,
    )
    if choice is not None and choice.pairs:
        result.pairs = [pair for _, pair in choice.pairs]
        result.rejected = choice.rejected
        result.family = choice.family
    else:
        result.rejected = choice.rejected if choice else []
        result.not_a_faq = _why_not(page, choice, selector)
    result.cut = partial(cut, page, choice.pairs if choice else [])
    return result


def _why_not(page: Page, choice: Choice | None, selector: Selector | None) -> str:
    if choice is not None and choice.rejected:
        return f"what looked like questions has no answers: {choice.rejected[0].reason}"
    if selector is not None:
        return f"nothing on the page matches the selector {selector.container} / {selector.question}"
    if not page.text.strip():
        return "the page holds no text: it may need scripts, which are never run"
    if page.signals.other:
        return f"the page calls itself {page.signals.other}"
    if page.signals.faq >= 2:
        return f"{page.signals.because}, but no question with an answer stands on it"
    return "nothing says that this page asks and answers questions"
