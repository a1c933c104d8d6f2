"""What decisions about all rows rest on: a few numbers for each row, read in one stream from the cleaned rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

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
SECOND = 1_000_000
"""Microseconds. Rows of the same second were first seen together; what is below orders them."""
DAY = 86_400 * SECOND


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
    """Arrays over the rows of a cleaned dataset, in its order: about 70 bytes a row.

    `repeated` are rows with the id and the text of another one, `contradicting` those with its id and another text.
    """

    usable: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]
    contradicting: npt.NDArray[np.bool_]
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

    @cached_property
    def ranks(self) -> npt.NDArray[np.int32]:
        """The place of each row in the order in which rows were first seen; what comes later changes no earlier one."""
        made = np.empty(len(self), np.int32)
        made[np.argsort(self.collected, kind="stable")] = np.arange(len(self), dtype=np.int32)
        return made


def read(lake: Lake, uri: str) -> Facts:
    """Read the facts; of rows with the same id all but the newest are marked, and not usable."""
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
            "contradicting": np.zeros(batch.num_rows, bool),
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
    """Turn "has the id of the row before" into "is not the newest row of its id", and tell whether it says the same."""
    run = np.cumsum(~facts.repeated) - 1
    order = np.lexsort((-facts.updated, run))
    newest = np.zeros(len(facts), bool)
    if len(order):
        first = order[np.concatenate([[True], run[order][1:] != run[order][:-1]])]
        newest[first] = True
        facts.contradicting = ~newest & facts.usable & (facts.same_key != facts.same_key[first][run])
    facts.repeated = ~newest & ~facts.contradicting
    facts.usable &= newest
    facts.same_key = np.where(facts.usable, facts.same_key, 0)
    facts.answer_key = np.where(facts.usable, facts.answer_key, 0)


def _empty() -> dict[str, np.ndarray]:
    whole = {"source": np.int32, "language": np.int32, "support": np.float32}
    truth = {"usable", "repeated", "contradicting", "human", "has_context"}
    names = [
        "usable",
        "repeated",
        "contradicting",
        "support",
        "human",
        "has_context",
        "source",
        "language",
        "collected",
        "updated",
    ]
    return {
        name: np.zeros(0, bool if name in truth else whole.get(name, np.int64))
        for name in [*names, "same_key", "answer_key"]
    }
