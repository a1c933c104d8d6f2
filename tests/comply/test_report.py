"""The compliance page: ids stay whole, and what models and rows say stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from pipeline.comply import governance, report
from pipeline.comply.check import Result
from pipeline.comply.gate import Decision
from pipeline.comply.registry import all_checks
from pipeline.comply.runner import Finding
from pipeline.settings import PROJECT_ROOT

HOSTILE = "<script>alert(1)</script> ![x](https://evil.example/p.png) {{ 7 * 7 }}"


class Cells(HTMLParser):
    """The table cells of a page with their classes, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[tuple[str, str]] = []
        self._class: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self._class = dict(attrs).get("class") or ""
            self.cells.append((self._class, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._class = None

    def handle_data(self, data: str) -> None:
        if self._class is not None:
            self.cells[-1] = (self._class, self.cells[-1][1] + data)


@pytest.fixture
def page(subject) -> str:
    checks = all_checks()
    said = Result("failed", HOSTILE, {"share": 0.5}, ({"answer": HOSTILE, "question": HOSTILE},))
    findings = [
        Finding(check, said, {name: limit.default for name, limit in check.thresholds.items()})
        for check in checks.values()
    ]
    decided = Decision("refused", (HOSTILE,), (), (HOSTILE,))
    return report.to_html(report.document(subject(), findings, decided, governance.summary(PROJECT_ROOT)))


def test_ids_are_not_broken_in_two(page: str) -> None:
    cells = Cells(page).cells
    ids = [(kind, text) for kind, text in cells if re.fullmatch(r"(LLM|ASI|R)\d\d|\d{4}-\d\d-\d\d", text)]
    assert len({text for _, text in ids}) > 15
    assert {kind for kind, _ in ids} == {"id"}
    assert ".id { white-space: nowrap" in page


def test_what_models_and_rows_say_stays_text(page: str) -> None:
    assert Cells(page).tags.isdisjoint({"script", "img", "iframe", "object", "form", "input", "link", "base"})
    assert "{{ 7 * 7 }}" in page
    assert "default-src 'none'" in page
