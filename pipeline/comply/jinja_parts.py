"""Messages in parts (text, pictures, sound): which comparisons ask only of what kind a part is."""

from __future__ import annotations

from jinja2 import nodes

from pipeline.comply.jinja_reach import CONTENT, Reach

_KEYS = frozenset({"text", "image_url", "video_url", "audio_url", "input_audio"})
# What leaves a text whole: nothing of it runs over the words of a message.
_WHOLE = frozenset({"trim", "string", "safe"})


def asks_for_key(comparison: nodes.Compare, tree: nodes.Template, reach: Reach) -> bool:
    """Tell whether a comparison is `'text' in part`, where `part` runs over what a message says and over nothing else.

    A message in parts is a list of mappings, and the question is about a key. Where it is one text, a part is one of
    its letters, and no key is in that.
    """
    if len(comparison.ops) != 1 or comparison.ops[0].op not in ("in", "notin"):
        return False
    key, part = comparison.expr, comparison.ops[0].expr
    if not (isinstance(key, nodes.Const) and key.value in _KEYS and isinstance(part, nodes.Name)):
        return False
    loops = [loop for loop in tree.find_all(nodes.For) if _is_named(loop.target, part.name)]
    flows = [source for name, source in reach.flows if name == part.name]
    return bool(loops) and len(loops) == len(flows) and all(_is_whole(loop.iter, reach) for loop in loops)


def _is_named(target: nodes.Node, name: str) -> bool:
    return isinstance(target, nodes.Name) and target.name == name


def _is_whole(source: nodes.Node, reach: Reach) -> bool:
    """Tell whether a loop runs over a message's text itself, not over words that were made of it."""
    if isinstance(source, nodes.Getattr):
        return source.attr in CONTENT
    if isinstance(source, nodes.Getitem):
        return isinstance(source.arg, nodes.Const) and source.arg.value in CONTENT
    if not (isinstance(source, nodes.Name) and source.name in CONTENT):
        return False
    return all(_is_text(flow) for name, flow in reach.flows if name == source.name)


def _is_text(node: nodes.Node) -> bool:
    calls = list(node.find_all(nodes.Call)) + ([node] if isinstance(node, nodes.Call) else [])
    filters = list(node.find_all(nodes.Filter)) + ([node] if isinstance(node, nodes.Filter) else [])
    return all(isinstance(call.node, nodes.Name) for call in calls) and all(used.name in _WHOLE for used in filters)
