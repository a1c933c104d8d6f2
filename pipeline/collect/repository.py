"""The unified repository: the rows of all sources as one snappy Parquet dataset, sorted by question id.

Ids are digests, hence spread evenly: rows go into buckets by the head of their id, each bucket is sorted in memory
and written as one part. No machine needs to hold more than a bucket, and the order does not depend on the sources'.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.audit import open_audit
from pipeline.collect.output_rows import OutputRows
from pipeline.collect.parts import BATCH_ROWS, write_parts
from pipeline.collect.spill import numbers
from pipeline.errors import SourceError
from pipeline.manifest import Manifest
from pipeline.privacy.suppression import Suppressed
from pipeline.records import SCHEMA, SET_ASIDE_SCHEMA, UNKNOWN_LICENCE, SetAside, to_batches
from pipeline.stage import Attempt, run_stage

if TYPE_CHECKING:
    from pipeline.lake import Lake
    from pipeline.settings import Settings

BUCKET_ROWS = 100_000
BUCKET_BYTES = 64 << 20
"""Compressed; what a bucket holds at most, so that long texts make more buckets, not bigger ones."""
ERASED = "erased on request"
REPEATED_ID = "question id is already taken by another row"


def run(settings: Settings, lake: Lake, *, run_id: str, collected: list[Manifest]) -> Manifest:
    """Unify what the sources gave and return the manifest.

    Outputs: `rows` sorted by question id, `set_aside` of all sources. Facts: per source its kind, licence, rows and
    how many rows it retired; rows per licence. Raises SourceError when two inputs come from sources of one name or
    when there is nothing at all, LakeError when a source's rows are not those that its collection wrote, Refused when
    the list of erased subjects is not the one that the audit trail vouches for.
    """
    names = Counter(str(manifest.facts.get("source")) for manifest in collected)
    repeated = [name for name, times in names.items() if times > 1]
    if repeated or not collected:
        raise SourceError(
            f"Two inputs of the repository come from the source {repeated[0]}" if repeated else "There are no sources",
            where="collect.sources",
            remedy="Configure at least one enabled source, each with a name of its own",
        )
    inputs = {str(manifest.facts["source"]): manifest for manifest in sorted(collected, key=lambda one: one.stage)}
    licences = {name: manifest.facts.get("licence", UNKNOWN_LICENCE) for name, manifest in inputs.items()}
    suppressed = Suppressed.load(lake, open_audit(settings, lake).trail())
    return run_stage(
        lake,
        "repository",
        lambda attempt: _unify(lake, inputs, attempt, suppressed),
        run_id=run_id,
        inputs=inputs,
        parameters={"licences": licences, **({"erased": suppressed.references} if suppressed else {})},
        packages=("collect",),
    )


def _unify(lake: Lake, inputs: dict[str, Manifest], attempt: Attempt, suppressed: Suppressed) -> None:
    total = sum(manifest.output("rows").rows or 0 for manifest in inputs.values())
    size = sum(file.size for manifest in inputs.values() for file in manifest.output("rows").files)
    aside_before = sum(manifest.counts.set_aside for manifest in inputs.values())
    attempt.counts.rows_in = total + aside_before
    found = Found(suppressed)
    with tempfile.TemporaryDirectory(prefix="llmops-unify-") as folder:
        buckets = Buckets(Path(folder), count=max(total // BUCKET_ROWS, size // BUCKET_BYTES) + 1)
        for name, manifest in inputs.items():
            for batch in found.visible(name, OutputRows(lake, manifest, "rows").rest()):
                found.count(name, batch)
                buckets.add(batch)
        attempt.rows["rows"] = write_parts(lake, attempt.uri("rows"), _unique(buckets, found), SCHEMA)
    reasons: Counter[str] = Counter()

    def set_aside() -> Iterator[pa.RecordBatch]:
        for name, manifest in inputs.items():
            yield from found.visible(name, OutputRows(lake, manifest, "set_aside").rest())
        yield from to_batches(found.repeated)
        yield from to_batches(found.erased())

    def counted() -> Iterator[pa.RecordBatch]:
        for batch in set_aside():
            for entry in pc.value_counts(batch.column("reason")).to_pylist():
                reasons[entry["values"]] += entry["counts"]
            yield batch

    attempt.rows["set_aside"] = write_parts(lake, attempt.uri("set_aside"), counted(), SET_ASIDE_SCHEMA)
    attempt.counts.rows_out = attempt.rows["rows"]
    attempt.set_aside(reasons)
    attempt.facts |= found.facts(inputs)
    for name, licences in found.licences.items():
        if licences[UNKNOWN_LICENCE]:
            attempt.warn(f"{licences[UNKNOWN_LICENCE]} rows of {name} have no stated licence ({UNKNOWN_LICENCE})")


@dataclass(slots=True)
class Found:
    """What was seen while unifying."""

    suppressed: Suppressed
    rows: Counter[str] = field(default_factory=Counter)
    licences: dict[str, Counter[str]] = field(default_factory=dict)
    contexts: Counter[str] = field(default_factory=Counter)
    repeated: list[SetAside] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)

    def visible(self, source: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches without the rows of erased subjects, which are counted."""
        for batch in batches:
            kept = self.suppressed.visible(batch)
            self.hidden[source] += batch.num_rows - kept.num_rows
            yield kept

    def erased(self) -> Iterator[SetAside]:
        """Account for rows of erased subjects that a source still gives: counted, without anything of them."""
        for source, count in sorted(self.hidden.items()):
            for _ in range(count):
                yield SetAside(stage="repository", reason=ERASED, data_source=source, provenance="withheld")

    def count(self, source: str, batch: pa.RecordBatch) -> None:
        """Count rows, licences and origins of contexts."""
        self.rows[source] += batch.num_rows
        licences = self.licences.setdefault(source, Counter())
        for entry in pc.value_counts(batch.column("licence")).to_pylist():
            licences[entry["values"]] += entry["counts"]
        for entry in pc.value_counts(batch.column("context_origin")).to_pylist():
            self.contexts[entry["values"] or "none"] += entry["counts"]

    def facts(self, inputs: dict[str, Manifest]) -> dict[str, Any]:
        """Return the manifest's facts."""
        everything = sum(self.licences.values(), Counter[str]())
        return {
            "sources": {
                name: {
                    "kind": manifest.facts.get("kind"),
                    "licence": manifest.facts.get("licence"),
                    "rows": self.rows[name],
                    "retired": manifest.facts.get("rows", {}).get("retired", 0),
                    "manifest": manifest.uri,
                }
                for name, manifest in inputs.items()
            },
            "licences": dict(sorted(everything.items())),
            "contexts": dict(sorted(self.contexts.items())),
        }


class Buckets:
    """Rows spread over local Arrow files by the head of their id; read back bucket by bucket, each sorted."""

    def __init__(self, folder: Path, count: int) -> None:
        """Open `count` files."""
        self._count = count
        self._paths = [folder / f"{number:05d}.arrow" for number in range(self._count)]
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writers = [pa.ipc.new_stream(str(path), SCHEMA, options=options) for path in self._paths]

    def add(self, batch: pa.RecordBatch) -> None:
        """Spread a batch over the buckets, keeping each bucket a contiguous range of ids."""
        if self._count == 1:
            self._writers[0].write_batch(batch)
            return
        width = 2**64 // self._count + 1
        bucket = numbers(batch.column("question_id")) // np.uint64(width)
        for number in np.unique(bucket):
            self._writers[int(number)].write_batch(batch.filter(pa.array(bucket == number)))

    def tables(self) -> Iterator[pa.Table]:
        """Yield each bucket's rows sorted by id, then by source and provenance."""
        for writer in self._writers:
            writer.close()
        for path in self._paths:
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
                table = stream.read_all()
            order = [("question_id", "ascending"), ("data_source", "ascending"), ("provenance", "ascending")]
            yield table.sort_by(order)
            path.unlink()


def _unique(buckets: Buckets, found: Found) -> Iterator[pa.RecordBatch]:
    for table in buckets.tables():
        ids = table.column("question_id")
        same = pc.equal(ids.slice(1), ids.slice(0, max(0, len(ids) - 1)))
        repeats = np.concatenate([np.zeros(min(1, len(ids)), bool), same.to_numpy()])
        for row in table.filter(pa.array(repeats)).to_pylist() if repeats.any() else ():
            found.repeated.append(
                SetAside(
                    stage="repository",
                    reason=REPEATED_ID,
                    data_source=row["data_source"],
                    provenance=row["provenance"],
                    question_id=row["question_id"],
                    question=row["question"],
                    answer=row["answer"],
                )
            )
        kept = table.filter(pa.array(~repeats)) if repeats.any() else table
        yield from kept.to_batches(max_chunksize=BATCH_ROWS)
