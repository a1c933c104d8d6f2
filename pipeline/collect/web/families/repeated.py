"""Questions in elements of one kind and class, repeated: accordions and cards without any markup that says so."""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar

from pipeline.collect.web.dom import BLOCKS, HEADINGS, anchor_of, between, common_ancestor, raw_text, text_of
from pipeline.collect.web.families.base import Family, judge
from pipeline.collect.web.families.groups import label_of
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.order import Marks
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import has_question_mark, is_call_to_action

MIN_MEMBERS = 3
_TAGS = ("div", "p", "span", "button", "a", "li", "td", "label", "section")


class Repeated(Family):
    """At least three elements with the same tag and class, most of which end in a question mark."""

    name: ClassVar[str] = "repeated"
    rank: ClassVar[int] = 85
    recognises: ClassVar[str] = "repeated elements of one class whose texts are questions, each followed by its answer"

    def ceiling(self, page: Page) -> float:
        """At least 7 of 10 members end in a question mark."""
        return sum(map(page.text.count, "?？؟")) / 0.7

    def find(self, page: Page) -> list[Candidate]:
        """Return the largest such group, each question with what follows it up to the next."""
        if self.ceiling(page) < MIN_MEMBERS:
            return []
        members = max(_groups(page.root), key=len, default=[])
        if len(members) < MIN_MEMBERS:
            return []
        texts = [label_of(member) for member in members]
        evidence = judge(texts, members[0], page, marked=True, titles=True)
        if evidence is None:
            return []
        stops = Marks([*members, *page.root.iter(*HEADINGS)], page.order)
        limit = common_ancestor(members)
        found: list[Candidate] = []
        for member, text in zip(members, texts, strict=True):
            end = stops.after(member)
            found.append(Candidate(text, between(member, end, limit), member, anchor_of(member), None, evidence))
        return found


def _leads_away(element: Element, text: str) -> bool:
    """Say whether the whole text is a link to another page: then the answer is there, not here."""
    links = [link for link in element.iter("a") if not (link.get("href") or "#").startswith("#")]
    return any(text_of(link) in text and len(text_of(link)) > 0.7 * len(text) for link in links)


def _groups(root: Element) -> list[list[Element]]:
    by_kind: dict[tuple[str, str], list[Element]] = defaultdict(list)
    for element in root.iter(*_TAGS):
        name = element.get("class")
        if name:
            by_kind[element.tag, name].append(element)
    groups = []
    for same in by_kind.values():
        if len(same) < MIN_MEMBERS or sum(_has_mark(element) for element in same) * 10 < len(same) * 6:
            continue
        members = [(element, text) for element in same if (text := _short_text(element))]
        asking = sum(has_question_mark(text) for _, text in members)
        if len(members) >= MIN_MEMBERS and asking * 10 >= len(members) * 7:
            groups.append([element for element, _ in members])
    return groups


def _has_mark(element: Element) -> bool:
    text = raw_text(element)
    return "?" in text or "？" in text or "؟" in text


def _is_code(element: Element) -> bool:
    return element.find(".//pre") is not None or next(element.iterancestors("pre", "code"), None) is not None


def _short_text(element: Element) -> str | None:
    """Return the text of an element that could be a question: short, without inner blocks, and no link to elsewhere."""
    if any(child.tag in BLOCKS and child.tag not in HEADINGS and len(child) for child in element):
        return None
    if sum(child.tag in BLOCKS and bool(text_of(child)) for child in element) > 1 or _is_code(element):
        return None
    text = text_of(element)
    fits = 5 <= len(text) <= 400 and not is_call_to_action(text) and not _leads_away(element, text)
    return text if fits else None
