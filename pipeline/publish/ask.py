"""Asking the production model, with the passage that the answer has to come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline.encoding import prompt_limit
from pipeline.errors import Refused
from pipeline.evaluate.baseline import bm25
from pipeline.evaluate.text import words
from pipeline.lake import Lake
from pipeline.manifest import load_manifest
from pipeline.publish.store import ModelStore
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its source, and the version that gave it."""

    question: str
    answer: str
    context: str
    source: str
    version: str


def ask(settings: Settings, question: str, *, context: str, source: str) -> Answered:
    """Load the production version from the store and ask it.

    Raises Refused when nothing is published yet, StoreError when the store does not answer.
    """
    from pipeline.answering import Answerer, Asked

    store = ModelStore(settings)
    commit = store.head(store.alias)
    release = store.release(commit) if commit else None
    if commit is None or release is None:
        raise Refused("No model is published yet", where=store.url(), remedy="Run the pipeline: make run")
    folder = store.cached(commit)
    answerer = Answerer(folder, max_length=prompt_limit(settings.features.max_length))
    answer = answerer.answer([Asked(context, question)], max_new_tokens=settings.evaluate.max_new_tokens)[0]
    return Answered(question, answer, context, source, str(release["version"]))


def page_context(settings: Settings, url: str, question: str, *, allow_private: bool) -> tuple[str, str]:
    """Return the passage of a page that fits a question best, and where it stands.

    Raises SourceError when the page cannot be fetched, Refused when it has no text.
    """
    from pipeline.collect.web.page_text import passages_of

    passages = passages_of(url, user_agent=settings.collect.user_agent, allow_private=allow_private)
    if not passages:
        raise Refused("The page has no text to answer from", where=url)
    return best(question, passages), url


def repository_context(settings: Settings, lake: Lake, question: str) -> tuple[str, str]:
    """Return the context of the prepared rows that fits a question best, and its provenance.

    Raises Refused when nothing was prepared yet.
    """
    store = ModelStore(settings)
    release = store.production()
    if release is None:
        raise Refused("No model is published yet", where=store.url(), remedy="Run the pipeline: make run")
    rows = lake.read_table(
        load_manifest(lake, release["prepared"]).output("rows").uri, columns=["question", "context", "provenance"]
    ).to_pylist()
    known = {row["context"]: row["provenance"] for row in rows if row["context"]}
    if not known:
        raise Refused("The prepared rows hold no context", remedy="Give one: --context TEXT or --page URL")
    context = best(question, list(known))
    return context, known[context]


def best(question: str, passages: list[str]) -> str:
    """Return the passage with the highest BM25 score for a question; the first of equals."""
    documents = [words(passage) for passage in passages]
    query = [word for word, _ in Counter(words(question)).items()]
    scores = bm25(query, documents)
    return passages[max(range(len(passages)), key=lambda place: (scores[place], -place))]
