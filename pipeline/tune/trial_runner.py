"""One trial: a configuration trained in a session that all trials share, judged against the leaders, and kept."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.errors import PipelineError, TrainingError
from pipeline.log import get_logger
from pipeline.train import adapters
from pipeline.train.checkpoints import CheckpointStore
from pipeline.train.forgetting import forgetting_of
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.progress import Progress
from pipeline.train.session import Session
from pipeline.train.tracking import NoTracker, Tracker
from pipeline.tune.pruning import judge_for
from pipeline.tune.trials import Trial, TrialStore, name_of

log = get_logger(__name__)
OpenTracker = Callable[[str, Hyperparameters], Tracker]


def _untracked(name: str, hyper: Hyperparameters) -> Tracker:
    return NoTracker()


class TrialRunner:
    """Runs configurations and remembers what came of them; one that was tried before is not tried again."""

    def __init__(
        self,
        session: Callable[[], Session],
        store: TrialStore,
        first: Trial,
        *,
        after: float,
        margin: float,
        processes: int = 1,
        checkpoint_steps: int = 0,
        track: OpenTracker = _untracked,
    ) -> None:
        """`session` is called when the first trial really has to run; `first` is the trial that was there before.

        `processes` is in how many that one ran. A trial runs in one, and accumulates what they would have summed, so
        that a step sees as many examples and the trials can be compared.
        """
        self._open = session
        self._session: Session | None = None
        self.store = store
        self.first = first
        self.after = after
        self.margin = margin
        self.processes = processes
        self.checkpoint_steps = checkpoint_steps
        self.track = track
        self.tried: list[Trial] = []

    def run(self, hyper: Hyperparameters, leaders: Sequence[Trial] | None = None) -> Trial:
        """Return the trial of a configuration: remembered, found in the lake, or run now.

        It is judged against `leaders`: by default all that this runner has seen. A configuration that cannot be
        trained gives a failed trial; trouble with the lake or the network is no fault of it, and is raised.
        """
        name = name_of(hyper)
        trial = self.first if name == self.first.name else self.store.find(name)
        if trial is None:
            trial = self._train(name, hyper, [self.first, *self.tried] if leaders is None else leaders)
        self.tried.append(trial)
        return trial

    def _train(self, name: str, hyper: Hyperparameters, leaders: Sequence[Trial]) -> Trial:
        session = self._session = self._session or self._open()
        steps = CheckpointStore(self.store.lake, f"{self.store.prefix}/steps-{name}", keep=1, key=self.store.key)
        each = hyper.examples_per_step(self.processes)
        judge = judge_for(leaders, each=each, after=self.after, margin=self.margin)
        tracker = self.track(name, hyper)
        trial: Trial | None = None
        started = time.monotonic()
        try:
            model, progress = session.fit(
                replace(hyper, gradient_accumulation=hyper.gradient_accumulation * self.processes),
                checkpoints=steps,
                checkpoint_steps=self.checkpoint_steps,
                listener=tracker.log,
                judge=judge,
            )
        except Exception as problem:
            if not faulty_configuration(problem):
                raise
            trial = failed_trial(name, hyper, problem)
            log.warning("a trial failed; the search goes on", trial=name, cause=trial.failed)
            self.store.keep(trial, None)
        else:
            trial = trial_of(name, hyper, progress, time.monotonic() - started, each)
            log.info("a trial ended", trial=name, loss=round(trial.loss, 4), steps=trial.steps, of=trial.planned_steps)
            with tempfile.TemporaryDirectory(prefix="trial-") as scratch:
                self.store.keep(trial, adapters.save(model, hyper, Path(scratch) / "learnt"))
            session.release(model)
        finally:
            # also after a failure: a tracker has one run open at a time
            tracker.finish({"validation_loss": trial.loss, "steps": trial.steps} if trial and not trial.failed else {})
        steps.clear()
        return trial


def faulty_configuration(problem: Exception) -> bool:
    """Tell an error that a configuration brought about from one of the lake, a service or the machine's disk."""
    if isinstance(problem, PipelineError):
        return isinstance(problem, TrainingError)
    return not isinstance(problem, OSError)


def failed_trial(name: str, hyper: Hyperparameters, problem: Exception) -> Trial:
    """Return the record of a configuration that could not be trained."""
    cause = str(problem).strip().splitlines() or [type(problem).__name__]
    text = cause[0] if isinstance(problem, PipelineError) else f"{type(problem).__name__}: {cause[0]}"
    return Trial(name, hyper.to_json(), math.inf, math.inf, 0, 0, 0, failed=text[:300])


def trial_of(
    name: str, hyper: Hyperparameters, progress: Progress, seconds: float = 0.0, each: int | None = None
) -> Trial:
    """Return the record of a run whose steps saw `each` examples, by default those of one process."""
    each = each or hyper.examples_per_step()
    return Trial(
        name=name,
        hyperparameters=hyper.to_json(),
        loss=progress.best_loss,
        initial_loss=progress.initial_loss or progress.best_loss,
        steps=progress.step,
        planned_steps=progress.total,
        best_step=progress.best_step,
        stopped=progress.stopped,
        curve=[(step * each, loss) for step, loss in progress.validation],
        seconds=round(seconds, 2),
        forgetting=forgetting_of(progress),
    )
