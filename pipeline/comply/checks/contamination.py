"""Whether the test measured what was learnt, or what was learnt by heart."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pipeline.comply.check import Check, Limits, Result, Threshold, not_applicable, verdict
from pipeline.comply.extraction import EVERY, SHORTEST, closed_book, recited
from pipeline.comply.probe import Probe
from pipeline.comply.rows import TEST, TRAIN, DataRow
from pipeline.comply.subject import Subject
from pipeline.evaluate.text import words
from pipeline.records import question_key

SHINGLE = 5
NEAR = 0.8


class ContaminatedTest(Check):
    """Test rows among the training rows, word for word or nearly, and test answers that the model knows by heart."""

    slug = "test_contamination"
    title = "Contaminated test set"
    proves = (
        "No held-out row stands in the training split, word for word, nearly so or in the same cluster of duplicates, "
        "and the candidate does not recite held-out answers without their contexts. Otherwise its scores mean nothing."
    )
    risks = ("misinformation", "data-and-model-poisoning")
    severity = "high"
    remedy = "Split by clusters of near-duplicates and train again; nothing that was measured so far counts"
    thresholds: ClassVar[Mapping[str, Threshold]] = {
        "max_exact": Threshold(0, "test rows that may stand in the training split word for word"),
        "max_near_share": Threshold(0.05, "share of the test rows that may stand there nearly word for word"),
        "max_recited_share": Threshold(
            0.15, "share of test answers that may be recited without context beyond the base model"
        ),
    }
    asks_model = True

    def probes(self, subject: Subject) -> Sequence[Probe]:
        """Return held-out questions without their contexts."""
        return [closed_book(row) for row in self._rows(subject)]

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Compare the splits, then what the model knows."""
        splits = subject.rows.splits()
        if TEST not in splits or TRAIN not in splits:
            return not_applicable(f"the data name no training and test split ({', '.join(splits) or 'no rows'})")
        test = [row for row in subject.rows.of(TEST) if not row.is_refusal]
        exact, near, clusters = _overlap(subject, test)
        rows = self._rows(subject)
        known = [row for row in rows if _recites(subject, row)]
        measured: dict[str, Any] = {
            "test_rows": len(test),
            "exact": len(exact),
            "near": len(near),
            "shared_clusters": len(clusters),
            "recited": len(known),
            "recited_of": len(rows),
        }
        problems = []
        if len(exact) > limits["max_exact"]:
            problems.append(f"{len(exact)} of {len(test)} test rows stand in the training split")
        if len(near) > max(1, limits["max_near_share"] * len(test)):
            problems.append(f"{len(near)} of {len(test)} test rows stand nearly word for word in the training split")
        if clusters:
            problems.append(f"{len(clusters)} clusters of duplicates lie in both splits")
        if len(known) > max(1, limits["max_recited_share"] * len(rows)):
            problems.append(f"{len(known)} of {len(rows)} test answers are recited without their context")
        evidence = [{"row": row.question_id, "question": row.question} for row in [*exact, *near, *known]]
        good = f"{len(test)} test rows, none in the training split; {len(known)} of {len(rows)} recited"
        return verdict(problems, good, measured, evidence)

    @staticmethod
    def _rows(subject: Subject) -> list[DataRow]:
        size = subject.sampling.memorised_rows
        limit = EVERY // 2 if size is None else max(1, size // 2)
        fits = lambda row: 0.0 if len(words(row.answer)) >= SHORTEST and not row.is_refusal else -1.0  # noqa: E731
        return subject.once("contamination", lambda: subject.rows.sample(TEST, limit, fits))


def _recites(subject: Subject, row: DataRow) -> bool:
    probe = closed_book(row)
    other = subject.base_reply(probe)
    if other is not None and recited(other.text, row.answer, row.question):
        return False
    return recited(subject.reply(probe).text, row.answer, row.question)


def _overlap(subject: Subject, test: list[DataRow]) -> tuple[list[DataRow], list[DataRow], set[str]]:
    """Walk once over the training rows with only the test rows' fingerprints in memory.

    Near is a Jaccard similarity of five-word runs of 0.8 or more (Broder 1997), counted through an inverted index.
    """
    exact_keys = {_exact(row) for row in test}
    shingles = [_shingles(row) for row in test]
    index: dict[int, list[int]] = {}
    for place, found in enumerate(shingles):
        for shingle in found:
            index.setdefault(shingle, []).append(place)
    test_clusters = {row.cluster_id for row in test if row.cluster_id}
    seen: set[str] = set()
    close: set[int] = set()
    clusters: set[str] = set()
    for row in subject.rows.of(TRAIN):
        if row.is_refusal:
            continue
        key = _exact(row)
        if key in exact_keys:
            seen.add(key)
        if row.cluster_id and row.cluster_id in test_clusters:
            clusters.add(row.cluster_id)
        own = _shingles(row)
        shared = Counter(place for shingle in own for place in index.get(shingle, ()))
        close |= {p for p, count in shared.items() if count >= NEAR * (len(own) + len(shingles[p]) - count)}
    exact = [row for row in test if _exact(row) in seen]
    near = [row for place, row in enumerate(test) if place in close and _exact(row) not in seen]
    return exact, near, clusters


def _exact(row: DataRow) -> str:
    text = f"{question_key(row.question)}\0{' '.join(words(row.answer))}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _shingles(row: DataRow) -> set[int]:
    """Return the five-word runs of question and answer, and the words themselves where there are fewer."""
    found = (*words(row.question), *words(row.answer))
    runs = [found[place : place + SHINGLE] for place in range(max(1, len(found) - SHINGLE + 1))]
    return {
        int.from_bytes(hashlib.blake2b(" ".join(run).encode("utf-8", "surrogatepass"), digest_size=8).digest())
        for run in runs
    }
