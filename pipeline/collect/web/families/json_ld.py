"""schema.org FAQPage and QAPage in JSON-LD."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import urldefrag

from pipeline.collect.web.dom import anchor_of, text_of
from pipeline.collect.web.families.base import Family
from pipeline.collect.web.json_text import TAG, load, parse_answer
from pipeline.collect.web.model import Candidate, Element
from pipeline.collect.web.page import Page
from pipeline.collect.web.questions import squeeze

_ANSWERS = ("acceptedAnswer", "suggestedAnswer")
MAX_NODES = 50_000
_HOLDERS = (
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "summary",
    "dt",
    "button",
    "a",
    "strong",
    "b",
    "label",
    "p",
    "span",
    "div",
    "td",
    "li",
)


class JsonLd(Family):
    """Questions from `<script type="application/ld+json">`, with `@graph`, `@id` references and broken JSON."""

    name: ClassVar[str] = "jsonld"
    rank: ClassVar[int] = 10
    recognises: ClassVar[str] = "schema.org FAQPage, QAPage or Question in JSON-LD scripts"
    explicit: ClassVar[bool] = True

    def find(self, page: Page) -> list[Candidate]:
        """Return the questions in the order of the scripts, each placed on the page where its text stands there too."""
        nodes = list(_nodes([_loaded(script, page) for script in page.json_ld]))
        by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
        places = _Places(page) if nodes else None
        candidates: list[Candidate] = []
        for question in _questions(nodes, by_id):
            text = _string(question.get("name")) or _string(question.get("text")) or _string(question.get("headline"))
            answer = _answer(question, by_id)
            if not text or not answer or places is None:
                continue
            text = squeeze(html.unescape(TAG.sub(" ", text)))
            node = places.find(text)
            candidates.append(
                Candidate(
                    question=text,
                    answer=parse_answer(answer),
                    node=node,
                    anchor=_fragment(question) or (anchor_of(node) if node is not None else None),
                    evidence="schema.org JSON-LD says so",
                    answers=sum(len(_list(question.get(key))) for key in _ANSWERS),
                )
            )
        return candidates


def _loaded(script: str, page: Page) -> Any:
    value = load(script)
    if value is None and '"Question"' in script:
        page.warnings.append("structured data that names questions is no JSON that can be read (JSON-LD)")
    return value


def _nodes(roots: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield every object, outermost first, without recursion and without end on hostile input."""
    pending = list(reversed(roots))
    seen = 0
    while pending and seen < MAX_NODES:
        value = pending.pop()
        seen += 1
        if isinstance(value, dict):
            yield value
            pending.extend(reversed([child for child in value.values() if isinstance(child, dict | list)]))
        elif isinstance(value, list):
            pending.extend(reversed(value))


def _is(node: dict[str, Any], *types: str) -> bool:
    kinds = node.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] in types for name in names)


def _questions(nodes: list[dict[str, Any]], by_id: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    for node in nodes:
        found = [node] if _is(node, "Question") else []
        if _is(node, "FAQPage", "QAPage"):
            entities = _list(node.get("mainEntity") or node.get("mainEntityOfPage"))
            found = [entity for entity in (_resolve(entity, by_id) for entity in entities) if entity]
        for question in found:
            if _is(question, "Question") and id(question) not in seen:
                seen.add(id(question))
                yield question


def _answer(question: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> str:
    """Return the accepted answer, or else the suggested one with the most votes."""
    for key in _ANSWERS:
        answers = [_resolve(answer, by_id) for answer in _list(question.get(key))]
        texts = [(_votes(answer), _answer_text(answer)) for answer in answers if answer]
        texts = [(votes, text) for votes, text in texts if text.strip()]
        if texts:
            return max(texts, key=lambda pair: pair[0])[1]
    return ""


def _answer_text(answer: dict[str, Any]) -> str:
    """Return the text of an answer; several texts are its paragraphs."""
    texts = [_string(part) for part in _list(answer.get("text"))[:50]]
    others = [_string(answer.get(key)) for key in ("articleBody", "description", "name")]
    return "\n\n".join(filter(None, texts)) or next(filter(None, others), "")


def _votes(answer: dict[str, Any]) -> float:
    try:
        return float(answer.get("upvoteCount") or 0)
    except (TypeError, ValueError):
        return 0.0


def _resolve(value: Any, by_id: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Follow an `@id` reference once: a reference to a reference is a mistake or a trap."""
    if isinstance(value, str):
        return by_id.get(value) or {"text": value}
    if isinstance(value, dict) and set(value) <= {"@id", "@type"}:
        return by_id.get(value.get("@id") or "")
    return value if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _string(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@value")
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str)), "")
    return value if isinstance(value, str) else ""


def _fragment(question: dict[str, Any]) -> str | None:
    for key in ("url", "@id"):
        value = question.get(key)
        if isinstance(value, str) and "#" in value:
            fragment = urldefrag(value).fragment
            if fragment and not fragment.startswith(("/", "schema")):
                return fragment
    return None


class _Places:
    """Where on the page a question's text stands, so that it gets an anchor, a section and a context."""

    def __init__(self, page: Page) -> None:
        self.nodes: dict[str, Element] = {}
        for tags in (_HOLDERS[:9], _HOLDERS[9:]):
            for element in page.root.iter(*tags):
                if len(element) <= 4:
                    text = text_of(element)
                    if 3 < len(text) < 400:
                        self.nodes.setdefault(_key(text), element)

    def find(self, question: str) -> Element | None:
        return self.nodes.get(_key(question))


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()
