"""The audit trail read once and followed: counts and times that records tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.audit.records import Record
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.orchestration.runs import CONCLUDED, RETRAINING, dag_of


@dataclass(frozen=True, slots=True)
class _Open:
    """A review that waits: since when, and when silence becomes a rejection."""

    role: str
    since: float
    due: float | None


class Trail:
    """State that grows with the trail; every call of `follow` reads only records that are new.

    Times are in seconds, of the record's clock. A review is open from its request until its answer, its run's end or
    the time when silence is a rejection.
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
        self._open: dict[tuple[str, str], _Open] = {}
        self.runs: Counter[tuple[str, str]] = Counter()
        self.dags: set[str] = set()
        self.run_seconds: dict[str, float] = {}
        self.publications = self.rollbacks = 0
        self.version: tuple[str, float] | None = None
        self.fit: tuple[bool, float] | None = None
        self._begun: dict[str, datetime] = {}

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

    def waiting(self, now: float) -> dict[tuple[str, str], float]:
        """Return for how long the reviews of each run and role have waited, of several the longest."""
        found: dict[tuple[str, str], float] = {}
        for (run, _), review in self._open.items():
            if review.due is None or now < review.due:
                found[run, review.role] = max(now - review.since, found.get((run, review.role), 0.0))
        return found

    def _started(self, record: Record, data: dict[str, Any], at: float) -> None:
        dag = dag_of(str(record.run_id))
        if dag in CONCLUDED:
            self.dags.add(dag)
        self._begun[str(record.run_id)] = record.at

    def _finished(self, record: Record, data: dict[str, Any], at: float) -> None:
        run = str(record.run_id)
        dag = dag_of(run)
        self.dags.add(dag)
        self.runs[dag, str(data.get("result"))] += 1
        # It stays: a run whose failed task is cleared ends once more.
        self.run_seconds[dag] = (record.at - self._begun.get(run, record.at)).total_seconds()
        self._open = {key: review for key, review in self._open.items() if key[0] != run}

    def _requested(self, record: Record, data: dict[str, Any], at: float) -> None:
        role, due = str(data.get("role")), data.get("due")
        until = datetime.fromisoformat(due).timestamp() if isinstance(due, str) else None
        self._open[str(record.run_id), str(data.get("task") or role)] = _Open(role, at, until)

    def _answered(self, record: Record, data: dict[str, Any], at: float) -> None:
        role = str(data.get("role"))
        self.reviews[role, str(data.get("decision"))] += 1
        review = self._open.pop((str(record.run_id), str(data.get("task") or role)), None)
        self.review_seconds[role] += at - review.since if review else 0.0

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
