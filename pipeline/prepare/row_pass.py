"""The pass over single rows: clean, protect, find the language, judge; in Arrow batches inside the executors."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.lake import open_lake
from pipeline.prepare.cleaning.case import lowered
from pipeline.prepare.cleaning.clean import Cleaner
from pipeline.prepare.deduplicate.keys import Sets, answer_keys, forms, keys, same_keys, told_keys
from pipeline.prepare.deduplicate.sketches import ASKED, WHOLE, Sketches
from pipeline.prepare.language import detect
from pipeline.prepare.quality.orders import with_hidden_orders, with_orders
from pipeline.prepare.quality.rows import RowRules, judge
from pipeline.prepare.quality.support import support
from pipeline.prepare.schema import CLEANED, PASSED_ON
from pipeline.prepare.sentences import sentences
from pipeline.settings import LakeSettings
from pipeline.spark.parts import write_part

if TYPE_CHECKING:
    from pipeline.prepare.privacy.replace import Mode, Protector

READ = (*PASSED_ON, "question", "answer", "context", "section", "language", "source_kind", "content_hash")
"""What is read of the repository's rows."""


@dataclass(frozen=True)
class RowWork:
    """What an executor needs to know; sent over Spark's own wire, never logged.

    `earlier` is the cleaned dataset of an earlier run with the same code and settings, if there is one.
    """

    cleaner: Cleaner
    rules: RowRules
    allowed: tuple[str, ...]
    mode: Mode
    key: bytes
    near_duplicates: float
    with_sentences: bool
    lower_case: bool = False
    lake: LakeSettings | None = None
    earlier: str | None = None

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the cleaned rows of each batch, in order, one for each row that came in."""
        from pipeline.prepare.reuse import Earlier

        protector = self.protector()
        earlier = Earlier(self.lake, self.earlier) if self.lake and self.earlier else None
        for batch in batches:
            if batch.num_rows:
                hashes = raw_hashes(batch)
                yield (
                    earlier.complete(batch, hashes, protector, self.fresh)
                    if earlier
                    else self.fresh(batch, hashes, protector)
                )

    def protector(self) -> Protector:
        """Return what replaces personal data; importing it costs a second, so it is made once a task."""
        from pipeline.prepare.privacy.finder import Finder
        from pipeline.prepare.privacy.replace import Protector

        return Protector(Finder(self.allowed), self.mode, self.key)

    def fresh(self, batch: pa.RecordBatch, hashes: pa.Array, protector: Protector) -> pa.RecordBatch:
        """Return the cleaned rows of a batch of which nothing is known yet."""
        subjects = batch["document_id"].to_pylist()
        found = [Counter[str]() for _ in subjects]
        texts: dict[str, pa.Array] = {}
        tidy = {
            name: self.cleaner.column(batch[name], one_line=name == "question")
            for name in ("question", "answer", "context")
        }
        day_first = protector.day_first(*tidy.values())
        for name, cleaned in tidy.items():
            texts[name], counts = protector.column(cleaned, subjects, day_first)
            if self.lower_case:
                texts[name] = lowered(texts[name], protector.finder.entities)
            for place, count in counts.items():
                found[place] += count
        # The heading above a question may name somebody too; it is read by people, so it keeps its words otherwise.
        section, counts = protector.column(batch["section"], subjects, day_first)
        for place, count in counts.items():
            found[place] += count
        texts["context"] = pc.if_else(pc.equal(texts["context"], ""), pa.scalar(None, pa.string()), texts["context"])
        plain = {name: column.to_pylist() for name, column in texts.items()}
        stated = batch["language"].to_pylist()
        asked = zip(plain["question"], plain["answer"], stated, strict=True)
        languages = [detect(f"{question}\n{answer}", given) for question, answer, given in asked]
        compared = forms(texts["question"], texts["answer"])
        sets = Sets.of(compared)
        shown = texts["question"], texts["answer"]
        orders = with_orders(*texts.values()) | with_hidden_orders(*(batch[name] for name in texts))
        reasons, details = judge(shown, compared, languages, batch["source_kind"].to_pylist(), orders, self.rules)
        usable = np.array([reason is None for reason in reasons], bool)
        columns = {
            **{name: batch[name] for name in PASSED_ON},
            **texts,
            "section": section,
            "language": languages,
            "raw_hash": hashes,
            "same_key": same_keys(compared, usable),
            "answer_key": answer_keys(compared, usable),
            **told_keys(sets, usable),
            "keys": keys(compared, sets, usable, self.near_duplicates),
            **Sketches.of(sets.whole, len(WHOLE) - 1).columns(WHOLE),
            **Sketches.of(sets.asked, len(ASKED) - 1).columns(ASKED),
            "support": [support(*pair) for pair in zip(plain["answer"], plain["context"], strict=True)],
            "personal_data": [[f"{kind}={count}" for kind, count in sorted(counts.items())] for counts in found],
            "sentences": [sentences(text) if self.with_sentences else None for text in plain["answer"]],
            "reason": reasons,
            "detail": details,
        }
        return pa.RecordBatch.from_arrays([_array(columns[f.name], f.type) for f in CLEANED], schema=CLEANED)


def _array(values: object, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def raw_hashes(batch: pa.RecordBatch) -> pa.Array:
    """Return a digest of everything in each row that decides what becomes of it here."""
    columns = [
        batch[name].to_pylist()
        for name in ("content_hash", "question_id", "document_id", "language", "source_kind", "section")
    ]
    return pa.array(
        [
            hashlib.blake2b("\x1f".join(map(str, row)).encode(), digest_size=16).hexdigest()
            for row in zip(*columns, strict=True)
        ]
    )


@dataclass(frozen=True)
class CleanPart:
    """Cleans a piece of the repository and writes it as a part."""

    work: RowWork
    lake: LakeSettings
    uri: str

    def __call__(self, number: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write part `number` and yield its number of rows."""
        rows = write_part(open_lake(self.lake), self.uri, number, self.work(batches), CLEANED)
        yield pa.RecordBatch.from_pydict({"rows": pa.array([rows], pa.int64())})
