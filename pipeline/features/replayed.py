"""The questions of an earlier run that a model learnt again: training lists them, whoever judges it reads them back.

Only ids are listed. What the questions say stays where an erasure looks for it, in the earlier run's features.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LakeError, Refused
from pipeline.features import retrieval
from pipeline.features.schema import ENTITY
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt
from pipeline.witness import believed

OUTPUT, EARLIER = "replayed", "earlier-features"
"""The output of the train stage that lists the questions, and its input that they come from."""
IDS = pa.schema([pa.field(ENTITY, pa.string(), nullable=False)])


def list_replayed(attempt: Attempt, question_ids: Collection[str]) -> None:
    """Write which questions of the earlier run are learnt again, as an output of the train stage."""
    ids = pa.array(sorted(set(question_ids)), pa.string())
    batch = pa.RecordBatch.from_arrays([ids], schema=IDS)
    attempt.lake.write_batches(attempt.uri(OUTPUT, "questions.parquet"), [batch], IDS)


class Replayed:
    """The rows of an earlier run that a candidate learnt again; none when its training replayed nothing."""

    def __init__(self, settings: Settings, lake: Lake, candidate: Manifest) -> None:
        """Find the list and what it names.

        Raises LakeError when the training replayed rows and did not list them, or when the earlier features are no
        longer those that it read; Refused when either was changed in the lake.
        """
        self._settings, self._lake = settings, lake
        self._ids = pa.array([], pa.string())
        trained = _input(lake, candidate, "train") if "train" in candidate.inputs else candidate
        if OUTPUT in trained.outputs:
            require_unaltered(lake, trained, OUTPUT)
            self._features = _input(lake, trained, EARLIER)
            require_unaltered(lake, self._features)
            self._ids = lake.read_table(trained.output(OUTPUT).uri)[ENTITY].combine_chunks()
        elif trained.parameters.get("replay_share"):
            raise LakeError(
                "The model learnt rows of an earlier run again, and which ones is not on record",
                where=trained.uri,
                remedy="Train it again: the train stage lists them now",
            )

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows with the columns that compliance looks at; raises LakeError when one is missing."""
        if not len(self):
            return
        found = 0
        for batch in retrieval.question_batches(self._settings, self._lake, self._features, COLUMNS):
            rows = batch.filter(pc.is_in(batch.column(ENTITY), self._ids))
            found += rows.num_rows
            yield from rows.to_pylist()
        if found != len(self):
            raise LakeError(
                f"{len(self) - found} of the {len(self)} rows that the model learnt again are not in the features",
                where=self._features.uri,
                remedy="Train it again with the rows that there are",
            )


COLUMNS = (ENTITY, "question", "answer", "context", "split", "is_refusal", "licence", "data_source")
"""No clusters: their ids mean something within their own run only."""


def _input(lake: Lake, manifest: Manifest, name: str) -> Manifest:
    """Return an input's manifest; raises LakeError when its content is another than when it was read.

    Raises Refused when nobody recorded making it: its digest is over the files, not over what it says of its inputs.
    """
    reference = manifest.inputs[name]
    found = load_manifest(lake, reference.uri)
    if found.digest != reference.digest:
        raise LakeError(
            f"The {name} of {manifest.stage} have changed since it read them",
            where=reference.uri,
            remedy="Run the stage again with what is there now",
        )
    if not believed(lake, found):
        raise Refused(
            f"Nobody recorded making the {name} of {manifest.stage} as they say now",
            where=reference.uri,
            remedy="Find out who writes to the lake, delete this manifest and run its stage again",
        )
    return found
