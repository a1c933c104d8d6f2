"""Questions that the page's own table of contents lists: hand-written pages, with no markup but links and anchors."""

from __future__ import annotations

from typing import ClassVar

from pipeline.collect.web.dom import BLOCKS, HEADINGS, between, common_ancestor, raw_text
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.order import Marks
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import question_share, squeeze, strip_numbering
from pipeline.collect.web.rest import question_key

MIN_ENTRIES = 3
MIN_QUESTION_SHARE = 0.1
"""Below, the contents list the sections of a page and not what it is asked."""
MAX_ENTRY_CHARS = 400
MAX_TITLE_EXTRA = 40
"""A title may hold this much more than its entry: a number before it, a link back to the top after it."""


class Contents(Family):
    """Links to places further down that begin with the very text of the link, on a page that calls itself a FAQ.

    Such entries need not ask: where title or main heading say that the page answers questions, what its table of
    contents lists is what it answers ("Accented letters are replaced by strange characters.").
    """

    name: ClassVar[str] = "contents"
    rank: ClassVar[int] = 88
    recognises: ClassVar[str] = "entries of a FAQ page's table of contents, repeated where they are answered"

    def ceiling(self, page: Page) -> float:
        """Return the number of entries."""
        return len(page.contents)

    def find(self, page: Page) -> list[Candidate]:
        """Return every entry whose text stands again at the place it links to, with what follows up to the next."""
        entries = _entries(page) if len(page.contents) >= MIN_ENTRIES else []
        if len(entries) < MIN_ENTRIES:
            return []
        texts = strip_numbering([text for text, _, _ in entries])
        titles = [title for _, title, _ in entries]
        share = question_share(texts)
        if share < MIN_QUESTION_SHARE:
            return []
        evidence = f"{round(share * len(texts))} of {len(texts)} in the contents ask; {page.signals.because}"
        stops = Marks([*titles, *page.root.iter(*HEADINGS)], page.order)
        limit = common_ancestor(titles)
        return [
            Candidate(text, between(title, stops.after(title), limit), title, name, None, evidence)
            for text, (_, title, name) in zip(texts, entries, strict=True)
        ]


def _entries(page: Page) -> list[tuple[str, Element, str]]:
    """Return text, title and anchor of the entries that are found again at their places, in page order."""
    places = {name: place for place in page.root.xpath("//*[@id] | //a[@name]") for name in _names(place)}
    found: dict[Element, tuple[str, Element, str]] = {}
    for name, text in page.contents.items():
        place = places.get(name)
        title = _title(place, text) if place is not None and 5 <= len(text) <= MAX_ENTRY_CHARS else None
        if title is not None:
            found.setdefault(title, (text, title, name))
    return sorted(found.values(), key=lambda entry: page.order.get(entry[1], 0))


def _names(place: Element) -> list[str]:
    return [name for name in (place.get("id"), place.get("name")) if name]


def _title(place: Element, text: str) -> Element | None:
    """Return the block at a place that holds the text of the link that led there, and next to nothing else."""
    around = next((node for node in (place, *place.iterancestors()) if node.tag in BLOCKS), None)
    if around is None:
        return None
    wanted = question_key(text)
    limit = len(text) + MAX_TITLE_EXTRA
    found = [
        (len(own), node)
        for node in (around, *around.iterdescendants(*BLOCKS))
        if len(own := squeeze(raw_text(node))) <= limit and wanted in question_key(own)
    ]
    return min(found, key=lambda sized: sized[0])[1] if found else None
