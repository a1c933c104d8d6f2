# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What every recogniser of personal data is."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.prepare.looks import matching
from pipeline.prepare.privacy.presidio import LocalRecognizer, RecognizerResult

LANGUAGE = "any"
"""Recognisers here read every language; Presidio wants one named."""


class Span(NamedTuple):
    """Where something was found, and how sure that is (0 to 1)."""

    start: int
    end: int
    score: float


def every(patterns: Iterable[re.Pattern[str]], text: str, score: float) -> Iterator[Span]:
    """Yield all that patterns find in a text, each with this score."""
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), score)


class Recogniser(LocalRecognizer):
    """A Presidio recogniser of one type of personal data.

    `guard` is a pattern for a cheap look at many texts that is right when it says no. Arrow's RE2 engine reads it, so it
    has no look-around, and its `\\b`, `\\w` and `\\d` know ASCII only. `of_digits` tells that it looks for digits: such
    guards are small enough to be looked for together first. `in_code` tells whether code is searched too, and `tag` is
    the type that is written in the text when it is not the entity's name.
    """

    entity: ClassVar[str]
    tag: ClassVar[str] = ""
    guard: ClassVar[str]
    of_digits: ClassVar[bool] = False
    in_code: ClassVar[bool] = False

    def __init__(self) -> None:
        """Register under the entity's name."""
        super().__init__(supported_entities=[self.entity], supported_language=LANGUAGE, name=type(self).__name__)

    def load(self) -> None:
        """Do nothing: there is no model."""

    def worth(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Tell for each text whether `find` could find anything in it."""
        return matching(texts, self.guard)

    @abstractmethod
    def find(self, text: str) -> Iterator[Span]:
        """Yield what is found."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """Return what is found, as Presidio asks."""
        if self.entity not in entities:
            return []
        return [RecognizerResult(self.entity, found.start, found.end, found.score) for found in self.find(text)]
