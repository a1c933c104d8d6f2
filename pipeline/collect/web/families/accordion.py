"""Accordions: a control that opens a panel."""

from __future__ import annotations

import re
from collections import Counter
from typing import ClassVar

from pipeline.collect.web.dom import anchor_of, contains, inner_pieces, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.families.groups import accept_groups, label_of
from pipeline.collect.web.model import Candidate, Element, Piece
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import looks_like_question

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
        panels: dict[Element, Candidate] = {}
        named = Counter(name for control in controls for name in set(_names(control, "aria-controls")))
        for control in controls:
            panel = None if _opens_all(control, named) else _panel(control, by_id, labelled)
            label = label_of(control)
            if panel is None or panel in panels or not 2 < len(label) <= MAX_LABEL_CHARS:
                continue
            anchor = control.get("id") or anchor_of(control) or panel.get("id")
            panels[panel] = Candidate(question=label, answer=_content(panel, control), node=control, anchor=anchor)
        return accept_groups(_unnested(panels), page)


def _names(control: Element, attribute: str) -> list[str]:
    return [name.removeprefix("#") for name in re.split(r"[\s,]+", control.get(attribute) or "") if name]


def _opens_all(control: Element, named: Counter[str]) -> bool:
    """Say whether a control opens several panels that have controls of their own."""
    names = _names(control, "aria-controls")
    return len(names) > 1 and any(named[name] > 1 for name in names)


def _unnested(panels: dict[Element, Candidate]) -> list[Candidate]:
    """Leave out sections, whose panels hold questions, and controls that open a part of the answer to a question."""
    inside: dict[Element, list[Candidate]] = {}
    for candidate in panels.values():
        for parent in candidate.node.iterancestors() if candidate.node is not None else ():
            if parent in panels and panels[parent] is not candidate:
                inside.setdefault(parent, []).append(candidate)
    left_out: set[int] = set()
    for panel, nested in inside.items():
        asks = looks_like_question(panels[panel].question)
        nested_ask = any(looks_like_question(candidate.question) for candidate in nested)
        if not asks and (nested_ask or len(nested) > 1):
            left_out.add(id(panels[panel]))
        elif not nested_ask:
            left_out.update(map(id, nested))
    return [candidate for candidate in panels.values() if id(candidate) not in left_out]


def _panel(control: Element, by_id: dict[str, Element], labelled: dict[str, Element]) -> Element | None:
    for attribute in _REFERENCES:
        panels = [by_id[name] for name in _names(control, attribute) if name in by_id]
        opened = [panel for panel in panels if panel is not control and not contains(control, panel)]
        if opened:
            return opened[0]
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
