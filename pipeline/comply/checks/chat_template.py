"""Chat templates: programs that come with a tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pipeline.comply import jinja_code
from pipeline.comply.check import Check, Limits, Result, not_applicable, verdict
from pipeline.comply.detect.injections import instructs
from pipeline.comply.subject import ModelFiles, Subject

_ADDRESS = re.compile(r"https?://(?!(?:www\.)?example\.)[^\s'\"<>]+|javascript:|data:text/html", re.IGNORECASE)
_TURN = re.compile(r"<\|?\w+\|?>(?:\s*system\b)?|\[/?(?:INST|SYSTEM)\]|<</?SYS>>")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")

_CONFIG = "tokenizer_config.json"
_FILE = "chat_template.jinja"
_SUFFIX = ".jinja"
_MORE = PurePosixPath("additional_chat_templates")
# transformers keeps the files under names in one table, where these two are those of the default template itself.
_SHADOWS = frozenset({"default", "file"})


class ChatTemplateCode(Check):
    """A template that formats turns and nothing else, the same as the base model's."""

    slug = "chat_template"
    title = "Chat template"
    proves = (
        "The chat template, read as a syntax tree and never run before this check has passed, formats turns and does "
        "nothing else: no reach for Python, no other templates, no loops without end, no words that make it treat some "
        "messages differently, no hidden instructions, and it is the base model's."
    )
    risks = ("supply-chain", "data-and-model-poisoning", "prompt-injection")
    severity = "critical"
    remedy = "Put the base model's chat template back"
    before_loading = True
    waivable = False

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Read every template of the candidate, and compare what transformers would load of them with the base's."""
        try:
            mine = templates(subject.candidate)
            other = templates(subject.base) if subject.base else None
        except (ValueError, OSError, RecursionError) as problem:
            return verdict([f"the templates cannot be read: {str(problem)[:120]}"], "", {})
        if not mine and not other:
            return not_applicable("the model has no chat template: prompts are plain text")
        problems = [f"{place}: {wrong}" for place in mine if (wrong := _misplaced(place))]
        for place, text in mine.items():
            problems += [f"{place}: {danger}" for danger in jinja_code.dangers(text)]
            # What the base model's own makers wrote is no tampering, whatever it says.
            if other is None or text not in other.values():
                problems += [f"{place}: {problem}" for problem in _hidden(text, published=subject.is_base)]
        if other is not None:
            problems += _differences(mine, other)
        measured = {"templates": len(mine), "compared_with_base": other is not None}
        return verdict(problems, f"{len(mine)} template(s) that format turns and do nothing else", measured)


def templates(model: ModelFiles) -> dict[str, str]:
    """Return every chat template in a model's folder by where it stands, also those that nothing would load.

    That is a file's path, or `tokenizer_config.json:NAME` for an entry of the configuration. Raises ValueError when a
    file is no text.
    """
    found: dict[str, str] = {}
    config = model.path(_CONFIG)
    if config.is_file():
        content = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            found |= {f"{_CONFIG}:{name}": text for name, text in _named(content.get("chat_template"))}
    for path in sorted(model.folder.rglob("*")):
        if path.suffix.lower() == _SUFFIX and path.is_file() and not path.is_symlink():
            found[path.relative_to(model.folder).as_posix()] = path.read_text(encoding="utf-8")
    return found


def loaded(found: Mapping[str, str]) -> dict[str, str]:
    """Return what transformers loads of the templates of a folder, by the name under which it knows each.

    Files come before the configuration: as soon as there is one, its entries are not read at all.
    """
    files = {"default": found[_FILE]} if _FILE in found else {}
    files |= {PurePosixPath(place).stem: found[place] for place in found if PurePosixPath(place).parent == _MORE}
    entries = {place.partition(":")[2]: text for place, text in found.items() if place.startswith(f"{_CONFIG}:")}
    return files or entries


def _misplaced(place: str) -> str | None:
    path = PurePosixPath(place)
    if place == _FILE or place.startswith(f"{_CONFIG}:"):
        return None
    if path.parent != _MORE or path.suffix != _SUFFIX:
        return f"templates are {_FILE} and those directly in {_MORE}; nothing should read one elsewhere"
    return f"it would be loaded in the place of {_FILE}" if path.stem in _SHADOWS else None


def _differences(mine: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    used, expected = loaded(mine), loaded(other)
    changed = {name for name in {*used, *expected} if used.get(name) != expected.get(name)}
    # What transformers passes over may be what another program reads.
    changed |= {place for place, text in mine.items() if text not in other.values()}
    if changed:
        yield f"it is not the base model's ({', '.join(sorted(changed))})"


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "default", value
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, dict) and isinstance(entry.get("template"), str):
                yield str(entry.get("name")), entry["template"]


def _hidden(template: str, *, published: bool) -> Iterator[str]:
    """Yield what a template puts into prompts unseen; the marks of turns are what a published one is there for."""
    for literal in jinja_code.literals(template):
        text = _TURN.sub(" ", literal) if published else literal
        if _ADDRESS.search(text):
            yield "it writes an address into every prompt"
        if _INVISIBLE.search(text):
            yield "it writes invisible characters into every prompt"
        if instructs(text):
            yield "it writes instructions of its own into every prompt"
