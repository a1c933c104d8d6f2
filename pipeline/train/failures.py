"""Why a training process failed, told by itself to the one that waits for all of them.

torch's launcher only knows that one ended. When one fails, the others fail too because it no longer answers: so the
error that was raised for people comes first, then that the system killed one, then whatever was raised first.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline import errors
from pipeline.errors import PipelineError, TrainingError

MOST = 300
"""Characters of a foreign error that are shown."""
_SIGNAL = re.compile(r"Signal \d+ \((SIG\w+)\) received")
_LAUNCHERS = re.compile(r"ChildFailedError|torch\.distributed\.(run|elastic)|elastic/|error_file|<N/A>|<NO_OTHER")


def tell(folder: Path, rank: int, problem: Exception) -> None:
    """Write down what a process fails with, in the job's folder."""
    told: dict[str, Any] = {"at": time.time()}
    if isinstance(problem, PipelineError):
        told |= {"kind": type(problem).__name__, "what": problem.what}
        told |= {"where": problem.where, "remedy": problem.remedy}
    else:
        lines = str(problem).strip().splitlines() or ["no message"]
        told["what"] = f"{type(problem).__name__}: {lines[0]}"[:MOST]
    (folder / f"failure-{rank}.json").write_text(json.dumps(told), encoding="utf-8")


def cause(folder: Path, last_lines: Iterable[str], processes: int) -> PipelineError:
    """Return the error to raise for a job whose processes failed; what they wrote last helps where none told why."""
    told = sorted(_told(folder), key=lambda one: ("kind" not in one, one["at"]))
    written = [line.strip() for line in last_lines if line.strip()]
    if told and (kind := getattr(errors, str(told[0].get("kind")), None)) is not None:
        made: PipelineError = kind(told[0]["what"], where=told[0]["where"], remedy=told[0]["remedy"])
        return made
    what = _killed(written) or (told[0]["what"] if told else _last_words(written))
    return TrainingError(
        f"A training process failed: {what}",
        where=f"{processes} processes",
        remedy="Run with train.processes = 1 to see whether the cause lies in the distribution",
    )


def _told(folder: Path) -> list[dict[str, Any]]:
    found = []
    for file in folder.glob("failure-*.json"):
        try:
            found.append(json.loads(file.read_text(encoding="utf-8")))
        except ValueError:
            continue  # ended by the launcher while it wrote
    return found


def _killed(written: Sequence[str]) -> str | None:
    """Return by which signal a process was ended; the launcher's own, to the others, does not count."""
    ended = [found[1] for line in written if (found := _SIGNAL.search(line)) and found[1] != "SIGTERM"]
    if not ended:
        return None
    return f"it was ended by {ended[0]}" + (" (out of memory?)" if ended[0] == "SIGKILL" else "")


def _last_words(written: Sequence[str]) -> str:
    """Return the last error that is not the launcher's own, or the last line."""
    own = [line for line in written if not _LAUNCHERS.search(line)]
    named = [line for line in own if "Error" in line]
    return (named or own or written or ["no output"])[-1][:MOST]
