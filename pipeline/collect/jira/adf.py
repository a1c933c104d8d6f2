"""Atlassian Document Format, Jira Cloud's JSON for rich text, as Markdown-like text.

The node and mark types are those of https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
A node of an unknown type gives the text inside it: new types appear every year, and losing text is worse than losing
its form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

MAX_DEPTH = 100
"""Deeper nesting is no document that a person wrote; what lies deeper keeps its text, not its form."""

Node = dict[str, Any]


def adf_text(document: object) -> str:
    """Return a document's text: paragraphs, `- ` and `1. ` lists, fenced code, pipe tables, links with their address.

    Anything that is not a document, from null to a plain string, gives what text it has.
    """
    if isinstance(document, str):
        return document.strip()
    if not isinstance(document, dict):
        return ""
    return _blocks(_children(document), 0).strip("\n")


def _children(node: Node) -> list[Node]:
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def _kind(node: Node) -> str:
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def _attribute(node: Node, name: str) -> str:
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _blocks(nodes: list[Node], depth: int) -> str:
    """Join block nodes by empty lines; inline nodes between them make a paragraph of their own."""
    if depth > MAX_DEPTH:
        return _bare(nodes)
    parts: list[str] = []
    inline: list[Node] = []
    for node in [*nodes, None]:
        if node is not None and _kind(node) in INLINE:
            inline.append(node)
            continue
        if inline:
            parts.append(_line(inline, depth))
            inline = []
        if node is not None:
            parts.append(_block(node, depth))
    return "\n\n".join(part for part in (part.strip("\n") for part in parts) if part)


def _bare(nodes: list[Node]) -> str:
    """Return the text in nodes of any depth, without recursion."""
    waiting, parts = nodes[::-1], []
    while waiting:
        node = waiting.pop()
        parts.append(INLINE[_kind(node)](node) if _kind(node) in INLINE else "")
        waiting += _children(node)[::-1]
    return " ".join(part for part in parts if part.strip())


def _block(node: Node, depth: int) -> str:
    render = BLOCKS.get(_kind(node))
    return render(node, depth + 1) if render else _blocks(_children(node), depth + 1)


def _line(nodes: list[Node], depth: int) -> str:
    if depth > MAX_DEPTH:
        return _bare(nodes)
    text = "".join(_inline(node, depth + 1) for node in nodes)
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _inline(node: Node, depth: int) -> str:
    render = INLINE.get(_kind(node))
    return render(node) if render else _blocks(_children(node), depth)


def _text(node: Node) -> str:
    text = node.get("text")
    if not isinstance(text, str):
        return ""
    raw = node.get("marks")
    marks = {mark["type"]: mark for mark in raw if _is_mark(mark)} if isinstance(raw, list) else {}
    shown = text
    if "code" in marks:
        fence = "``" if "`" in text else "`"
        shown = f"{fence}{text}{fence}"
    if "link" in marks:
        address = _attribute(marks["link"], "href")
        if address and not _says(text, address):
            shown = f"{shown} ({address})"
    return shown


def _is_mark(mark: object) -> bool:
    return isinstance(mark, dict) and isinstance(mark.get("type"), str)


def _says(label: str, address: str) -> bool:
    """Tell whether a link's label already is its address."""
    bare = address.removeprefix("mailto:").split("://", 1)[-1].rstrip("/")
    return label.strip().split("://", 1)[-1].rstrip("/") == bare


def _mention(node: Node) -> str:
    name = _attribute(node, "text").strip()
    return name if name.startswith("@") or not name else f"@{name}"


def _emoji(node: Node) -> str:
    return _attribute(node, "text") or _attribute(node, "shortName")


def _date(node: Node) -> str:
    try:
        return datetime.fromtimestamp(int(_attribute(node, "timestamp")) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _address(node: Node) -> str:
    return _attribute(node, "url")


def _image(node: Node) -> str:
    alt = _attribute(node, "alt")
    return f"[{alt}]" if alt else ""


def _paragraph(node: Node, depth: int) -> str:
    return _blocks(_children(node), depth)


def _code_block(node: Node, depth: int) -> str:
    code = "".join(child["text"] for child in _children(node) if isinstance(child.get("text"), str)).strip("\n")
    fence = "````" if "```" in code else "```"
    return f"{fence}\n{code}\n{fence}" if code.strip() else ""


def _quote(node: Node, depth: int) -> str:
    text = _blocks(_children(node), depth)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _bullets(node: Node, depth: int) -> str:
    return _items(node, depth, lambda number: "- ")


def _numbers(node: Node, depth: int) -> str:
    order = _attribute(node, "order")
    first = int(order) if order.isdecimal() and len(order) < 7 else 1
    return _items(node, depth, lambda number: f"{first + number}. ")


def _items(node: Node, depth: int, mark: Callable[[int], str]) -> str:
    lines = []
    for number, item in enumerate(_children(node)):
        sign = mark(number)
        text = _item(item, depth + 1)
        if text:
            lines.append(
                sign + text.replace("\n", "\n" + " " * len(sign)).replace("\n" + " " * len(sign) + "\n", "\n\n")
            )
    return "\n".join(lines)


def _item(item: Node, depth: int) -> str:
    """Return an item's blocks; a list inside it follows its paragraph directly."""
    if depth > MAX_DEPTH:
        return _bare([item])
    if _kind(item) in ("taskItem", "decisionItem"):
        return _line(_children(item), depth)
    text = ""
    for child in _children(item) or [item]:
        part = _blocks([child], depth)
        if part and text:
            tight = _kind(child) in ("bulletList", "orderedList", "taskList")
            text += ("\n" if tight else "\n\n") + part
        else:
            text += part
    return text


def _tasks(node: Node, depth: int) -> str:
    lines = []
    for item in _children(node):
        if _kind(item) == "taskList":
            inner = _tasks(item, depth + 1) if depth < MAX_DEPTH else _bare([item])
            lines += [f"  {line}" for line in inner.split("\n") if line]
        else:
            done = "x" if _attribute(item, "state") == "DONE" else " "
            lines.append(f"- [{done}] {_item(item, depth + 1)}")
    return "\n".join(lines)


def _table(node: Node, depth: int) -> str:
    lines: list[str] = []
    for row in _children(node):
        cells = _children(row)
        texts = [_blocks(_children(cell), depth + 1).replace("\n", " ").replace("|", "\\|") for cell in cells]
        if any(texts):
            lines.append("| " + " | ".join(texts) + " |")
            if len(lines) == 1 and _kind(cells[0]) == "tableHeader":
                lines.append("|" + " --- |" * len(texts))
    return "\n".join(lines)


def _titled(node: Node, depth: int) -> str:
    title = _attribute(node, "title")
    body = _blocks(_children(node), depth)
    return f"{title}\n\n{body}" if title else body


def _nothing(node: Node, depth: int) -> str:
    return ""


INLINE: dict[str, Callable[[Node], str]] = {
    "text": _text,
    "hardBreak": lambda node: "\n",
    "mention": _mention,
    "emoji": _emoji,
    "date": _date,
    "status": lambda node: _attribute(node, "text"),
    "inlineCard": _address,
    "mediaInline": _image,
    "placeholder": lambda node: "",
    "inlineExtension": lambda node: _attribute(node, "text"),
}
BLOCKS: dict[str, Callable[[Node, int], str]] = {
    "paragraph": _paragraph,
    "heading": _paragraph,
    "codeBlock": _code_block,
    "blockquote": _quote,
    "bulletList": _bullets,
    "orderedList": _numbers,
    "taskList": _tasks,
    "decisionList": _bullets,
    "table": _table,
    "expand": _titled,
    "nestedExpand": _titled,
    "rule": _nothing,
    "blockCard": lambda node, depth: _address(node),
    "embedCard": lambda node, depth: _address(node),
    "media": lambda node, depth: _image(node),
    "extension": lambda node, depth: _attribute(node, "text"),
}
