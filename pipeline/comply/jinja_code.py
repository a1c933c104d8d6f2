"""Chat templates are programs: what one could do is read from its syntax tree, and it is never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.comply.jinja_costs import costs, is_text
from pipeline.comply.jinja_reach import Reach
from pipeline.comply.jinja_triggers import triggers

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
        *("round", "abs", "sum", "wordcount", "truncate", "from_json", "groupby"),
    }
)
FORBIDDEN = (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)
_DUNDER = re.compile(r"__\w+__")


def dangers(template: str) -> list[str]:
    """Return what about a chat template could run code, read elsewhere, hang, or treat some texts in secret.

    An empty list means that its syntax tree holds nothing but what chat templates are made of.
    """
    if len(template) > MAX_CHARACTERS:
        return [f"it is {len(template):,} characters long"]
    try:
        return list(dict.fromkeys(_walk(_environment().parse(template))))
    except (TemplateSyntaxError, RecursionError) as problem:
        return [f"it is no valid template: {type(problem).__name__}"]


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
        by_name = [arg.value for arg in used.args[:1] if used.name == "map" and isinstance(arg, nodes.Const)]
        yield from (f"it uses the filter {str(name)[:40]}" for name in [used.name, *by_name] if name not in FILTERS)
    yield from _hidden_names(tree)
    reach = Reach(tree)
    if not reach.settled:
        yield "its values flow too far to be followed"
        return
    yield from costs(tree, reach)
    yield from triggers(tree, reach)


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
        if spelt or (isinstance(item.arg, nodes.Add) and is_text(item.arg.left, item.arg.right)):
            yield "it computes the name of what it reaches for"
