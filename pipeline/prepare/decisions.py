"""What was decided about the rows of a dataset by looking at all of them, as it grows from step to step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.rows_at import rows_at
from pipeline.prepare.schema import DECISIONS
from pipeline.prepare.splits import Shares, split_of


@dataclass
class Decisions:
    """For each row of the dataset why it is set aside (a code in `reasons`, 0 for kept), and what else was decided."""

    reasons: list[str | None] = field(default_factory=lambda: [None])
    code: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    detail: dict[int, str] = field(default_factory=dict)
    alternates: dict[int, list[str]] = field(default_factory=dict)
    cluster: dict[int, str] = field(default_factory=dict)
    refusal: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    measured: dict[str, Any] = field(default_factory=dict)

    def set_aside(self, rows: Rows, reason: str) -> None:
        """Give rows that are still kept a reason."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        rows = rows[self.code[rows] == 0]
        self.code[rows] = self.reasons.index(reason)

    def table(self, shares: Shares) -> pa.Table:
        """Return the decisions as rows of `DECISIONS`, in the order of the rows that they are about."""
        about = np.unique(np.concatenate([np.flatnonzero(self.code), np.flatnonzero(self.refusal), [*self.cluster]]))
        clusters = [self.cluster.get(int(row)) for row in about]
        columns = {
            "row": about,
            "reason": [self.reasons[self.code[int(row)]] for row in about],
            "detail": [self.detail.get(int(row)) for row in about],
            "cluster_id": clusters,
            "alternates": [self.alternates.get(int(row)) for row in about],
            "split": [None if name is None else self.split(name, shares) for name in clusters],
            "is_refusal": self.refusal[about.astype(np.int64)],
        }
        return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in DECISIONS], schema=DECISIONS)

    def split(self, cluster: str, shares: Shares) -> str:
        """Return the split of a cluster."""
        return split_of(cluster, shares)


def ids_of(lake: Lake, uri: str, rows: Rows) -> dict[int, str]:
    """Return the question ids of rows (sorted, each once)."""
    if not len(rows):
        return {}
    ids = rows_at(lake, uri, rows, ["question_id"])["question_id"].to_pylist()
    return dict(zip(rows.tolist(), ids, strict=True))
