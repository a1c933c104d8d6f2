"""One of several training processes: `accelerate launch -m pipeline.train.worker JOB_FOLDER OUT_FOLDER`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from accelerate import PartialState

from pipeline import log
from pipeline.lake import open_lake
from pipeline.settings import load
from pipeline.train.checkpoint_branch import mirror_for
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.fine_tuning import RESULT, fine_tune, read_job


def main(folder: Path, out: Path) -> None:
    """Train the job in `folder` together with the other processes; the first of them writes the result."""
    log.configure(json=True)
    job, train, validation = read_job(folder)
    store = None
    if job.checkpoint_prefix:
        settings, prefix = load(), job.checkpoint_prefix
        store = CheckpointStore(open_lake(settings.lake), prefix, job.keep_checkpoints, mirror_for(settings, prefix))
    fitted = fine_tune(job, train, validation, out, checkpoints=store)
    state = PartialState()
    if state.is_main_process:
        result = {"progress": asdict(fitted.progress), "trainable_parameters": fitted.trainable_parameters}
        (folder / RESULT).write_text(json.dumps(result), encoding="utf-8")
    state.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
