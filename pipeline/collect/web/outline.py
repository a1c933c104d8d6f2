"""Which elements of a page are its headings: those that say so by role, and none that only wraps another."""

from __future__ import annotations

from pipeline.collect.web.dom import HEADINGS, text_of
from pipeline.collect.web.model import Element

_LEVELS = frozenset("123456")


def settle_headings(root: Element) -> None:
    """Give every heading of the page one element: roles become tags, and a heading around a heading a plain block.

    Accordions wrap the heading of a question in a second one (a header with a role, a button's own heading). Read as
    two headings, each question would stand on the page twice, one of them with a later question's answer.
    """
    for element in root.xpath("//*[@role='heading']"):
        if element.tag in ("div", "span", "p") and not _holds_heading(element):
            level = element.get("aria-level") or "2"
            element.tag = f"h{level}" if level in _LEVELS else "h6"
    for heading in list(root.iter(*HEADINGS)):
        if _holds_heading(heading):
            heading.tag = "div"


def _holds_heading(element: Element) -> bool:
    return any(text_of(inner) for inner in element.iterdescendants(*HEADINGS))
