"""What a folder knows of the rows of files from the run before: when they were first seen, and their clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.words import text_hashes
from pipeline.prepare.facts import SECOND
from pipeline.prepare.schema import CLUSTERS
from pipeline.records import TIMESTAMP

NAME = "first_seen.parquet"
SCHEMA = pa.schema(
    [
        pa.field("question_id", pa.string(), False),
        pa.field("collected_at", TIMESTAMP, False),
        # of what was answered then, see deduplicate/words.py
        pa.field("answer_hash", pa.uint64(), False),
    ]
)
READ = ("question_id", "collected_at", "answer")
"""The columns of rows from which it is made."""
Hashes = npt.NDArray[np.uint64]


class FirstSeen:
    """The times of earlier rows, 24 bytes for each."""

    def __init__(self, ids: Hashes, times: Rows, answers: Hashes) -> None:
        """Take over hashed ids, microseconds and hashed answers."""
        self._pairs = np.unique(ids ^ answers)
        order = np.lexsort((times, ids))
        ids, times = ids[order], times[order]
        first = np.ones(len(ids), bool)
        first[1:] = ids[1:] != ids[:-1]
        self._ids, self._times = ids[first], times[first]

    @classmethod
    def beside(cls, folder: Path) -> Self:
        """Read what an earlier run left in a folder; nothing is known when there is none."""
        ids, times, answers = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
        if (folder / NAME).is_file():
            with pq.ParquetFile(folder / NAME) as file:
                for batch in file.iter_batches():
                    ids.append(text_hashes(batch["question_id"]))
                    times.append(batch["collected_at"].cast(pa.int64()).to_numpy())
                    answers.append(batch["answer_hash"].to_numpy())
        return cls(np.concatenate(ids), np.concatenate(times), np.concatenate(answers))

    def knows(self, ids: Hashes, answers: Hashes) -> npt.NDArray[np.bool_]:
        """Tell for which hashed ids this hashed answer was there before."""
        return np.asarray(np.isin(ids ^ answers, self._pairs), bool)

    def times(self, ids: Hashes, answers: Hashes, stated: Rows) -> Rows:
        """Return when rows were first seen, from their hashed ids and answers and the times that they state.

        Rows that are not known with this answer come after all that are: what was changed may ask and say what other
        rows did before.
        """
        if not len(self._ids):
            return stated
        place = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        next_second = (int(self._times.max()) // SECOND + 1) * SECOND
        later = np.maximum(stated, next_second + stated % SECOND)
        return np.where((self._ids[place] == ids) & self.knows(ids, answers), self._times[place], later)


def clusters(folder: Path) -> Iterator[pa.RecordBatch]:
    """Yield the clusters in the rows of an earlier result that are named after other rows, as `CLUSTERS`."""
    for place in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(place) as file:
            for batch in file.iter_batches(columns=CLUSTERS.names):
                yield batch.filter(pc.not_equal(batch["question_id"], batch["cluster_id"])).cast(CLUSTERS)


def write(folder: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Write what is to be known of rows, batches with the columns `READ`, beside a result."""
    with pq.ParquetWriter(folder / NAME, SCHEMA) as writer:
        for batch in batches:
            columns = [batch["question_id"], batch["collected_at"], pa.array(text_hashes(batch["answer"]))]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))
