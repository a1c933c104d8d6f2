"""What extraction works with and gives back: pairs, passages and the result for a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element
"""A node of a parsed page."""
Piece: TypeAlias = Element | str
"""A part of an answer: a whole element (without its tail) or loose text between elements."""


@dataclass(frozen=True, slots=True)
class Selector:
    """CSS selectors for a site whose markup says nothing: where a group is, its questions, its answers."""

    container: str
    question: str
    answer: str


@dataclass(slots=True)
class Candidate:
    """A question with its answer as a family found it, still as nodes of the page.

    `node` is the element that holds the question, when it is on the page: section, anchor and context come from there.
    `answers` is how many answers the page gives to it, of which this is the accepted or best one.
    """

    question: str
    answer: list[Piece]
    node: Element | None = None
    anchor: str | None = None
    section: str | None = None
    evidence: str = ""
    answers: int = 1


@dataclass(slots=True)
class Pair:
    """A question with its whole answer.

    `answer` is Markdown-like text (fenced code, `- ` lists, pipe tables), `answer_html` the same as sanitised HTML,
    `anchor` the fragment of the URL where it stands, `evidence` says why this was taken for a question and an answer.
    """

    question: str
    answer: str
    answer_html: str
    family: str
    evidence: str
    anchor: str | None = None
    section: str | None = None


@dataclass(slots=True)
class Passage:
    """A stretch of the page that reads on its own, with the headings above it."""

    heading_path: tuple[str, ...]
    text: str
    pair: int | None = None
    """Index of the pair whose answer this passage holds; None for text outside the pairs."""


@dataclass(slots=True)
class RejectedPair:
    """Something that looked like a pair and was not taken, with the reason."""

    question: str
    answer: str
    reason: str
    anchor: str | None = None


@dataclass
class PageExtraction:
    """Everything that one page gave.

    `not_a_faq` says why there are no pairs, and is None when there are some. `links` are absolute http(s) URLs
    without fragments, in page order. `licences` are the URLs or texts that the page states as its licence.
    `passages` are cut when they are first asked for.
    """

    url: str
    pairs: list[Pair] = field(default_factory=list)
    rejected: list[RejectedPair] = field(default_factory=list)
    title: str | None = None
    lang: str | None = None
    canonical: str | None = None
    licences: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    encoding: str | None = None
    family: str | None = None
    not_a_faq: str | None = None
    nofollow: bool = False
    noindex: bool = False
    warnings: list[str] = field(default_factory=list)
    cut: Callable[[], list[Passage]] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def passages(self) -> list[Passage]:
        """The whole page as passages, in page order."""
        return self.cut() if self.cut else []

    @cached_property
    def places(self) -> dict[int, list[int]]:
        """Which passages hold the answer of which pair, both by index."""
        found: dict[int, list[int]] = {}
        for place, passage in enumerate(self.passages):
            if passage.pair is not None:
                found.setdefault(passage.pair, []).append(place)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Travel between processes with the passages instead of the page's tree."""
        return {**self.__dict__, "passages": self.passages, "cut": None}
