"""All recognisers in one Presidio engine, with what is allowed and with one answer where findings overlap."""

from __future__ import annotations

import importlib
import pkgutil
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.prepare.cleaning.code_lines import are_surely_code
from pipeline.prepare.cleaning.segments import is_indented, split
from pipeline.prepare.looks import possible
from pipeline.prepare.privacy import recognisers
from pipeline.prepare.privacy.presidio import AnalyzerEngine, NoOpNlpEngine, RecognizerRegistry
from pipeline.prepare.privacy.recogniser import LANGUAGE, Recogniser

Finding = tuple[str, int, int]
"""The type and where it starts and ends."""
THRESHOLD = 0.5
WEAK_DATE = 0.3
BESIDE = 120
"""Characters within which other personal data makes a date one of a person's."""


def all_recognisers() -> list[Recogniser]:
    """Return every recogniser of the package."""
    for module in pkgutil.iter_modules(recognisers.__path__):
        importlib.import_module(f"{recognisers.__name__}.{module.name}")
    return [kind() for kind in sorted(Recogniser.__subclasses__(), key=lambda kind: kind.entity)]


class Finder:
    """Finds personal data in texts; `allowed` are values, and `@domain` endings, that may stay."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Build the engine; nothing is loaded from anywhere."""
        self._recognisers = all_recognisers()
        entities = {value.strip().lower() for value in allowed}
        self._allowed = {value for value in entities if not value.startswith("@")}
        self._domains = tuple(value for value in entities if value.startswith("@"))
        self._tags = {recogniser.entity: recogniser.tag or recogniser.entity for recogniser in self._recognisers}
        registry = RecognizerRegistry(recognizers=list(self._recognisers), supported_languages=[LANGUAGE])
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=NoOpNlpEngine(models=[{"lang_code": LANGUAGE, "model_name": "none"}]),
            supported_languages=[LANGUAGE],
        )

    @property
    def entities(self) -> list[str]:
        """The types that can be found."""
        return sorted(set(self._tags.values()))

    def find(self, text: str) -> list[Finding]:
        """Return what is found in one text, in order and without overlaps."""
        return next(iter(self.find_all(pa.array([text], pa.string()))), (0, []))[1]

    def find_all(self, texts: pa.Array) -> Iterator[tuple[int, list[Finding]]]:
        """Yield the place of each text in which something is found, with what is found there.

        Of findings that overlap the surer, then the longer one stays. Arrow looks at all texts first, so that only
        those in which there could be something cost more.
        """
        masks = self._worth(texts)
        for place in np.flatnonzero(np.logical_or.reduce(masks)).tolist():
            wanted = [recogniser for recogniser, mask in zip(self._recognisers, masks, strict=True) if mask[place]]
            found = self._search(texts[place].as_py(), wanted)
            if found:
                yield place, found

    def _worth(self, texts: pa.Array) -> list[npt.NDArray[np.bool_]]:
        """Return for each recogniser which texts are worth its search; most have none of what looks for digits."""
        guards = [recogniser.guard for recogniser in self._recognisers if recogniser.of_digits]
        some = possible(texts, *guards)
        chosen = texts.filter(pa.array(some))
        masks = []
        for recogniser in self._recognisers:
            if recogniser.of_digits:
                mask = some.copy()
                mask[some] = recogniser.worth(chosen)
            else:
                mask = recogniser.worth(texts)
            masks.append(mask)
        return masks

    def _search(self, text: str, wanted: list[Recogniser]) -> list[Finding]:
        has_code = "`" in text or "~~~" in text or "\n    " in text or "\n\t" in text
        results = []
        for in_code in (True, False):
            entities = [recogniser.entity for recogniser in wanted if recogniser.in_code == in_code]
            if entities:
                searched = text if in_code or not has_code else _blanked(text)
                results += self._engine.analyze(searched, LANGUAGE, entities=entities)
        return _chosen(
            [
                (r.score, self._tags[r.entity_type], r.start, r.end)
                for r in results
                if not self._is_allowed(text[r.start : r.end])
            ]
        )

    def _is_allowed(self, value: str) -> bool:
        lowered = value.lower()
        return lowered in self._allowed or (bool(self._domains) and lowered.endswith(self._domains))


def _blanked(text: str) -> str:
    """Return the text with code as blanks, so that places stay what they are.

    People indent their signatures too, so what is only indented is code when it looks like it.
    """
    return "".join(
        re.sub(r"[^\n]", " ", piece) if is_code and _is_program(piece) else piece for piece, is_code in split(text)
    )


def _is_program(piece: str) -> bool:
    if not is_indented(piece):
        return True
    return are_surely_code([line for line in piece.split("\n") if line.strip()])


def _chosen(found: list[tuple[float, str, int, int]]) -> list[Finding]:
    sure = [item for item in found if item[0] >= THRESHOLD]
    chosen = _Apart()
    for _, entity, start, end in sorted(sure, key=lambda item: (-item[0], item[2] - item[3], item[1])):
        chosen.add((entity, start, end))
    anchors = [item for item in chosen.findings if item[0] != "DATE"]
    ends = [item[2] for item in anchors]
    for score, entity, start, end in sorted(found):
        if entity == "DATE" and WEAK_DATE <= score < THRESHOLD:
            at = bisect_right(ends, start - BESIDE)
            if at < len(anchors) and anchors[at][1] < end + BESIDE:
                chosen.add((entity, start, end))
    return chosen.findings


class _Apart:
    """Findings that do not overlap, in the order of their places: a text may hold thousands (a log of addresses)."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._starts: list[int] = []

    def add(self, finding: Finding) -> None:
        """Add a finding unless it overlaps one that is there."""
        _, start, end = finding
        at = bisect_left(self._starts, start)
        after_last = at == 0 or self.findings[at - 1][2] <= start
        before_next = at == len(self._starts) or self._starts[at] >= end
        if after_last and before_next:
            self.findings.insert(at, finding)
            self._starts.insert(at, start)
