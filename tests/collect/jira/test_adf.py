from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.collect.jira.adf import adf_text


def text(value: str, *marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **({"marks": list(marks)} if marks else {})}


def node(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(content), **({"attrs": attrs} if attrs else {})}


def paragraph(*content: Any) -> dict[str, Any]:
    return node("paragraph", *(text(part) if isinstance(part, str) else part for part in content))


def item(*content: Any) -> dict[str, Any]:
    return node("listItem", *(paragraph(part) if isinstance(part, str) else part for part in content))


def link(address: Any) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": address}}


CODE = {"type": "code"}
STRONG = {"type": "strong"}
STRIKE = {"type": "strike"}
SUP, SUB = ({"type": "subsup", "attrs": {"type": kind}} for kind in ("sup", "sub"))
POWERS = "10^6 Hz, the 1st, H2O"
LONG = "https://example.com/help"


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([paragraph("One."), paragraph("Two.")], "One.\n\nTwo."),
        ([paragraph("a", node("hardBreak"), "b")], "a\nb"),
        ([node("heading", text("Title"), level=2), paragraph("x")], "Title\n\nx"),
        ([paragraph(text("bold", STRONG), " ", text("ls -l", CODE))], "bold `ls -l`"),
        ([paragraph(text("a`b", CODE))], "``a`b``"),
        ([paragraph("First ", text("restart it ", STRIKE), "wait.")], "First ~~restart it~~ wait."),
        ([paragraph(text("Do ", STRIKE), text("not", STRIKE, STRONG), text(" ", STRIKE))], "~~Do~~ ~~not~~"),
        ([paragraph(text("Do", STRIKE), text("n't", STRIKE, STRONG))], "~~Don't~~"),
        ([paragraph("10", text("6", SUP), " Hz, the 1", text("st", SUP), ", H", text("2", SUB), "O")], POWERS),
        ([paragraph("See ", text("the guide", link(LONG)), ".")], f"See the guide ({LONG})."),
        ([paragraph(text(LONG, link(LONG)))], LONG),
        ([paragraph(text("example.com/help", link(LONG + "/")))], "example.com/help"),
        ([paragraph(text("a@example.com", link("mailto:a@example.com")))], "a@example.com"),
        ([paragraph(text("cmd", CODE, link(LONG)))], f"`cmd` ({LONG})"),
        ([node("codeBlock", text("x = 1\n  y"), language="python")], "```\nx = 1\n  y\n```"),
        ([node("codeBlock", text("a\n```\nb"))], "````\na\n```\nb\n````"),
        ([node("codeBlock")], ""),
        ([node("bulletList", item("a"), item("b"))], "- a\n- b"),
        ([node("orderedList", item("a"), item("b"))], "1. a\n2. b"),
        ([node("orderedList", item("a"), item("b"), order=5)], "5. a\n6. b"),
        (
            [node("bulletList", item("a", node("orderedList", item("x"), item("y"))), item("b"))],
            "- a\n  1. x\n  2. y\n- b",
        ),
        ([node("orderedList", item("a", "more"))], "1. a\n\n   more"),
        ([node("bulletList", item(node("codeBlock", text("x"))))], "- ```\n  x\n  ```"),
        ([node("blockquote", paragraph("a"), paragraph("b"))], "> a\n>\n> b"),
        ([node("panel", paragraph("Note"), panelType="info")], "Note"),
        ([node("expand", paragraph("inside"), title="More")], "More\n\ninside"),
        ([node("nestedExpand", paragraph("inside"))], "inside"),
        ([node("rule"), paragraph("x")], "x"),
        ([paragraph(node("mention", id="1", text="@Support agent 2"), " hi")], "@Support agent 2 hi"),
        ([paragraph(node("mention", id="1", text="Agent"))], "@Agent"),
        ([paragraph(node("mention", id="1"))], ""),
        ([paragraph("ok ", node("emoji", shortName=":smile:", text="😄"))], "ok 😄"),
        ([paragraph(node("emoji", shortName=":custom:"))], ":custom:"),
        ([paragraph(node("date", timestamp="1767225600000"))], "2026-01-01"),
        ([paragraph(node("date", timestamp="soon"))], ""),
        ([paragraph(node("status", text="DONE"))], "DONE"),
        ([paragraph("see ", node("inlineCard", url=LONG))], f"see {LONG}"),
        ([node("blockCard", url=LONG)], LONG),
        ([node("mediaSingle", node("media", alt="the screen", id="1"))], "[the screen]"),
        ([node("mediaGroup", node("media", id="1"))], ""),
        (
            [node("taskList", node("taskItem", text("a"), state="DONE"), node("taskItem", text("b"), state="TODO"))],
            "- [x] a\n- [ ] b",
        ),
        ([node("decisionList", node("decisionItem", text("go")))], "- go"),
        ([node("layoutSection", node("layoutColumn", paragraph("l")), node("layoutColumn", paragraph("r")))], "l\n\nr"),
        ([node("newIn2027", paragraph("kept"))], "kept"),
        ([node("bodiedExtension", paragraph("kept"))], "kept"),
        ([paragraph(node("newInline", text("kept")))], "kept"),
    ],
)
def test_nodes(blocks: list[Any], expected: str) -> None:
    assert adf_text({"type": "doc", "version": 1, "content": blocks}) == expected


def test_tables() -> None:
    def row(kind: str, *cells: str) -> dict[str, Any]:
        return node("tableRow", *(node(kind, paragraph(cell)) for cell in cells))

    table = node("table", row("tableHeader", "Key", "What"), row("tableCell", "a|b", "x"))
    assert adf_text(node("doc", table)) == "| Key | What |\n| --- | --- |\n| a\\|b | x |"


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        17,
        [],
        {},
        {"type": "doc"},
        {"type": "doc", "content": None},
        {"type": "doc", "content": "text"},
        {"type": "doc", "content": [None, 1, "x", []]},
        {"type": ["doc"], "content": [{"type": {"a": 1}, "content": []}]},
        {"type": "doc", "content": [{"type": "text"}]},
        {"type": "doc", "content": [{"type": "text", "text": 5, "marks": "x"}]},
        {"type": "doc", "content": [{"type": "text", "text": "", "marks": [None, {}, {"type": 3}]}]},
        {"type": "doc", "content": [{"type": "table", "content": [{"type": "tableRow"}]}]},
        {"type": "doc", "content": [{"type": "orderedList", "attrs": {"order": "1e99"}, "content": [{}]}]},
        {"type": "doc", "content": [{"type": "mention", "attrs": "x"}]},
        {"type": "doc", "content": [{"type": "date", "attrs": {"timestamp": "9" * 400}}]},
    ],
)
def test_what_is_no_document_gives_no_text(hostile: Any) -> None:
    assert adf_text(hostile) in ("", "1.")


def test_plain_text_and_odd_marks_keep_the_text() -> None:
    assert adf_text("  plain  ") == "plain"
    odd = {"type": "doc", "content": [{"type": "paragraph", "content": [text("kept", "strong", {"type": "link"})]}]}
    assert adf_text(odd) == "kept"


@pytest.mark.parametrize(
    "kind", ["paragraph", "bulletList", "listItem", "blockquote", "taskList", "table", "tableCell", "panel", "x"]
)
def test_endless_nesting_ends(kind: str) -> None:
    deep = json.loads('{"type":"%s","content":[' % kind * 400 + '{"type":"text","text":"deep"}' + "]}" * 400)  # noqa: UP031
    assert len(adf_text({"type": "doc", "content": [deep, paragraph("after")]})) < 100_000
    assert adf_text({"type": "doc", "content": [deep, paragraph("after")]}).endswith("after")
