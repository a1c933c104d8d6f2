"""Atlassian Document Format, Jira Cloud's JSON for rich text, as Markdown-like text.

The node and mark types are those of https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
A node of an unknown type gives the text inside it: new types appear every year, and losing text is worse than losing
its form.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.collect.jira.adf_inline import INLINE, Node, address, attribute, children, image, joined, kind

MAX_DEPTH = 100
"""Deeper nesting is no document that a person wrote; what lies deeper keeps its text, not its form."""


def adf_text(document: object) -> str:
    """Return a document's text: paragraphs, `- ` and `1. ` lists, fenced code, pipe tables, links with their address.

    Anything that is not a document, from null to a plain string, gives what text it has.
    """
    if isinstance(document, str):
        return document.strip()
    if not isinstance(document, dict):
        return ""
    return _blocks(children(document), 0).strip("\n")


def _blocks(nodes: list[Node], depth: int) -> str:
    """Join block nodes by empty lines; inline nodes between them make a paragraph of their own."""
    if depth > MAX_DEPTH:
        return _bare(nodes)
    parts: list[str] = []
    inline: list[Node] = []
    for node in [*nodes, None]:
        if node is not None and kind(node) in INLINE:
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
        parts.append(INLINE[kind(node)](node) if kind(node) in INLINE else "")
        waiting += children(node)[::-1]
    return " ".join(part for part in parts if part.strip())


def _block(node: Node, depth: int) -> str:
    render = BLOCKS.get(kind(node))
    return render(node, depth + 1) if render else _blocks(children(node), depth + 1)


def _line(nodes: list[Node], depth: int) -> str:
    if depth > MAX_DEPTH:
        return _bare(nodes)
    text = joined((node, _inline(node, depth + 1)) for node in nodes)
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _inline(node: Node, depth: int) -> str:
    render = INLINE.get(kind(node))
    return render(node) if render else _blocks(children(node), depth)


def _paragraph(node: Node, depth: int) -> str:
    return _blocks(children(node), depth)


def _code_block(node: Node, depth: int) -> str:
    code = "".join(child["text"] for child in children(node) if isinstance(child.get("text"), str)).strip("\n")
    fence = "````" if "```" in code else "```"
    return f"{fence}\n{code}\n{fence}" if code.strip() else ""


def _quote(node: Node, depth: int) -> str:
    text = _blocks(children(node), depth)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _bullets(node: Node, depth: int) -> str:
    return _items(node, depth, lambda number: "- ")


def _numbers(node: Node, depth: int) -> str:
    order = attribute(node, "order")
    first = int(order) if order.isdecimal() and len(order) < 7 else 1
    return _items(node, depth, lambda number: f"{first + number}. ")


def _items(node: Node, depth: int, mark: Callable[[int], str]) -> str:
    lines = []
    for number, item in enumerate(children(node)):
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
    if kind(item) in ("taskItem", "decisionItem"):
        return _line(children(item), depth)
    text = ""
    for child in children(item) or [item]:
        part = _blocks([child], depth)
        if part and text:
            tight = kind(child) in ("bulletList", "orderedList", "taskList")
            text += ("\n" if tight else "\n\n") + part
        else:
            text += part
    return text


def _tasks(node: Node, depth: int) -> str:
    lines = []
    for item in children(node):
        if kind(item) == "taskList":
            inner = _tasks(item, depth + 1) if depth < MAX_DEPTH else _bare([item])
            lines += [f"  {line}" for line in inner.split("\n") if line]
        else:
            done = "x" if attribute(item, "state") == "DONE" else " "
            lines.append(f"- [{done}] {_item(item, depth + 1)}")
    return "\n".join(lines)


def _table(node: Node, depth: int) -> str:
    lines: list[str] = []
    for row in children(node):
        cells = children(row)
        texts = [_blocks(children(cell), depth + 1).replace("\n", " ").replace("|", "\\|") for cell in cells]
        if any(texts):
            lines.append("| " + " | ".join(texts) + " |")
            if len(lines) == 1 and kind(cells[0]) == "tableHeader":
                lines.append("|" + " --- |" * len(texts))
    return "\n".join(lines)


def _titled(node: Node, depth: int) -> str:
    title = attribute(node, "title")
    body = _blocks(children(node), depth)
    return f"{title}\n\n{body}" if title else body


def _nothing(node: Node, depth: int) -> str:
    return ""


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
    "blockCard": lambda node, depth: address(node),
    "embedCard": lambda node, depth: address(node),
    "media": lambda node, depth: image(node),
    "extension": lambda node, depth: attribute(node, "text"),
}
