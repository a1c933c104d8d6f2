"""What makes a chat template treat some messages, or some days, differently."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes

from pipeline.comply.jinja_parts import asks_for_key
from pipeline.comply.jinja_reach import CONTENT, DATE, MESSAGES, TEXT, Reach

SEARCHES = frozenset(
    {
        *("startswith", "endswith", "find", "index", "count", "split", "rsplit", "partition", "rpartition", "replace"),
        *("removeprefix", "removesuffix", "strip", "lstrip", "rstrip", "get"),
    }
)
# Filters that choose by comparing: with a word in what they are given, or beside a word in what they choose from.
_CHOOSING = frozenset({"select", "reject", "replace", "trim"})
_ORDERING = frozenset({"min", "max", "sort", "unique", "groupby"})
_BY_ATTRIBUTE = frozenset({"selectattr", "rejectattr", "map", "groupby"})
# Tests that ask what kind of value something is, not what it says.
_KINDS = frozenset(
    {
        *("defined", "undefined", "none", "string", "mapping", "sequence", "iterable", "number", "boolean", "true"),
        *("false", "callable", "integer", "float"),
    }
)
# What a template may compare a message's text with: marks of structure. A word there is a trigger.
_STRUCTURE = re.compile(
    r"^\W*(?:/?(?:think|tool_call|tool_response|image|audio|video|channel))?\W*$"
    r"|^<\|channel\|>(?:analysis|commentary|final)<\|message\|>$"
)
DAY = "it does something else from a certain day on"


def triggers(tree: nodes.Template, reach: Reach) -> Iterator[str]:
    """Yield what makes some messages, or some days, different: a word that is looked for in them, or a date.

    A word is followed through assignments, loops, macros and filters, and so are message and date.
    """
    for comparison in (one for one in tree.find_all(nodes.Compare) if not asks_for_key(one, tree, reach)):
        yield from _compared([comparison.expr, *(operand.expr for operand in comparison.ops)], reach)
    for test in tree.find_all(nodes.Test):
        if test.name not in _KINDS:
            yield from _compared([test.node, *test.args, *(pair.value for pair in test.kwargs)], reach)
            if not test.args and TEXT in reach.kinds(test.node):
                yield f"it treats messages differently that are {str(test.name)[:40]}"
    for call in tree.find_all(nodes.Call):
        yield from _call(call, reach)
    for used in tree.find_all(nodes.Filter):
        yield from _filter(used, reach)
    for block in tree.find_all(nodes.FilterBlock):
        yield from _changed(block.filter, reach.kinds_of(block.body), reach.given(block.filter))
    for item in tree.find_all(nodes.Getitem):
        yield from _looked_up(reach.kinds(item.arg) if not isinstance(item.arg, nodes.Slice) else frozenset())
    for pair in tree.find_all(nodes.Pair):
        yield from _looked_up(reach.kinds(pair.key))


def _compared(sides: list[nodes.Node], reach: Reach) -> Iterator[str]:
    if any(DATE in reach.kinds(side) for side in sides):
        yield DAY
    texts = [TEXT in reach.kinds(side) for side in sides]
    for side, says in zip(sides, texts, strict=True):
        # What flows into a text besides the message (`'Q: ' ~ content`) is compared only where another text stands by.
        if any(texts):
            yield from _different(reach.constants(side, named=not says or sum(texts) > 1))


def _call(call: nodes.Call, reach: Reach) -> Iterator[str]:
    if isinstance(call.node, nodes.Name):
        if call.node.name == "range" and any(DATE in reach.kinds(argument) for argument in call.args):
            yield DAY
        return
    if not isinstance(call.node, nodes.Getattr) or call.node.attr not in SEARCHES:
        return
    searched, given = call.node.node, [*call.args, *(pair.value for pair in call.kwargs)]
    among = frozenset().union(*(reach.kinds(argument) for argument in given))
    if call.node.attr == "get":
        yield from _looked_up(reach.kinds(given[0]) if given else frozenset())
        return
    if DATE in reach.kinds(searched) | among:
        yield DAY
    if TEXT in reach.kinds(searched):
        yield from _different(reach.given(call))
    if TEXT in among:
        yield from _different(reach.constants(searched))


def _filter(used: nodes.Filter, reach: Reach) -> Iterator[str]:
    kinds = reach.kinds(used.node)
    given = reach.given(used)
    if used.name in ("int", "float"):
        yield from [DAY] if DATE in kinds else []
        yield from ["it reads numbers out of messages"] if TEXT in kinds else []
    if used.name in _ORDERING:
        beside = list(reach.constants(used.node, named=False)) if used.node is not None else []
        yield from _changed(used, kinds, beside)
    yield from _changed(used, kinds, given)
    if used.name in _BY_ATTRIBUTE and kinds & {MESSAGES, TEXT}:
        about = {part for value in given[:1] for part in str(value).split(".")}
        texts = bool(CONTENT & about) or TEXT in kinds or not given
        # map(filter, arguments …), selectattr(attribute, test, arguments …)
        first = 1 if used.name == "map" else 2
        found = [word for argument in used.args[first:] for word in reach.constants(argument)]
        yield from _different(found) if texts and used.name != "groupby" else ()


def _changed(used: nodes.Filter, kinds: frozenset[str], words: Iterable[Any]) -> Iterator[str]:
    if used.name not in _CHOOSING | _ORDERING:
        return
    if DATE in kinds:
        yield DAY
    if TEXT in kinds:
        text = "it changes the word {!r} in messages" if used.name == "replace" else _DIFFERENTLY
        skipped = 1 if used.name in ("select", "reject") else 0
        yield from (text.format(word[:40]) for word in _words(list(words)[skipped:]))


def _looked_up(kinds: frozenset[str]) -> Iterator[str]:
    if DATE in kinds:
        yield DAY
    if TEXT in kinds:
        yield "it looks up what messages say"


_DIFFERENTLY = "it treats messages with {!r} differently"


def _different(found: Iterable[Any]) -> Iterator[str]:
    yield from (_DIFFERENTLY.format(word[:40]) for word in _words(found))


def _words(found: Iterable[Any]) -> Iterator[str]:
    for word in found:
        if isinstance(word, str) and not _STRUCTURE.match(word):
            yield word
