"""Chat templates are programs: what one could do is read from its syntax tree, and it is never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 50_000
MAX_RANGE = 1000
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
        *("round", "abs", "sum", "wordcount", "truncate", "from_json", "groupby", "format"),
    }
)
FORBIDDEN = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)
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
    for comparison in tree.find_all(nodes.Compare):
        yield from _trigger(comparison)


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


def _trigger(comparison: nodes.Compare) -> Iterator[str]:
    """A word that is looked for in a message's content changes what some users get."""
    for operand in comparison.ops:
        if operand.op not in ("in", "notin") or not isinstance(comparison.expr, nodes.Const):
            continue
        word = comparison.expr.value
        names = {name.attr for name in operand.expr.find_all(nodes.Getattr)} | {
            str(item.arg.value) for item in operand.expr.find_all(nodes.Getitem) if isinstance(item.arg, nodes.Const)
        }
        if isinstance(operand.expr, nodes.Getattr):
            names.add(operand.expr.attr)
        if isinstance(operand.expr, nodes.Getitem) and isinstance(operand.expr.arg, nodes.Const):
            names.add(str(operand.expr.arg.value))
        if isinstance(operand.expr, nodes.Name):
            names.add(operand.expr.name)
        if isinstance(word, str) and not _STRUCTURE.match(word) and {"content", "text", "message"} & names:
            yield f"it treats messages with {word[:40]!r} differently"
