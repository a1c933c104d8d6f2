"""A job in several processes of this machine: what they log is logged while they run, and why they failed is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from pipeline.log import get_logger
from pipeline.settings import LakeSettings
from pipeline.train.examples import Examples
from pipeline.train.failures import cause
from pipeline.train.fine_tuning import RESULT, Fitted, Job, write_job
from pipeline.train.forgetting import Earlier
from pipeline.train.progress import Progress

log = get_logger(__name__)
LAST_LINES = 200


def launch(
    job: Job,
    train: Examples,
    validation: Examples,
    out: Path,
    *,
    processes: int,
    lake: LakeSettings,
    earlier: Earlier | None = None,
) -> Fitted:
    """Train in several processes on this machine through `accelerate launch`, and wait for them.

    For several machines, start `pipeline.train.worker` with `accelerate launch` on each, on a shared job folder (see
    docs/training.md). Raises the project's own error that a process failed with, or TrainingError with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="train-job-") as name:
        folder = Path(name)
        write_job(folder, job, train, validation, earlier)
        # The launcher that `accelerate launch` itself ends in; on CPUs that one starts a single process.
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(processes)]
        command += ["--nnodes", "1", "--rdzv_backend", "c10d", "--rdzv_endpoint", "127.0.0.1:0"]
        command += ["-m", "pipeline.train.worker", str(folder), str(out), str(os.getpid())]
        last: deque[str] = deque(maxlen=LAST_LINES)
        with subprocess.Popen(
            command,
            env=_environment(lake, processes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in _lines(process):
                last.append(line)
                _relay(line)
        if process.returncode:
            raise cause(folder, last, processes)
        result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return Fitted(out, **{**result, "progress": Progress(**result["progress"])})


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what the processes write while they write it; whoever stops listening ends them."""
    if process.stdout is None:
        raise ValueError("the process was started without a pipe")
    try:
        for line in process.stdout:
            if line.strip():
                yield line.rstrip()
    except BaseException:
        process.kill()  # the workers watch it, and end too
        raise


def _relay(line: str) -> None:
    """Log a line of a process: an event of this project's logger as the event that it is."""
    try:
        values = json.loads(line)
        level, event = values.pop("level"), values.pop("event")
    except (ValueError, TypeError, KeyError, AttributeError):
        log.info("training process", line=line)
        return
    values.pop("timestamp", None)
    getattr(log, level, log.info)(event, **values)


def _environment(lake: LakeSettings, processes: int) -> dict[str, str]:
    """Give the workers the lake's address and credentials in their environment only, and their share of the CPUs."""
    environment = {**os.environ, "LLMOPS_LAKE__URI": lake.uri}
    if lake.endpoint_url:
        environment["LLMOPS_LAKE__ENDPOINT_URL"] = lake.endpoint_url
    for name, secret in (("ACCESS_KEY", lake.access_key), ("SECRET_KEY", lake.secret_key)):
        if secret is not None:
            environment[f"LLMOPS_LAKE__{name}"] = secret.get_secret_value()
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    return environment
