"""The real pages that the project ships: every question of each site, at its anchor, with nothing from other pages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import pipeline.local
from pipeline.collect.web.extract import extract_page

SITES = Path(pipeline.local.__file__).parent / "samples" / "sites"


def found_in(site: str) -> dict[str, int]:
    """Return the number of pairs by page."""
    found: Counter[str] = Counter()
    for file in sorted((SITES / site).rglob("*.html")):
        path = file.relative_to(SITES).as_posix()
        page = extract_page(file.read_bytes(), f"https://docs.example/{path}", "text/html")
        assert all(pair.anchor for pair in page.pairs), path
        assert all(len(pair.answer) > 15 for pair in page.pairs), path
        if page.pairs:
            found[path.removeprefix(f"{site}/")] = len(page.pairs)
    return dict(found)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("sqlite-faq", {"faq.html": 27}),
        (
            "django-faq",
            {
                "faq/admin.html": 10,
                "faq/contributing.html": 5,
                "faq/general.html": 14,
                "faq/help.html": 5,
                "faq/install.html": 5,
                "faq/models.html": 6,
                "faq/troubleshooting.html": 3,
                "faq/usage.html": 5,
            },
        ),
        (
            "python-faq",
            {
                "faq/design.html": 28,
                "faq/extending.html": 17,
                "faq/general.html": 23,
                "faq/gui.html": 4,
                "faq/installed.html": 3,
                "faq/library.html": 28,
                "faq/programming.html": 67,
                "faq/windows.html": 9,
            },
        ),
    ],
)
def test_shipped_sites(site: str, expected: dict[str, int]) -> None:
    assert found_in(site) == expected


def test_a_known_answer_is_whole() -> None:
    body = (SITES / "sqlite-faq" / "faq.html").read_bytes()
    pairs = {pair.question: pair for pair in extract_page(body, "https://docs.example/sqlite-faq/faq.html").pairs}
    pair = pairs["How do I create an AUTOINCREMENT field?"]
    assert pair.anchor == "q1"
    assert pair.answer.startswith("Short answer: A column declared INTEGER PRIMARY KEY will autoincrement.")
    assert "```\nCREATE TABLE t1(\n  a INTEGER PRIMARY KEY,\n  b INTEGER\n);\n```" in pair.answer
    assert pair.answer.endswith("will fail with an SQLITE_FULL error code.")
