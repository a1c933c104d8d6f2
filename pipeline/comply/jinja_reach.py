"""What the expressions of a chat template are made from: what messages say, the date, and words of its own.

An assignment hides none of it: what flows into a name, an attribute of a namespace, a loop's variable or a macro's
parameter flows on from there. Scopes and the order of statements are not looked at, so too much is followed rather than
too little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import nodes

MESSAGES, TEXT, DATE = "messages", "text", "date"
CONTENT = frozenset({"content", "text"})
# The lists of messages and the messages themselves; what they say comes out of them under one of CONTENT.
_MESSAGES = frozenset({"messages", "message"})
# What makes one text of a message or of a list of them.
_FLATTENING = frozenset({"string", "tojson", "join", "items", "dictsort", "values", "sum", "safe", "escape", "e"})
COUNTING = frozenset({"length", "count", "wordcount"})
_BOOLEAN = (nodes.Compare, nodes.Test, nodes.Not)
MAX_FLOWS = 1000
MAX_ROUNDS = 100
"""How often everything may flow on: published templates need three or four rounds."""


class Reach:
    """What flows into each name of a template; built once, asked for every expression."""

    def __init__(self, tree: nodes.Template) -> None:
        """Follow every assignment, loop and macro until nothing new flows anywhere."""
        self._kinds: dict[str, frozenset[str]] = {name: frozenset({MESSAGES}) for name in _MESSAGES}
        self._kinds |= {name: frozenset({TEXT}) for name in CONTENT}
        self._words: dict[str, frozenset[Any]] = {}
        self.flows = list(_flows(tree))
        self.settled = len(self.flows) <= MAX_FLOWS and _settled(self.flows, self._kinds, self.kinds)
        # Words that stand beside what a message says (`'Q: ' ~ content`) are no words that it is compared with.
        plain = [(name, source) for name, source in self.flows if TEXT not in self.kinds(source)]
        if self.settled:
            self.settled = _settled(plain, self._words, lambda source: frozenset(self.constants(source)))

    def kinds(self, node: nodes.Node | None) -> frozenset[str]:
        """Return what an expression, or what a block writes, is made from: MESSAGES, TEXT and DATE."""
        if node is None or isinstance(node, _BOOLEAN):
            return frozenset()
        if isinstance(node, nodes.Name):
            return self._kinds.get(node.name, frozenset())
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._taken(node)
        if isinstance(node, nodes.Filter):
            return self._filtered(node)
        if isinstance(node, nodes.Call):
            return self._called(node)
        return self._all(node.iter_child_nodes())

    def kinds_of(self, body: Iterable[nodes.Node]) -> frozenset[str]:
        """Return what several expressions or statements are made from together."""
        return self._all(body)

    def _all(self, found: Iterable[nodes.Node | None]) -> frozenset[str]:
        return frozenset().union(*(self.kinds(node) for node in found))

    def _taken(self, node: nodes.Getattr | nodes.Getitem) -> frozenset[str]:
        path = name_of(node)
        if path in self._kinds:
            return self._kinds[path]
        keys = [node.attr] if isinstance(node, nodes.Getattr) else list(self.constants(node.arg))
        base = self.kinds(node.node)
        spelt = isinstance(node, nodes.Getattr) or isinstance(node.arg, nodes.Const)
        if spelt and keys and keys[0] in ("role", "type"):
            return frozenset()  # of a part of a content too: a text has neither
        if CONTENT & {str(key) for key in keys}:
            return base | {TEXT}
        if isinstance(node, nodes.Getitem) and not spelt and MESSAGES in self.kinds(node.arg):
            return base | {TEXT}
        return base

    def _filtered(self, node: nodes.Filter) -> frozenset[str]:
        if node.name in COUNTING:
            return frozenset()
        found = self.kinds(node.node) | self._all([*node.args, *(pair.value for pair in node.kwargs)])
        given = {str(value) for value in self.given(node)}
        if node.name in ("map", "groupby", "sum") and MESSAGES in found and not CONTENT & given:
            # Of what is taken out by another name than those of texts, nothing is known to be a text.
            flat = bool(given & _FLATTENING) or not given
            return found | {TEXT} if flat else found
        return found | {TEXT} if MESSAGES in found and (node.name in _FLATTENING or CONTENT & given) else found

    def _called(self, node: nodes.Call) -> frozenset[str]:
        given = [*node.args, *(pair.value for pair in node.kwargs)]
        if isinstance(node.node, nodes.Name):
            if node.node.name == "strftime_now":
                return frozenset({DATE})
            return self._all(given) | self._kinds.get(f"{node.node.name}()", frozenset())
        found = self.kinds(node.node.node if isinstance(node.node, nodes.Getattr) else node.node) | self._all(given)
        method = node.node.attr if isinstance(node.node, nodes.Getattr) else ""
        if MESSAGES in found and (method in _FLATTENING or CONTENT & {str(value) for value in self.given(node)}):
            return found | {TEXT}
        return found

    def given(self, node: nodes.Filter | nodes.Call) -> list[Any]:
        """Return the constants among the arguments of a call or a filter."""
        found = [*node.args, *(pair.value for pair in node.kwargs)]
        return [value for argument in found for value in self.constants(argument)]

    def constants(self, node: nodes.Node, *, named: bool = True) -> Iterator[Any]:
        """Yield the constants that an expression is made from, and (`named`) those that flow into the names in it.

        The name of an item that is taken out of something (`message['role']`, `message.get('role')`) is none of them.
        """
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get":
            node = nodes.List([node.node.node, *node.args[1:]])
        if isinstance(node, nodes.Const):
            yield node.value
        elif isinstance(node, nodes.TemplateData):
            yield node.data
        elif isinstance(node, nodes.Name):
            yield from self._words.get(node.name, ()) if named else ()
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            yield from self._words.get(name_of(node) or "", ()) if named else ()
            yield from self.constants(node.node, named=named)
        else:
            for child in node.iter_child_nodes():
                yield from self.constants(child, named=named)


def _settled(
    flows: list[tuple[str, nodes.Node]], table: dict[str, frozenset[Any]], read: Callable[[nodes.Node], frozenset[Any]]
) -> bool:
    """Let everything flow until nothing new arrives; False when that took too long."""
    for _ in range(MAX_ROUNDS):
        before = sum(len(kept) for kept in table.values())
        for name, source in flows:
            table[name] = table.get(name, frozenset()) | read(source)
        if sum(len(kept) for kept in table.values()) == before:
            return True
    return False


def name_of(node: nodes.Node) -> str | None:
    """Return under which name a value is kept: a variable's, or `namespace.attribute`; None for other expressions."""
    if isinstance(node, nodes.Name):
        return str(node.name)
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name) and isinstance(node.arg, nodes.Const):
        return f"{node.node.name}.{node.arg.value}"
    return None


def _flows(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node]]:
    """Yield every name that something flows into, with what flows."""
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    for assign in tree.find_all(nodes.Assign):
        yield from _targets(assign.target, assign.node)
        if isinstance(assign.node, nodes.Call) and isinstance(assign.target, nodes.Name):
            yield from ((f"{assign.target.name}.{pair.key}", pair.value) for pair in assign.node.kwargs)
    for block in tree.find_all(nodes.AssignBlock):
        yield from ((name, part) for part in block.body for name, _ in _targets(block.target, part))
    for macro in macros.values():
        yield from ((f"{macro.name}()", output) for output in macro.find_all(nodes.Output))
    for loop in tree.find_all(nodes.For):
        yield from _targets(loop.target, loop.iter)
    for scope in tree.find_all(nodes.With):
        for target, value in zip(scope.targets, scope.values, strict=True):
            yield from _targets(target, value)
    for call in tree.find_all(nodes.Call):
        called = macros.get(call.node.name) if isinstance(call.node, nodes.Name) else None
        if called is not None:
            yield from ((target.name, value) for target, value in zip(called.args, call.args, strict=False))
            yield from ((pair.key, pair.value) for pair in call.kwargs)


def _targets(target: nodes.Node, source: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    if isinstance(target, nodes.Tuple):
        for part in target.items:
            yield from _targets(part, source)
    elif (name := name_of(target)) is not None:
        yield name, source
