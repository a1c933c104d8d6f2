"""What in a chat template takes time or memory out of all proportion to the messages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import prod

from jinja2 import nodes

from pipeline.comply.jinja_reach import COUNTING, Reach, name_of

MAX_TURNS = 100_000
"""Of loops over ranges, one inside the other; and the largest number that a template has a use for."""
MAX_SIZE = 10_000_000
"""Characters, or turns of a loop: what a template may write on top of the messages, each of which counts as one."""
MAX_GROWTH = 64
_ONE_OF = (nodes.CondExpr, nodes.Or, nodes.And)
_TRUTHS = (nodes.Compare, nodes.Test, nodes.Not)
_SILENT = (nodes.Macro, *_TRUTHS)
_COUNTED = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.Slice)
_SPREADING = frozenset({"replace", "join", "indent", "tojson", "batch"})
_WIDE = re.compile(r"%[-+ #0]*(?:\d{4,}|\*)")


def costs(tree: nodes.Template, reach: Reach) -> Iterator[str]:
    """Yield what could keep a machine busy, or fill its memory, whatever the messages are."""
    if any(True for _ in tree.find_all(nodes.Pow)):
        yield "it raises numbers to powers"
    if any(is_text(product.left, product.right) for product in tree.find_all(nodes.Mul)):
        yield "it multiplies text"
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, int) and not isinstance(constant.value, bool) and constant.value > MAX_TURNS:
            yield f"it holds the number {constant.value}"
        if isinstance(constant.value, str) and _WIDE.search(constant.value):
            yield "it pads text without limit"
    yield from _recursion(tree)
    yield from _turns(tree, 1, reach)
    if (name := _growing(reach)) is not None:
        yield f"it doubles {name[:40]} again and again"
    elif _Sizes(reach).too_large(tree):
        yield "it writes more than any prompt can hold"


def is_text(*sides: nodes.Node) -> bool:
    """Tell whether one of some expressions is a text that stands in the template."""
    return any(isinstance(side, nodes.Const) and isinstance(side.value, str) for side in sides)


def _recursion(tree: nodes.Template) -> Iterator[str]:
    """A macro may call itself for the parts of what it was given, and not as often as it counts."""
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    calls = {name: list(_calls_in(macro)) for name, macro in macros.items()}
    for name, macro in macros.items():
        reached, fresh = {name}, {called for called, _ in calls[name]} & set(macros)
        while fresh - reached:
            reached |= fresh
            fresh = {called for other in fresh for called, _ in calls[other]} & set(macros)
        parameters = [argument.name for argument in macro.args]
        for call in (call for other in reached for called, call in calls[other] if called == name):
            given = [argument.name for argument in call.args if isinstance(argument, nodes.Name)]
            counted = any(isinstance(part, _COUNTED) for part in [*call.args, *call.find_all(_COUNTED)])
            if given == parameters or counted:
                yield f"its macro {name[:40]} calls itself without end"


def _calls_in(macro: nodes.Macro) -> Iterator[tuple[str, nodes.Call]]:
    for call in macro.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            yield str(call.node.name), call


def _turns(node: nodes.Node, outer: int, reach: Reach) -> Iterator[str]:
    for child in node.iter_child_nodes():
        turns = outer
        if isinstance(child, nodes.For):
            if child.recursive:
                yield "it loops over itself"
            turns *= _turns_of(child.iter, reach)
            if turns > MAX_TURNS:
                yield "it loops without end"
        yield from _turns(child, turns, reach)


def _turns_of(source: nodes.Node, reach: Reach) -> int:
    """Return how often a loop turns at most, as far as the template alone decides it."""
    found = list(reach.constants(source))
    if isinstance(source, nodes.Call) and isinstance(source.node, nodes.Name) and source.node.name == "range":
        return max((abs(number) for number in found if isinstance(number, int)), default=1) or 1
    return max([1, *(len(text) for text in found if isinstance(text, str))])


def _growing(reach: Reach) -> str | None:
    """Return the first name whose value comes to hold itself several times over, None when there is none.

    An attribute of a namespace outlives the turns of a loop, so for it twice is too often. A variable begins anew with
    each turn: what is written about it counts as often as it is written.
    """
    flows: dict[str, list[nodes.Node]] = defaultdict(list)
    for name, source in reach.flows:
        flows[name].append(source)
    for name in flows:
        times = _Times(name, flows)
        factors = [times.of(source) for source in flows[name]]
        if max(factors) > 1 if "." in name else prod(max(1, factor) for factor in factors) > MAX_GROWTH:
            return name
    return None


class _Times:
    """How many times values hold what is kept under a name; what spreads a text counts twice."""

    def __init__(self, name: str, flows: Mapping[str, list[nodes.Node]]) -> None:
        self._flows = flows
        self._known = {name: 1}

    def of(self, node: nodes.Node) -> int:
        """Return it for an expression, or for what a statement writes."""
        kept = name_of(node)
        if kept is not None and kept in self._flows:
            if kept not in self._known:
                self._known[kept] = 0
                self._known[kept] = max(self.of(source) for source in self._flows[kept])
            return self._known[kept]
        if isinstance(node, _TRUTHS) or (isinstance(node, nodes.Filter) and node.name in COUNTING):
            return 0
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self.of(node.node)
        if isinstance(node, nodes.CondExpr):  # what decides is not written
            return max(self.of(node.expr1), self.of(node.expr2) if node.expr2 else 0)
        inner = [self.of(child) for child in node.iter_child_nodes()]
        if isinstance(node, _ONE_OF):
            return max(inner, default=0)
        return min(MAX_SIZE, sum(inner) * (2 if isinstance(node, nodes.Mul) or _spreads(node) else 1))


def _spreads(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        name, given = node.name, node.args
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        name, given = node.node.attr, node.args
    else:
        return False
    lengths = [len(part.value) for part in given if isinstance(part, nodes.Const) and isinstance(part.value, str)]
    shorter = name == "replace" and len(lengths) > 1 and lengths[1] <= lengths[0]
    return name in _SPREADING and not shorter


class _Sizes:
    """How much expressions and statements write at most, as far as the template alone decides it."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._flows: dict[str, list[nodes.Node]] = defaultdict(list)
        for name, source in reach.flows:
            self._flows[name].append(source)
        self._known: dict[str, int] = {}

    def too_large(self, tree: nodes.Template) -> bool:
        """Tell whether a template, or one of its variables, may become larger than any prompt."""
        return any(size > MAX_SIZE for size in [self.of(tree), *(self._named(name) for name in self._flows)])

    def of(self, node: nodes.Node) -> int:
        """Return the size of an expression, or of what a statement writes; what is too large is not counted further."""
        return min(MAX_SIZE + 1, self._size(node))

    def _size(self, node: nodes.Node) -> int:
        if isinstance(node, nodes.Const | nodes.TemplateData):
            value = node.data if isinstance(node, nodes.TemplateData) else node.value
            return len(value) if isinstance(value, str) else 1
        kept = name_of(node)
        if kept is not None:
            return self._named(kept)
        if isinstance(node, _SILENT):
            return 1
        inner = [self.of(child) for child in node.iter_child_nodes()]
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            inner.append(self._named(f"{node.node.name}()"))
        if isinstance(node, nodes.Mul):
            numbers = [abs(number) for number in self._reach.constants(node) if isinstance(number, int)]
            return max([1, *inner]) * max([1, *numbers])
        if isinstance(node, nodes.For):
            return max(1, sum(inner)) * _turns_of(node.iter, self._reach)
        return prod(max(1, size) for size in inner) if _spreads(node) else sum(inner)

    def _named(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = 1  # for what flows into itself: `_growing` looks at that
            sizes = [self.of(source) for source in self._flows.get(name, ())]
            # A macro writes all its parts, a variable is one of them.
            self._known[name] = max(1, sum(sizes) if name.endswith("()") else max(sizes, default=1))
        return self._known[name]
