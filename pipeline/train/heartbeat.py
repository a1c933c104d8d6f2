"""How a training goes, said in the log while it goes: whoever watches a run of hours sees that it lives and learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from pipeline.log import get_logger

log = get_logger(__name__)
EVERY_SECONDS = 15.0


class Heartbeat:
    """Writes the newest losses in one line: at the first point of the curves, every so often, and when all is done."""

    def __init__(
        self, total: int, *, every: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`total` is the number of steps, `every` the seconds between two lines, `clock` tells seconds."""
        self._total = total
        self._every = every
        self._clock = clock
        self._began: tuple[int, float] | None = None
        self._said = -every
        self._newest: dict[str, float] = {}

    def beat(self, point: Mapping[str, float]) -> None:
        """Take a point of the curves (`step` with `loss`, or with `validation_loss`), and say it when it is time.

        The seconds that are left follow from the steps that this process took: those before a kill do not count.
        """
        now, step = self._clock(), int(point["step"])
        self._began = self._began or (step, now)
        self._newest |= {name: round(point[name], 4) for name in ("loss", "validation_loss") if name in point}
        if now - self._said < self._every and not (step == self._total and "validation_loss" in point):
            return
        self._said = now
        log.info("training", step=step, of=self._total, **self._newest, **self._left(step, now))

    def _left(self, step: int, now: float) -> dict[str, int]:
        first, began = self._began or (step, now)
        if step <= first or step >= self._total:
            return {}
        return {"seconds_left": round((now - began) / (step - first) * (self._total - step))}
