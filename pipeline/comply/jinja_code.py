"""Chat templates are programs: what one could do is read from its syntax tree, and it is never run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 50_000
MAX_RANGE = 1000
MAX_TURNS = 100_000
"""Of loops over ranges, one inside the other; and the largest number that a template has a use for."""
FUNCTIONS = frozenset({"raise_exception", "strftime_now", "namespace", "range", "dict", "cycler", "joiner", "loop"})
METHODS = frozenset(
    {
        *("strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "lower", "upper", "title", "capitalize"),
        *("startswith", "endswith", "replace", "removeprefix", "removesuffix", "join", "partition", "rpartition"),
        *("items", "keys", "values", "get", "find", "index", "count", "isdigit", "isalpha", "isspace", "cycle"),
        *("append", "extend", "update", "pop", "copy"),
    }
)
FILTERS = frozenset(
    {
        *(
            "trim",
            "tojson",
            "length",
            "count",
            "lower",
            "upper",
            "title",
            "capitalize",
            "join",
            "list",
            "first",
            "last",
        ),
        *("default", "d", "string", "int", "float", "items", "selectattr", "rejectattr", "select", "reject", "map"),
        *("replace", "safe", "escape", "e", "indent", "unique", "sort", "dictsort", "reverse", "batch", "max", "min"),
        *("round", "abs", "sum", "wordcount", "truncate", "from_json", "groupby"),
    }
)
FORBIDDEN = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)
SEARCHES = frozenset(
    {"startswith", "endswith", "find", "index", "count", "split", "rsplit", "partition", "rpartition", "replace"}
)
CONTENT = frozenset({"content", "text"})
_DUNDER = re.compile(r"__\w+__")
# What a template may compare a message's text with: marks of structure. A word there is a trigger.
_STRUCTURE = re.compile(
    r"^\W*(?:think|/think|tool_call|/tool_call|tool_response|/tool_response|image|audio|video)?\W*$"
)


def dangers(template: str) -> list[str]:
    """Return what about a chat template could run code, read elsewhere, hang, or treat some texts in secret.

    An empty list means that its syntax tree holds nothing but what chat templates are made of.
    """
    if len(template) > MAX_CHARACTERS:
        return [f"it is {len(template):,} characters long"]
    try:
        tree = _environment().parse(template)
    except (TemplateSyntaxError, RecursionError) as problem:
        return [f"it is no valid template: {type(problem).__name__}"]
    return list(dict.fromkeys(_walk(tree)))


def literals(template: str) -> list[str]:
    """Return the texts that a template puts into every prompt; empty when it is no valid template."""
    try:
        tree = _environment().parse(template)
    except (TemplateSyntaxError, RecursionError):
        return []
    found = [node.data for node in tree.find_all(nodes.TemplateData)]
    return found + [node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])


class _Generation(Extension):
    """Knows the `generation` block that transformers adds, so that a template with it can be parsed."""

    tags = {"generation"}  # noqa: RUF012 (as jinja2 declares it)

    def parse(self, parser: Any) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def _walk(tree: nodes.Template) -> Iterator[str]:
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    for node in tree.find_all(FORBIDDEN):
        yield f"it reads another template ({type(node).__name__.lower()})"
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr.startswith("_"):
            yield f"it reaches for the attribute {attribute.attr[:40]}"
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and str(item.arg.value).startswith("__"):
            yield f"it reaches for the item {str(item.arg.value)[:40]}"
    for call in tree.find_all(nodes.Call):
        yield from _call(call, macros)
    for used in tree.find_all(nodes.Filter):
        if used.name not in FILTERS:
            yield f"it uses the filter {str(used.name)[:40]}"
    yield from _hidden_names(tree)
    yield from _costs(tree)
    yield from triggers(tree)


def _call(call: nodes.Call, macros: set[str]) -> Iterator[str]:
    target = call.node
    if isinstance(target, nodes.Name):
        if target.name not in FUNCTIONS | macros | {"caller"}:
            yield f"it calls {target.name[:40]}"
        if target.name == "range" and any(_large(argument) for argument in call.args):
            yield "it loops without end"
    elif isinstance(target, nodes.Getattr):
        if target.attr not in METHODS:
            yield f"it calls the method {target.attr[:40]}"
    else:
        yield "it calls something that it computes"


def _large(argument: nodes.Expr) -> bool:
    if isinstance(argument, nodes.Const):
        return isinstance(argument.value, int) and argument.value > MAX_RANGE
    return isinstance(argument, nodes.Pow | nodes.Mul)


def _hidden_names(tree: nodes.Template) -> Iterator[str]:
    """Names that are spelt by the template itself reach what a plain reading of its attributes does not show."""
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str) and _DUNDER.search(constant.value):
            yield f"it holds the name {constant.value[:40]!r}"
    for item in tree.find_all(nodes.Getitem):
        spelt = item.arg.find(nodes.Concat) is not None or isinstance(item.arg, nodes.Concat)
        if spelt or (isinstance(item.arg, nodes.Add) and _is_text(item.arg.left, item.arg.right)):
            yield "it computes the name of what it reaches for"


def _costs(tree: nodes.Template) -> Iterator[str]:
    """What takes time or memory out of all proportion to the messages."""
    if any(True for _ in tree.find_all(nodes.Pow)):
        yield "it raises numbers to powers"
    if any(_is_text(product.left, product.right) for product in tree.find_all(nodes.Mul)):
        yield "it multiplies text"
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, int) and not isinstance(constant.value, bool) and constant.value > MAX_TURNS:
            yield f"it holds the number {constant.value}"
    for macro in tree.find_all(nodes.Macro):
        parameters = [argument.name for argument in macro.args]
        for call in macro.find_all(nodes.Call):
            given = [argument.name for argument in call.args if isinstance(argument, nodes.Name)]
            if isinstance(call.node, nodes.Name) and call.node.name == macro.name and given == parameters:
                yield f"its macro {macro.name[:40]} calls itself without end"
    yield from _turns(tree, 1)


def _turns(node: nodes.Node, outer: int) -> Iterator[str]:
    for child in node.iter_child_nodes():
        turns = outer
        if isinstance(child, nodes.For):
            if child.recursive:
                yield "it loops over itself"
            turns *= _range_of(child.iter)
            if turns > MAX_TURNS:
                yield "it loops without end"
        yield from _turns(child, turns)


def _range_of(source: nodes.Node) -> int:
    if not (isinstance(source, nodes.Call) and isinstance(source.node, nodes.Name) and source.node.name == "range"):
        return 1
    numbers = [argument.value for argument in source.args if isinstance(argument, nodes.Const)]
    return max((number for number in numbers if isinstance(number, int)), default=1)


def _is_text(*sides: nodes.Node) -> bool:
    return any(isinstance(side, nodes.Const) and isinstance(side.value, str) for side in sides)


def triggers(tree: nodes.Template) -> Iterator[str]:
    """Yield what makes some messages, or some days, different: a word that is looked for in them, or a date."""
    for comparison in tree.find_all(nodes.Compare):
        sides = [comparison.expr, *(operand.expr for operand in comparison.ops)]
        if any(_calls(side, "strftime_now") for side in sides):
            yield "it does something else from a certain day on"
        if any(_is_content(side) for side in sides):
            yield from (f"it treats messages with {word[:40]!r} differently" for word in _words_of(sides))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in SEARCHES and _is_content(call.node.node):
            yield from (f"it treats messages with {word[:40]!r} differently" for word in _words_of(call.args))
    for used in tree.find_all(nodes.Filter):
        if used.name == "replace" and used.node is not None and _is_content(used.node):
            yield from (f"it changes the word {word[:40]!r} in messages" for word in _words_of(used.args))


def _words_of(expressions: Iterable[nodes.Node]) -> Iterator[str]:
    for expression in expressions:
        word = expression.value if isinstance(expression, nodes.Const) else None
        if isinstance(word, str) and not _STRUCTURE.match(word):
            yield word


def _calls(node: nodes.Node, name: str) -> bool:
    calls = [*node.find_all(nodes.Call), *([node] if isinstance(node, nodes.Call) else [])]
    return any(isinstance(call.node, nodes.Name) and call.node.name == name for call in calls)


def _is_content(node: nodes.Node) -> bool:
    """Tell whether an expression is, or is made from, what a message says; its role is not."""
    every = [node, *node.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))]
    taken = [str(part.attr) for part in every if isinstance(part, nodes.Getattr)]
    taken += [
        str(part.arg.value) for part in every if isinstance(part, nodes.Getitem) and isinstance(part.arg, nodes.Const)
    ]
    names = {part.name for part in every if isinstance(part, nodes.Name)}
    return bool(CONTENT & set(taken)) or bool(names & {"content", "text"}) or ("message" in names and not taken)
