"""A candidate asked in a process of its own, so that neither its memory nor its speed depends on who came before it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from pipeline.encoding import PROMPT_TOKENS, Asked
from pipeline.errors import TrainingError

KIBIBYTE = 1 << 10


@dataclass(frozen=True)
class Probed:
    """What a candidate said, and what that took: seconds for all answers, bytes of memory at the most."""

    answers: list[str]
    log_likelihood: float
    tokens: int
    seconds: float
    memory: int


def probe(
    folder: Path, asked: Sequence[Asked], wanted: Sequence[str], batch: int, longest: int, prompt: int = PROMPT_TOKENS
) -> Probed:
    """Ask the model in a folder in a fresh process; `longest` answers and prompts of `prompt` are in tokens.

    Raises TrainingError when the process does not survive it.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        try:
            return fresh.submit(_ask, folder, asked, wanted, batch, longest, prompt).result()
        except BrokenProcessPool:
            raise TrainingError(
                "The process that asked the model was ended from outside, most likely for its memory",
                where=str(folder),
                remedy="Lower evaluate.batch_size, or compare smaller candidates",
            ) from None


def _ask(folder: Path, asked: Sequence[Asked], wanted: Sequence[str], batch: int, longest: int, prompt: int) -> Probed:
    import torch

    from pipeline.answering import Answerer
    from pipeline.train.memory import nothing_fits, out_of_memory

    before = _most_memory()
    try:
        answerer = Answerer(folder, batch_size=batch, max_length=prompt)
        started = time.monotonic()
        answers = answerer.answer(asked, max_new_tokens=longest)
        seconds = time.monotonic() - started
        likelihoods = answerer.log_likelihood(asked, wanted)
    except (RuntimeError, MemoryError) as problem:
        raise (nothing_fits() if out_of_memory(problem) else problem) from None
    return Probed(
        answers,
        sum(item.total for item in likelihoods),
        sum(item.tokens for item in likelihoods),
        seconds,
        _most_memory() - before + torch.cuda.max_memory_allocated(),
    )


def _most_memory() -> int:
    """Return the most main memory that this process has held, in bytes."""
    import psutil

    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * KIBIBYTE
    return int(psutil.Process().memory_info().rss)
