"""Accordions: a control that opens a panel."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, contains, inner_pieces, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.page import Page

_CONTROLS = (
    "//*[@aria-controls or @data-bs-target or @data-target or @data-bs-toggle='collapse' or @data-toggle='collapse' "
    "or @aria-expanded] | //label[@for]"
)
_REFERENCES = ("data-bs-target", "data-target", "href", "aria-controls")
"""Where a control names its panel; what the scripts follow comes first, for nobody sees a wrong `aria-controls`."""
MAX_LABEL_CHARS = 500


class Accordion(Family):
    """Controls with `aria-controls`, `data-bs-target`, `aria-expanded` or `label for`, and the panels they open."""

    name: ClassVar[str] = "accordion"
    rank: ClassVar[int] = 40
    recognises: ClassVar[str] = "controls that open panels (ARIA, Bootstrap, label and check box)"

    def find(self, page: Page) -> list[Candidate]:
        """Return each control with its panel's content, group by group."""
        controls = page.root.xpath(_CONTROLS)
        if not controls:
            return []
        by_id = {element.get("id"): element for element in page.root.xpath("//*[@id]")}
        labelled = {element.get("aria-labelledby"): element for element in page.root.xpath("//*[@aria-labelledby]")}
        found: list[Candidate] = []
        used: set[Element] = set()
        for control in controls:
            panel = _panel(control, by_id, labelled)
            label = label_of(control)
            if panel is None or panel in used or not 2 < len(label) <= MAX_LABEL_CHARS:
                continue
            used.add(panel)
            anchor = control.get("id") or anchor_of(control) or panel.get("id")
            found.append(Candidate(question=label, answer=_content(panel, control), node=control, anchor=anchor))
        return accept_groups(found, page)


def _panel(control: Element, by_id: dict[str, Element], labelled: dict[str, Element]) -> Element | None:
    for attribute in _REFERENCES:
        for name in re.split(r"[\s,]+", control.get(attribute) or ""):
            panel = by_id.get(name.removeprefix("#"))
            if panel is not None and panel is not control and not contains(control, panel):
                return panel
    panel = labelled.get(control.get("id") or "-")
    if panel is not None and not contains(control, panel):
        return panel
    if control.tag == "label" and not control.xpath("preceding-sibling::input[@type='checkbox' or @type='radio']"):
        return None
    return _following(control)


def _following(control: Element) -> Element | None:
    """Return the block right after a control, or after the heading or wrapper that holds nothing but the control."""
    node = control
    for _ in range(4):
        after = node.getnext()
        if after is not None and after.tag not in ("script", "input", "label", "button") and text_of(after):
            return after
        parent = node.getparent()
        if parent is None or text_of(parent) != text_of(control):
            return None
        node = parent
    return None


def _content(panel: Element, control: Element) -> list[Piece]:
    if not contains(panel, control):
        return inner_pieces(panel)
    return [piece for piece in inner_pieces(panel) if isinstance(piece, str) or not contains(piece, control)]
