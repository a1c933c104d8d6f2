"""Token examples in memory: flat arrays with offsets, a few bytes a token instead of Python objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import TrainingError

if TYPE_CHECKING:
    import pyarrow as pa

IGNORED = -100
"""Labels with this value carry no loss (the convention of PyTorch's cross entropy)."""


class Examples:
    """What a model learns from: token ids and labels of each example, and the question it came from."""

    def __init__(self, ids: list[str], tokens: list[np.ndarray], labels: list[np.ndarray]) -> None:
        """Keep the arrays end to end."""
        self.ids = ids
        self._tokens, self._token_ends = _flat(tokens)
        self._labels, self._label_ends = _flat(labels)

    def __len__(self) -> int:
        return len(self.ids)

    def tokens(self, index: int) -> np.ndarray:
        """Return the token ids of an example."""
        return self._tokens[self._token_ends[index] : self._token_ends[index + 1]]

    def labels(self, index: int) -> np.ndarray:
        """Return the labels of an example."""
        return self._labels[self._label_ends[index] : self._label_ends[index + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Return how many tokens the model reads for each example."""
        return np.diff(self._token_ends)

    def targets(self, rows: np.ndarray | None = None) -> int:
        """Return how many tokens carry loss, in some examples or in all."""
        if rows is None:
            return int((self._labels != IGNORED).sum())
        return sum(int((self.labels(int(row)) != IGNORED).sum()) for row in rows)

    def digest(self) -> str:
        """Return one SHA-256 over ids, tokens and labels."""
        digest = hashlib.sha256("\0".join(self.ids).encode())
        for array in (self._tokens, self._token_ends, self._labels, self._label_ends):
            digest.update(array.tobytes() + b"\1")
        return digest.hexdigest()

    def subset(self, rows: Iterable[int]) -> Examples:
        """Return some of the examples, in the given order."""
        chosen = [int(row) for row in rows]
        return Examples(
            [self.ids[row] for row in chosen],
            [self.tokens(row) for row in chosen],
            [self.labels(row) for row in chosen],
        )

    def sample(self, limit: int | None, seed: int) -> Examples:
        """Return at most `limit` examples, chosen by hash of question: a new row replaces at most one other."""
        if limit is None or len(self) <= limit:
            return self
        ranked = sorted(range(len(self)), key=lambda row: _rank(self.ids[row], seed, row))
        return self.subset(sorted(ranked[:limit]))

    def __add__(self, other: Examples) -> Examples:
        both = [(part, row) for part in (self, other) for row in range(len(part))]
        return Examples(
            [part.ids[row] for part, row in both],
            [part.tokens(row) for part, row in both],
            [part.labels(row) for part, row in both],
        )

    def save(self, path: Path) -> None:
        """Write the examples for another process; `load` reads them."""
        with path.open("wb") as file:
            np.savez(
                file,
                ids=np.array(self.ids, dtype=np.str_),
                tokens=self._tokens,
                token_ends=self._token_ends,
                labels=self._labels,
                label_ends=self._label_ends,
            )

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read examples that `save` wrote. Pickled content is refused."""
        with np.load(path, allow_pickle=False) as file:
            made = cls([], [], [])
            made.ids = [str(name) for name in file["ids"]]
            made._tokens, made._token_ends = file["tokens"], file["token_ends"]
            made._labels, made._label_ends = file["labels"], file["label_ends"]
        return made


def read(batches: Iterable[pa.RecordBatch]) -> Examples:
    """Read examples from record batches with `question_id`, `token_ids` and `labels`.

    Raises TrainingError for an example without anything to learn.
    """
    ids: list[str] = []
    tokens: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for batch in batches:
        ids += batch.column("question_id").to_pylist()
        tokens += _rows(batch.column("token_ids"))
        labels += _rows(batch.column("labels"))
    for name, wanted in zip(ids, labels, strict=True):
        if not (wanted != IGNORED).any():
            raise TrainingError(
                "An example has no token that carries loss",
                where=f"question {name}",
                remedy="Its answer is empty or was cut away: check features.max_length and max_answer_tokens",
            )
    return Examples(ids, tokens, labels)


def _rows(column: pa.Array) -> Iterator[np.ndarray]:
    ends = np.asarray(column.offsets)
    values = np.asarray(column.values).astype(np.int32, copy=False)
    return (values[start:end] for start, end in pairwise(ends))


def _flat(rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    ends = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=ends[1:])
    return np.concatenate([*rows, np.empty(0, np.int32)]).astype(np.int32, copy=False), ends


def _rank(question_id: str, seed: int, row: int) -> tuple[bytes, int]:
    return hashlib.sha256(f"{seed}\0{question_id}".encode()).digest(), row
