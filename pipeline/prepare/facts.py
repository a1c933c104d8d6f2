"""What decisions about all rows rest on: a few numbers for each row, read in one stream from the cleaned rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import Lake
from pipeline.prepare.rows_at import Rows, scan

COLUMNS = (
    "question_id",
    "reason",
    "support",
    "context_origin",
    "data_source",
    "language",
    "collected_at",
    "updated_at",
    "same_key",
    "answer_key",
)
DAY = 86_400_000_000
"""Microseconds."""


@dataclass
class Names:
    """Names and the small numbers that stand for them."""

    names: list[str] = field(default_factory=list)

    def codes(self, column: pa.Array) -> npt.NDArray[np.int32]:
        """Return the number of each value; null is the empty name."""
        encoded = pc.fill_null(column, "").dictionary_encode()
        known = {name: number for number, name in enumerate(self.names)}
        here = []
        for name in encoded.dictionary.to_pylist():
            if name not in known:
                known[name] = len(self.names)
                self.names.append(name)
            here.append(known[name])
        return np.array(here, np.int32)[encoded.indices.to_numpy()] if here else np.zeros(0, np.int32)


@dataclass
class Facts:
    """Arrays over the rows of a cleaned dataset, in its order: about 60 bytes a row."""

    usable: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]
    support: npt.NDArray[np.float32]
    human: npt.NDArray[np.bool_]
    has_context: npt.NDArray[np.bool_]
    source: npt.NDArray[np.int32]
    language: npt.NDArray[np.int32]
    collected: Rows
    updated: Rows
    same_key: Rows
    answer_key: Rows
    sources: list[str]
    languages: list[str]

    def __len__(self) -> int:
        return len(self.usable)


def read(lake: Lake, uri: str) -> Facts:
    """Read the facts; of rows with the same id all but the newest are marked as repeated, and not usable."""
    sources, languages = Names(), Names()
    parts: dict[str, list[np.ndarray]] = {}
    last_id: str | None = None
    for _, batch in scan(lake, uri, COLUMNS):
        ids = batch["question_id"]
        same_as_before = np.zeros(batch.num_rows, bool)
        same_as_before[0] = ids[0].as_py() == last_id
        same_as_before[1:] = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
        last_id = ids[-1].as_py()
        columns = {
            "usable": pc.is_null(batch["reason"]).to_numpy(zero_copy_only=False),
            "repeated": same_as_before,
            "support": batch["support"].to_numpy().astype(np.float32),
            "human": pc.fill_null(pc.equal(batch["context_origin"], "human"), False).to_numpy(zero_copy_only=False),
            "has_context": pc.is_valid(batch["context_origin"]).to_numpy(zero_copy_only=False),
            "source": sources.codes(batch["data_source"]),
            "language": languages.codes(batch["language"]),
            "collected": batch["collected_at"].cast(pa.int64()).to_numpy(),
            "updated": batch["updated_at"].cast(pa.int64()).to_numpy(),
            "same_key": batch["same_key"].to_numpy(),
            "answer_key": batch["answer_key"].to_numpy(),
        }
        for name, values in columns.items():
            parts.setdefault(name, []).append(values)
    made = {name: np.concatenate(values) for name, values in parts.items()} if parts else _empty()
    facts = Facts(**made, sources=sources.names, languages=languages.names)
    _mark_repeated(facts)
    return facts


def _mark_repeated(facts: Facts) -> None:
    """Turn "has the id of the row before" into "is not the newest row of its id"."""
    run = np.cumsum(~facts.repeated)
    order = np.lexsort((-facts.updated, run))
    newest = np.zeros(len(facts), bool)
    if len(order):
        first = np.concatenate([[True], run[order][1:] != run[order][:-1]])
        newest[order[first]] = True
    facts.repeated = ~newest
    facts.usable &= newest
    facts.same_key = np.where(facts.usable, facts.same_key, 0)
    facts.answer_key = np.where(facts.usable, facts.answer_key, 0)


def _empty() -> dict[str, np.ndarray]:
    whole = {"source": np.int32, "language": np.int32, "support": np.float32}
    truth = {"usable", "repeated", "human", "has_context"}
    names = ["usable", "repeated", "support", "human", "has_context", "source", "language", "collected", "updated"]
    return {
        name: np.zeros(0, bool if name in truth else whole.get(name, np.int64))
        for name in [*names, "same_key", "answer_key"]
    }
