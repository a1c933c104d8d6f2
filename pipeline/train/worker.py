"""One of several training processes: `accelerate launch -m pipeline.train.worker JOB_FOLDER OUT_FOLDER`.

A third argument names the process that waits for this one: without it the work has no purpose, and it would go on over
the checkpoints, and in the memory, of the next attempt.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import psutil
from accelerate import PartialState

from pipeline import log
from pipeline.errors import PipelineError
from pipeline.lake import open_lake
from pipeline.settings import load
from pipeline.train.checkpoint_branch import mirror_for
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.failures import tell
from pipeline.train.fine_tuning import RESULT, fine_tune, read_job

WATCH_SECONDS = 0.5


def end_with(launcher: int) -> None:
    """End this process, in whatever it is, as soon as its parent or the launcher is gone.

    Without a word: whoever would read it is gone too.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and _lives(launcher):
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="launcher-watch", daemon=True).start()


def _lives(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def main(folder: Path, out: Path) -> None:
    """Train the job in `folder` together with the other processes; what this one fails with is told in the folder."""
    log.configure(json=True)
    try:
        _train(folder, out)
    except Exception as problem:
        tell(folder, int(os.environ.get("RANK", "0")), problem)
        if not isinstance(problem, PipelineError):
            raise
        log.get_logger(__name__).error(str(problem))
        raise SystemExit(problem.exit_code) from None


def _train(folder: Path, out: Path) -> None:
    """Train with the others; the first of them writes the result."""
    job, train, validation, earlier = read_job(folder)
    store = None
    if job.checkpoint_prefix:
        settings, prefix = load(), job.checkpoint_prefix
        mirror, key = mirror_for(settings, prefix), settings.audit.signing_key
        store = CheckpointStore(open_lake(settings.lake), prefix, job.keep_checkpoints, mirror, key)
    fitted = fine_tune(job, train, validation, out, checkpoints=store, earlier=earlier)
    state = PartialState()
    if state.is_main_process:
        result = {
            "progress": asdict(fitted.progress),
            "trainable_parameters": fitted.trainable_parameters,
            "shorter_stacks": dict(fitted.shorter_stacks),
        }
        (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")
    state.destroy_process_group()


if __name__ == "__main__":
    for given in sys.argv[3:4]:
        end_with(int(given))
    main(Path(sys.argv[1]), Path(sys.argv[2]))
