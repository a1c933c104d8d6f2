"""Who may send a request when: a rate, a number of requests at a time and a crawl delay per host."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TooSlow(Exception):
    """The host's turn would come later than a run may wait."""


class HostGate:
    """Lets at most `concurrency` requests of one host run, started at least `1 / rate` seconds apart."""

    def __init__(self, *, rate: float, concurrency: int, max_wait: float = 120.0) -> None:
        """`rate` is in requests per second; `max_wait` is the longest wait for a turn in seconds."""
        self._interval = 1.0 / rate
        self._slots = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._next = 0.0
        self._waiting = 0
        self._max_wait = max_wait

    def slow_down(self, seconds: float) -> None:
        """Keep at least `seconds` between the starts of two requests from now on (a crawl delay)."""
        with self._lock:
            self._interval = max(self._interval, seconds)

    def pause(self, seconds: float) -> None:
        """Start no request before `seconds` from now (the server asked all callers to wait)."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the next turn and hold it; raises TooSlow when that would take too long.

        The turns of those who wait already do not count: they are as many as requests may run at a time.
        """
        with self._slots:
            with self._lock:
                now = time.monotonic()
                start = max(now, self._next)
                if start - now - self._waiting * self._interval > self._max_wait:
                    raise TooSlow(f"the host asks for {self._interval:.0f} s between requests")
                self._next = start + self._interval
                self._waiting += 1
            try:
                if start > now:
                    time.sleep(start - now)
            finally:
                with self._lock:
                    self._waiting -= 1
            yield
