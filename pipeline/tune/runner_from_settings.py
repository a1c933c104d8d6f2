"""What runs trials in this process, made from the settings: by the stage itself, or by each of Spark's workers."""

from __future__ import annotations

from collections.abc import Collection

from pipeline import model_cache
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.train.environment import accelerator_for, be_deterministic
from pipeline.train.fine_tuning import states_folder
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.session import Session
from pipeline.train.tracking import Tracker, config_of, tracker_for
from pipeline.train.training_data import earlier_for, examples_for
from pipeline.tune.trial_runner import TrialRunner
from pipeline.tune.trials import Trial, TrialStore

log = get_logger(__name__)


def runner_for(
    settings: Settings,
    lake: Lake,
    base: Manifest,
    features: Manifest,
    first: Trial,
    prefix: str,
    processes: int,
    forbidden: Collection[str] = (),
) -> TrialRunner:
    """Return what runs trials in this process; model and examples are loaded when the first one has to run.

    `processes` is in how many the first trial ran, `prefix` where this search keeps its trials. Nothing under a
    `forbidden` licence is replayed.
    """
    search = prefix.rsplit("/", 1)[-1]
    if processes > 1:
        log.info("a trial runs in one process and accumulates the gradients of several", processes=processes)

    def open_session() -> Session:
        be_deterministic(settings.train.seed)
        earlier = earlier_for(settings, lake, base)
        data = examples_for(settings, lake, features, earlier, forbidden)
        return Session(
            model_cache.checkout(settings, lake, base.output("model")),
            base.facts["architecture"],
            data.train,
            data.validation,
            accelerator=accelerator_for(settings.train.device),
            states_folder=states_folder(settings),
            gradient_checkpointing=settings.train.gradient_checkpointing,
            earlier=earlier,
            ewc_strength=settings.train.ewc_strength,
        )

    def track(name: str, hyper: Hyperparameters) -> Tracker:
        config = config_of(hyper, base, features)
        return tracker_for(settings, name=f"trial-{search[:8]}-{name[:8]}", group="tune", config=config)

    return TrialRunner(
        open_session,
        TrialStore(lake, prefix, settings.audit.signing_key),
        first,
        after=settings.tune.hopeless_after,
        margin=settings.tune.hopeless_margin,
        processes=processes,
        checkpoint_steps=settings.train.checkpoint_steps,
        track=track,
    )
