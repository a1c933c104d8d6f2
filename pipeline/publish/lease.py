"""A lock in the lake, for the few seconds in which production changes hands.

The lock is one object that is only ever replaced conditionally. Whoever waits judges by its own clock how long the
object has not changed, so that clocks which differ between machines do no harm; a holder that died is followed after
`PATIENCE` seconds. The lock keeps the order of the audit trail that of the alias; it is not what keeps the alias whole
(that is the conditional commit), so a holder that merely slept cannot mix two versions.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.log import get_logger

log = get_logger(__name__)
PATIENCE = 120.0
WAIT = 600.0
POLL_SECONDS = 0.2


@contextmanager
def lease(lake: Lake, name: str, *, patience: float = PATIENCE, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock `name` while the block runs.

    `patience` is after how many seconds without a change a holder counts as dead, `wait` for how many seconds at most
    this call waits. Raises LakeError when the lock cannot be had in that time.
    """
    uri = lake.uri("locks", f"{name}.json")
    mine = json.dumps({"holder": uuid.uuid4().hex}).encode()
    _acquire(lake, uri, mine, patience, wait)
    try:
        yield
    finally:
        _release(lake, uri, mine)


def _acquire(lake: Lake, uri: str, mine: bytes, patience: float, wait: float) -> None:
    deadline = time.monotonic() + wait
    seen, since = "", time.monotonic()
    while time.monotonic() < deadline:
        found = lake.read_tagged(uri)
        if found is None:
            if lake.put_if_absent(uri, mine):
                return
            continue
        content, tag = found
        if tag != seen:
            seen, since = tag, time.monotonic()
        dead = time.monotonic() - since >= patience
        if json.loads(content).get("holder") is None or dead:
            if dead:
                log.warning("taking over a lock whose holder does not move", lock=uri)
            if lake.swap(uri, mine, tag):
                return
            continue
        time.sleep(POLL_SECONDS)
    raise LakeError(
        "Another release or rollback has held production for too long",
        where=uri,
        remedy="Look for a release that still works (llmops audit show), then try again",
    )


def _release(lake: Lake, uri: str, mine: bytes) -> None:
    try:
        found = lake.read_tagged(uri)
        if found is not None and found[0] == mine:
            lake.swap(uri, json.dumps({"holder": None}).encode(), found[1])
    except LakeError as problem:
        log.warning("a lock could not be given back; it ends by itself", lock=uri, cause=problem.what)
