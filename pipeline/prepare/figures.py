"""What is counted while rows are written: added up over partitions, shown in the report, checked by expectations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

LENGTHS = ("question", "answer", "context")


def bucket(length: int) -> int:
    """Return the lower end of a length's bucket; four buckets for each doubling keep shapes and forget texts."""
    if length < 8:
        return length
    step = 1 << (length.bit_length() - 3)
    return length // step * step


@dataclass
class Figures:
    """Counts over rows. Personal data is counted by type and source; no value is kept anywhere."""

    kept: int = 0
    aside: int = 0
    refusals: int = 0
    with_context: int = 0
    alternates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    sources_in: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    refusals_by_split: Counter[str] = field(default_factory=Counter)
    personal_data: Counter[str] = field(default_factory=Counter)
    personal_data_by_source: Counter[str] = field(default_factory=Counter)
    question_lengths: Counter[int] = field(default_factory=Counter)
    answer_lengths: Counter[int] = field(default_factory=Counter)
    context_lengths: Counter[int] = field(default_factory=Counter)
    support: Counter[int] = field(default_factory=Counter)

    def add_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Count rows that were decided about."""
        for row in rows:
            source = row["data_source"]
            self.sources_in[source] += 1
            for entry in row["personal_data"] or ():
                kind, _, count = entry.partition("=")
                self.personal_data[kind] += int(count)
                self.personal_data_by_source[f"{source}: {kind}"] += int(count)
            if row["reason"] is not None:
                self.aside += 1
                self.reasons[row["reason"]] += 1
            else:
                self._add_kept(row)

    def _add_kept(self, row: dict[str, Any]) -> None:
        self.kept += 1
        self.with_context += row["context"] is not None
        self.alternates += len(row["alternates"])
        self.sources[row["data_source"]] += 1
        self.languages[row["language"]] += 1
        self.licences[row["licence"]] += 1
        self.splits[row["split"]] += 1
        for name in LENGTHS:
            if row[name] is not None:
                getattr(self, f"{name}_lengths")[bucket(len(row[name]))] += 1
        if row["is_refusal"]:
            self.refusals += 1
            self.refusals_by_split[row["split"]] += 1
        else:
            self.support[int(row["support"] * 10)] += 1

    def plain(self) -> dict[str, Any]:
        """Return the counts as JSON values, in a fixed order."""
        return {
            name: dict(sorted(value.items())) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }

    def add(self, other: dict[str, Any]) -> None:
        """Add the plain counts of a partition; JSON has made text of numbers that are keys."""
        for name, value in other.items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                numeric = name.endswith("_lengths") or name == "support"
                mine.update({int(key) if numeric else key: count for key, count in value.items()})
            else:
                setattr(self, name, mine + value)

    @property
    def rows_in(self) -> int:
        """All rows that were counted."""
        return self.kept + self.aside


def quantile(lengths: Counter[int], share: float) -> int:
    """Return the length that `share` of the texts do not exceed, to the precision of the buckets."""
    rank = share * lengths.total()
    for length in sorted(lengths):
        rank -= lengths[length]
        if rank <= 0:
            return length
    return 0
