"""The audit trail read once and followed: counts and times that records tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pipeline.audit.records import Record
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.orchestration.runs import RETRAINING, dag_of


class Trail:
    """State that grows with the trail; every call of `follow` reads only records that are new.

    Times are in seconds, of the record's clock. A review is open from its request until its answer or its run's end.
    """

    def __init__(self, lake: Lake) -> None:
        """Start before the first record."""
        self._lake = lake
        self.number = 0
        self.stages: Counter[tuple[str, str]] = Counter()
        self.work_seconds: dict[str, float] = defaultdict(float)
        self.latest: dict[str, tuple[Manifest, float]] = {}
        self.gates: Counter[str] = Counter()
        self.reviews: Counter[tuple[str, str]] = Counter()
        self.review_seconds: dict[str, float] = defaultdict(float)
        self.open_reviews: dict[tuple[str, str], float] = {}
        self.runs: Counter[tuple[str, str]] = Counter()
        self.dags: set[str] = set()
        self.run_seconds: dict[str, float] = {}
        self.publications = self.rollbacks = 0
        self.version: tuple[str, float] | None = None
        self.fit: tuple[bool, float] | None = None
        self._begun: dict[str, tuple[str, datetime]] = {}

    def follow(self) -> None:
        """Take in the records that were added since the last call."""
        while (found := self._lake.read_tagged(self._uri(self.number + 1))) is not None:
            self.take(Record.model_validate_json(found[0]))

    def take(self, record: Record) -> None:
        """Take in one record."""
        self.number = record.number
        handler = _HANDLERS.get(record.event)
        if handler is not None:
            handler(self, record, record.data, record.at.timestamp())

    def _uri(self, number: int) -> str:
        return self._lake.uri("audit", "records", f"{number:010d}.json")

    def _stage(self, record: Record, data: dict[str, Any], at: float) -> None:
        stage = str(data.get("stage"))
        # A retraining collects nothing: the repository that it starts from may be of any age.
        named = stage == "repository" and dag_of(str(record.run_id)) == RETRAINING
        worked = not (data.get("unchanged") or named)
        self.stages[stage, "worked" if worked else "unchanged"] += 1
        if named:
            return
        found = self._lake.read_tagged(str(data.get("manifest")))
        if found is None:  # retention or an erasure took it
            return
        manifest = Manifest.model_validate_json(found[0])
        self.latest[stage] = (manifest, at)
        if worked:
            self.work_seconds[stage] += manifest.seconds

    def _started(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.dags.add(str(data.get("dag")))
        self._begun[str(record.run_id)] = (str(data.get("dag")), record.at)

    def _finished(self, record: Record, data: dict[str, Any], at: float) -> None:
        dag, begun = self._begun.pop(str(record.run_id), ("unknown", record.at))
        self.runs[dag, str(data.get("result"))] += 1
        self.run_seconds[dag] = (record.at - begun).total_seconds()
        self.open_reviews = {key: since for key, since in self.open_reviews.items() if key[0] != record.run_id}

    def _requested(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.open_reviews[str(record.run_id), str(data.get("role"))] = at

    def _answered(self, record: Record, data: dict[str, Any], at: float) -> None:
        role = str(data.get("role"))
        self.reviews[role, str(data.get("decision"))] += 1
        since = self.open_reviews.pop((str(record.run_id), role), at)
        self.review_seconds[role] += at - since

    def _gate(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.gates[str(data.get("verdict"))] += 1

    def _published(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.publications += 1
        self.version = (str(data.get("version")), at)

    def _rolled_back(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.rollbacks += 1
        self.version = (str(data.get("to")), at)

    def _checked(self, record: Record, data: dict[str, Any], at: float) -> None:
        self.fit = (data.get("verdict") == "passed", at)


_HANDLERS: dict[str, Callable[[Trail, Record, dict[str, Any], float], None]] = {
    "stage_completed": Trail._stage,
    "run_started": Trail._started,
    "run_finished": Trail._finished,
    "review_requested": Trail._requested,
    "review_answered": Trail._answered,
    "gate_decided": Trail._gate,
    "published": Trail._published,
    "rolled_back": Trail._rolled_back,
    "production_checked": Trail._checked,
}
