"""Chat templates: programs that come with a tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline.comply import jinja_code
from pipeline.comply.check import Check, Limits, Result, not_applicable, verdict
from pipeline.comply.detect.injections import instructs
from pipeline.comply.subject import ModelFiles, Subject

_ADDRESS = re.compile(r"https?://(?!(?:www\.)?example\.)[^\s'\"<>]+|javascript:|data:text/html", re.IGNORECASE)
_TURN = re.compile(r"<\|?\w+\|?>(?:\s*system\b)?|\[/?(?:INST|SYSTEM)\]|<</?SYS>>")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


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
        """Read every template of the candidate."""
        try:
            mine = templates(subject.candidate)
            other = templates(subject.base) if subject.base else None
        except (ValueError, OSError, RecursionError) as problem:
            return verdict([f"the templates cannot be read: {str(problem)[:120]}"], "", {})
        if not mine and not other:
            return not_applicable("the model has no chat template: prompts are plain text")
        problems = []
        for name, text in mine.items():
            problems += [f"{name}: {danger}" for danger in jinja_code.dangers(text)]
            # What the base model's own makers wrote is no tampering, whatever it says.
            if other is None or text not in other.values():
                problems += [f"{name}: {problem}" for problem in _hidden(text, published=subject.is_base)]
        if other is not None and mine != other:
            changed = sorted(name for name in set(mine) | set(other) if mine.get(name) != other.get(name))
            problems.append(f"it is not the base model's ({', '.join(changed)})")
        measured = {"templates": len(mine), "compared_with_base": other is not None}
        return verdict(problems, f"{len(mine)} template(s) that format turns and do nothing else", measured)


def templates(model: ModelFiles) -> dict[str, str]:
    """Return a model's chat templates by name, wherever they are kept; raises ValueError when a file is no text."""
    found: dict[str, str] = {}
    config = model.path("tokenizer_config.json")
    if config.is_file():
        content = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            found |= dict(_named(content.get("chat_template")))
    for path in sorted(model.folder.rglob("*.jinja")):
        if path.is_file() and not path.is_symlink():
            name = "default" if path.name == "chat_template.jinja" else path.stem
            found[name] = path.read_text(encoding="utf-8")
    return found


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
