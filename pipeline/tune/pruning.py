"""When to stop a trial that will not win.

A trial is compared, at each validation, with the best loss that the leading trials had after as many examples, however
many each is to see in all: the idea of median stopping (Golovin et al., 2017), sharpened to the leader as budgets are
small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.train.progress import Judge, Progress
from pipeline.tune.trials import Trial

DIVERGED = 1.25
"""A validation loss this many times the untrained model's does not come back within a trial's budget."""


def judge_for(leaders: Sequence[Trial], *, each: int, after: float, margin: float) -> Judge:
    """Return the judge of one trial, whose steps see `each` examples.

    `after` is the share of the planned steps before which nobody is compared; `margin` the share by which the loss may
    be worse than the leaders' at the same point.
    """

    def judge(progress: Progress) -> str | None:
        step, loss = progress.validation[-1]
        initial = progress.initial_loss or math.inf
        if not math.isfinite(loss) or loss > DIVERGED * initial:
            return f"diverged: validation loss {loss:.3f}, {initial:.3f} before training"
        leading = min((best_until(trial, step * each) for trial in leaders), default=math.inf)
        if step / progress.total >= after and progress.best_loss > leading * (1 + margin):
            return f"hopeless: {progress.best_loss:.3f} where the best had {leading:.3f}"
        return None

    return judge


def best_until(trial: Trial, examples: int) -> float:
    """Return the best validation loss that a trial had reached when it had seen so many examples."""
    return min((loss for at, loss in trial.curve if at <= examples), default=math.inf)
