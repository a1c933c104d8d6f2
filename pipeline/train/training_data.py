"""What a model learns from: examples read through Feast, also of an earlier run, made for the right base model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pipeline.errors import TrainingError
from pipeline.features.replayed import EARLIER
from pipeline.lake import Lake
from pipeline.lake.check import require_unaltered
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import Settings
from pipeline.train.examples import Examples, read
from pipeline.train.forgetting import Earlier, with_replay
from pipeline.train.replay import forbidden_licences, repeatable


@dataclass(frozen=True)
class TrainingData:
    """What a model learns from, the replayed examples last, and is validated on; `replayed` are the ids of those."""

    train: Examples
    validation: Examples
    replayed: tuple[str, ...] = ()


def examples_for(
    settings: Settings,
    lake: Lake,
    features: Manifest,
    earlier: Earlier | None = None,
    forbidden: Collection[str] = (),
) -> TrainingData:
    """Read the training and the validation examples through Feast, as many as the settings allow.

    Examples of an earlier run are replayed in the share that the settings ask for; only those that may be learnt from
    today (`replay.repeatable`, with the licences that are forbidden). Raises TrainingError when a split is empty,
    Refused when the features are not what their stage wrote.
    """
    from pipeline.features.retrieval import training_batches

    chosen = settings.train
    columns = ("question_id", "token_ids", "labels")
    train = read(training_batches(settings, lake, features, "train", columns))
    validation = read(training_batches(settings, lake, features, "validation", columns))
    train = train.sample(chosen.max_train_examples, chosen.seed)
    require_unaltered(lake, features)  # here, since they were read just now, by whichever process
    own = len(train)
    if earlier and chosen.replay_share and chosen.earlier_features:
        given = load_manifest(lake, chosen.earlier_features)
        usable = repeatable(settings, lake, features, given, forbidden)
        require_unaltered(lake, given)
        train = with_replay(train, earlier, chosen.replay_share, chosen.seed, usable)
    if not len(train) or not len(validation):
        raise TrainingError(
            f"{len(train)} training and {len(validation)} validation examples are not enough",
            where=features.uri,
            remedy="Check the splits of the prepare stage and the rows that the features stage set aside",
        )
    validation = validation.sample(chosen.max_validation_examples, chosen.seed)
    return TrainingData(train, validation, tuple(train.ids[own:]))


def require_features_of(base: Manifest, features: Manifest, setting: str = "") -> None:
    """Raise TrainingError when features were made for another base model: their token ids mean something else.

    `setting` is the one that names the features, if it was one.
    """
    made_for = features.inputs.get("base-model")
    known = {base.digest}
    if base.stage == "pretrain":  # it keeps the tokenizer of the model that it came from
        known.add(base.inputs["base-model"].digest)
    if made_for is not None and made_for.digest not in known:
        raise TrainingError(
            f"The features were made for {features.facts.get('base_model', 'another base model')}, not for "
            f"{base.facts['name']}",
            where=f"{setting} = {features.uri}" if setting else features.uri,
            remedy="Run the features stage with this base model",
        )


def earlier_for(settings: Settings, lake: Lake, base: Manifest) -> Earlier | None:
    """Read what an earlier run learnt from and its held-out questions, when the settings name its features.

    Its model, when they name that too, is asked these questions here, once. Raises TrainingError when features or model
    were made for another base model.
    """
    if settings.train.earlier_features is None:
        return None
    manifest = load_manifest(lake, settings.train.earlier_features)
    require_features_of(base, manifest, "train.earlier_features")
    require_unaltered(lake, manifest)
    from pipeline.features.retrieval import training_batches

    columns = ("question_id", "token_ids", "labels")
    train = read(training_batches(settings, lake, manifest, "train", columns))
    held_out = read(training_batches(settings, lake, manifest, "test", columns))
    require_unaltered(lake, manifest)  # again, since they were read in between
    held_out = held_out.sample(settings.train.max_validation_examples, settings.train.seed)
    if settings.train.earlier_model is None or not len(held_out):
        return Earlier(train, held_out)
    from pipeline.train.earlier_model import loss_of

    model = load_manifest(lake, settings.train.earlier_model)
    return Earlier(train, held_out, loss_of(settings, lake, base, model, held_out))


def earlier_inputs(settings: Settings, lake: Lake) -> dict[str, Manifest]:
    """Return the features of an earlier run, when the settings name them, as an input of a stage."""
    place = settings.train.earlier_features
    return {EARLIER: load_manifest(lake, place)} if place else {}


def earlier_parameters(settings: Settings, lake: Lake) -> dict[str, Any]:
    """Return what else of an earlier run decides a stage: its model's digest, and which of its licences are forbidden.

    The model is no input, as it is measured and not learnt from.
    """
    place = settings.train.earlier_model
    found: dict[str, Any] = {"earlier_model": load_manifest(lake, place).digest} if place else {}
    if settings.train.replay_share:
        found["forbidden_licences"] = forbidden_licences(settings, lake)
    return found


def data_parameters(settings: Settings) -> dict[str, Any]:
    """Return the settings that decide which examples are used and how; `data_seed` chooses them."""
    names = (
        "max_train_examples",
        "max_validation_examples",
        "gradient_checkpointing",
        "device",
        "replay_share",
        "ewc_strength",
    )
    return {"data_seed": settings.train.seed, **{name: getattr(settings.train, name) for name in names}}
