"""From the best trial to the candidate: its weights, as trained, in one folder that any runtime loads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline import model_cache
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.train import merging
from pipeline.tune.trials import Trial, TrialStore


def promote(
    settings: Settings,
    lake: Lake,
    base: Manifest,
    trained: Manifest,
    store: TrialStore,
    trials: Sequence[Trial],
    best: int,
    scratch: Path,
) -> Path:
    """Return a folder with the candidate: the best trial's weights, merged into the base model.

    Raises LakeError when the weights that lie in the lake are not those that training wrote.
    """
    model = model_cache.checkout(settings, lake, base.output("model"))
    full = settings.train.method == "full"
    if best == 0:
        learnt = model_cache.checkout(settings, lake, trained.output("model" if full else "adapter"))
    else:
        learnt = store.fetch(trials[best].name, scratch / "learnt")
    architecture = base.facts["architecture"]
    if full:
        return merging.round_model(learnt, model, architecture, scratch / "candidate")
    return merging.merge(model, learnt, architecture, scratch / "candidate")
