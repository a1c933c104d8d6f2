"""The inline nodes of Atlassian Document Format: text with its marks, mentions, dates, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from pipeline.collect.jira.marks import raised, struck

Node = dict[str, Any]


def children(node: Node) -> list[Node]:
    """Return the nodes inside a node, whatever is there instead of them."""
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def kind(node: Node) -> str:
    """Return a node's type, or nothing where it has none."""
    found = node.get("type")
    return found if isinstance(found, str) else ""


def attribute(node: Node, name: str) -> str:
    """Return one of a node's attributes as text, or nothing."""
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return "" if value is None or isinstance(value, dict | list) else str(value)


def joined(parts: Iterable[tuple[Node, str]]) -> str:
    """Join inline nodes and their texts into one: here a superscript meets its base, and struck parts each other."""
    text, before = "", False
    for node, part in parts:
        marks = _marks(node)
        gone = "strike" in marks
        if attribute(marks.get("subsup", {}), "type") == "sup":
            part = raised(part, text)
        if before and gone and text.endswith("~~") and part.startswith("~~"):
            text, part = text[:-2], part[2:]
        text, before = text + part, gone
    return text


def _text(node: Node) -> str:
    text = node.get("text")
    if not isinstance(text, str):
        return ""
    marks = _marks(node)
    shown = text
    if "code" in marks:
        fence = "``" if "`" in text else "`"
        shown = f"{fence}{text}{fence}"
    if "link" in marks:
        target = attribute(marks["link"], "href")
        if target and not _says(text, target):
            shown = f"{shown} ({target})"
    return struck(shown) if "strike" in marks else shown


def _marks(node: Node) -> dict[str, Node]:
    raw = node.get("marks")
    return {mark["type"]: mark for mark in raw if _is_mark(mark)} if isinstance(raw, list) else {}


def _is_mark(mark: object) -> bool:
    return isinstance(mark, dict) and isinstance(mark.get("type"), str)


def _says(label: str, target: str) -> bool:
    """Tell whether a link's label already is its address."""
    bare = target.removeprefix("mailto:").split("://", 1)[-1].rstrip("/")
    return label.strip().split("://", 1)[-1].rstrip("/") == bare


def _mention(node: Node) -> str:
    name = attribute(node, "text").strip()
    return name if name.startswith("@") or not name else f"@{name}"


def _emoji(node: Node) -> str:
    return attribute(node, "text") or attribute(node, "shortName")


def _date(node: Node) -> str:
    try:
        return datetime.fromtimestamp(int(attribute(node, "timestamp")) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def address(node: Node) -> str:
    """Return the address that a card shows."""
    return attribute(node, "url")


def image(node: Node) -> str:
    """Return what is said of a picture."""
    alt = attribute(node, "alt")
    return f"[{alt}]" if alt else ""


INLINE: dict[str, Callable[[Node], str]] = {
    "text": _text,
    "hardBreak": lambda node: "\n",
    "mention": _mention,
    "emoji": _emoji,
    "date": _date,
    "status": lambda node: attribute(node, "text"),
    "inlineCard": address,
    "mediaInline": image,
    "placeholder": lambda node: "",
    "inlineExtension": lambda node: attribute(node, "text"),
}
