"""The rows that a model was trained and is judged on, read as a stream: a data set need not fit into memory."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.records import UNKNOWN_LICENCE

COLUMNS = (
    "question_id",
    "question",
    "answer",
    "context",
    "split",
    "cluster_id",
    "is_refusal",
    "licence",
    "data_source",
)
TRAIN, TEST = "train", "test"


@dataclass(frozen=True, slots=True)
class DataRow:
    """What the checks need of a prepared row."""

    question_id: str
    question: str
    answer: str
    context: str | None
    split: str
    licence: str
    data_source: str
    is_refusal: bool = False
    cluster_id: str | None = None


@dataclass
class Rows:
    """A data set; `read` gives its rows as mappings and may be called again and again.

    `replayed` of them are not today's: an earlier run's training rows that the model learnt again.
    """

    read: Callable[[], Iterator[Mapping[str, Any]]]
    origin: str
    collected: bool = False
    default_licence: str = UNKNOWN_LICENCE
    replayed: int = 0
    _counts: Counter[tuple[str, str, str]] | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[DataRow]:
        """Yield every row that has a question and an answer."""
        for number, row in enumerate(self.read()):
            found = _data_row(row, number, self.default_licence)
            if found is not None:
                yield found

    def of(self, split: str) -> Iterator[DataRow]:
        """Yield the rows of a split."""
        return (row for row in self if row.split == split)

    def licences(self) -> dict[str, int]:
        """Return the number of rows by licence."""
        return self._count(1)

    def sources(self) -> dict[str, int]:
        """Return the number of rows by source."""
        return self._count(2)

    def licences_by_source(self) -> dict[tuple[str, str], int]:
        """Return the number of rows by source and licence."""
        found: Counter[tuple[str, str]] = Counter()
        for (_, licence, source), rows in self._counted().items():
            found[source, licence] += rows
        return dict(sorted(found.items()))

    def splits(self) -> dict[str, int]:
        """Return the number of rows by split."""
        return self._count(0)

    def sample(self, split: str, size: int, rank: Callable[[DataRow], float] | None = None) -> list[DataRow]:
        """Return the rows of a split that rank highest; among equals those with the lowest hash, the same at every run.

        A rank below nought keeps a row out.
        """
        chosen: list[tuple[float, str, str, DataRow]] = []
        for row in self.of(split):
            value = rank(row) if rank else 0.0
            if value < 0:
                continue
            digest = hashlib.sha256(row.question_id.encode("utf-8", "surrogatepass")).hexdigest()
            entry = (value, _inverted(digest), row.question_id, row)
            if len(chosen) < size:
                heapq.heappush(chosen, entry)
            elif entry[:3] > chosen[0][:3]:
                heapq.heapreplace(chosen, entry)
        return [entry[3] for entry in sorted(chosen, key=lambda entry: entry[:3], reverse=True)]

    def _counted(self) -> Counter[tuple[str, str, str]]:
        if self._counts is None:
            self._counts = Counter((row.split, row.licence, row.data_source) for row in self)
        return self._counts

    def _count(self, place: int) -> dict[str, int]:
        found: Counter[str] = Counter()
        for key, rows in self._counted().items():
            found[key[place]] += rows
        return dict(sorted(found.items()))


def _inverted(digest: str) -> str:
    return "".join(f"{15 - int(digit, 16):x}" for digit in digest)


def _data_row(row: Mapping[str, Any], number: int, default_licence: str) -> DataRow | None:
    question, answer = row.get("question"), row.get("answer")
    if not isinstance(question, str) or not isinstance(answer, str):
        return None
    context, cluster = row.get("context"), row.get("cluster_id")
    return DataRow(
        question_id=str(row.get("question_id") or f"row-{number}"),
        question=question,
        answer=answer,
        context=context if isinstance(context, str) and context else None,
        split=str(row.get("split") or "all"),
        licence=_licence(row.get("licence"), default_licence),
        data_source=str(row.get("data_source") or "unknown"),
        is_refusal=bool(row.get("is_refusal")),
        cluster_id=None if cluster is None else str(cluster),
    )


def _licence(stated: Any, default: str) -> str:
    text = str(stated).strip() if stated else ""
    return default if not text or text == UNKNOWN_LICENCE else text
