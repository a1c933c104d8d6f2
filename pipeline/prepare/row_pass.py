"""The pass over single rows: clean, protect, find the language, judge; run in Arrow batches inside the executors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.prepare.cleaning.clean import Cleaner
from pipeline.prepare.language import detect
from pipeline.prepare.privacy.finder import Finder
from pipeline.prepare.privacy.replace import Mode, Protector
from pipeline.prepare.quality.rows import RowRules, judge
from pipeline.prepare.quality.support import support
from pipeline.prepare.schema import CLEANED
from pipeline.records import content_hash, question_key

PASSED_ON = (
    "question_id",
    "context_origin",
    "section",
    "licence",
    "data_source",
    "provenance",
    "updated_at",
)


@dataclass(frozen=True)
class RowWork:
    """What an executor needs to know; sent over Spark's own wire, never logged."""

    cleaner: Cleaner
    rules: RowRules
    allowed: tuple[str, ...]
    mode: Mode
    key: bytes

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the cleaned rows of each batch, in order, one for each row that came in."""
        protector = Protector(Finder(self.allowed), self.mode, self.key)
        for batch in batches:
            yield self._batch(batch, protector)

    def _batch(self, batch: pa.RecordBatch, protector: Protector) -> pa.RecordBatch:
        subjects = batch["document_id"].to_pylist()
        found = [Counter[str]() for _ in range(batch.num_rows)]
        texts = {}
        for name in ("question", "answer", "context"):
            cleaned = self.cleaner.column(batch[name], one_line=name == "question")
            protected, counts = protector.column(cleaned, subjects)
            for place, count in counts.items():
                found[place] += count
            texts[name] = protected.to_pylist()
        rows = zip(batch.to_pylist(), *texts.values(), found, strict=True)
        return pa.RecordBatch.from_pylist([self._row(*row) for row in rows], schema=CLEANED)

    def _row(
        self, raw: dict[str, Any], question: str, answer: str, context: str | None, found: Counter[str]
    ) -> dict[str, Any]:
        context = context or None
        language = detect(f"{question}\n{answer}", raw["language"])
        reason, detail = judge(question, answer, context, language, self.rules)
        return {
            **{name: raw[name] for name in PASSED_ON},
            "question": question,
            "answer": answer,
            "context": context,
            "language": language,
            "duplicate_key": content_hash(question_key(question), question_key(answer)),
            "cluster_id": content_hash(question_key(question))[:16],
            "support": support(answer, context),
            "personal_data": [f"{kind}={count}" for kind, count in sorted(found.items())],
            "reason": reason,
            "detail": detail,
        }
