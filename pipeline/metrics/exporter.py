"""The exporter: one registry whose figures are read from the lake at most once in `REFRESH` seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric

from pipeline.errors import PipelineError
from pipeline.log import get_logger
from pipeline.metrics.families import Size, families
from pipeline.metrics.trail import Trail

if TYPE_CHECKING:
    from pipeline.lake import Lake

log = get_logger(__name__)
REFRESH = 30.0
SIZES_EVERY = 600.0


class LakeCollector:
    """Answers a scrape from what was last read; a lake that is away gives the old figures and `llmops_up` 0."""

    def __init__(self, lake: Lake, hour_cost: float, *, refresh: float = REFRESH, sizes: float = SIZES_EVERY) -> None:
        """Read at the first scrape, the trail again after `refresh` seconds, sizes (a whole listing) after `sizes`."""
        self._lake, self._hour_cost = lake, hour_cost
        self._every = {"trail": refresh, "sizes": sizes}
        self._read_at = dict.fromkeys(self._every, float("-inf"))
        self._trail = Trail(lake)
        self._sizes: dict[str, Size] = {}
        self._up = False
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering does not read the lake."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        with self._lock:
            begun = time.perf_counter()
            try:
                self._refresh()
                self._up = True
            except (PipelineError, ValueError) as problem:
                log.warning("the lake could not be read for metrics", cause=str(problem))
                self._up = False
            yield GaugeMetricFamily("llmops_up", "1 when the lake could be read.", value=int(self._up))
            yield from families(self._trail, self._sizes, self._hour_cost)
            took = time.perf_counter() - begun
            yield GaugeMetricFamily("llmops_exporter_seconds", "How long this scrape took.", value=took)

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._read_at["trail"] >= self._every["trail"]:
            self._trail.follow()
            self._read_at["trail"] = now
        if now - self._read_at["sizes"] >= self._every["sizes"]:
            self._sizes = measured(self._lake)
            self._read_at["sizes"] = now


def measured(lake: Lake) -> dict[str, Size]:
    """Return objects and bytes of each folder at the lake's root."""
    found: dict[str, tuple[int, int]] = {}
    for info in lake.objects(lake.root):
        folder = lake.key(info.uri).split("/")[0]
        count, size = found.get(folder, (0, 0))
        found[folder] = (count + 1, size + info.size)
    return {folder: Size(count, size) for folder, (count, size) in sorted(found.items())}


def registry(lake: Lake, hour_cost: float) -> CollectorRegistry:
    """Return a registry with the collector."""
    made = CollectorRegistry()
    made.register(LakeCollector(lake, hour_cost))
    return made
