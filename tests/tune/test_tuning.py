from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import SecretStr, ValidationError
from tiny_stages import SIZES, Stages, changed_while_read
from tiny_training import hyper

from pipeline.answering import Answerer, Asked
from pipeline.errors import LakeError, Refused, TrainingError
from pipeline.lake import Lake
from pipeline.manifest import InputReference, Manifest
from pipeline.settings import TuneSettings
from pipeline.train import merging
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.progress import Progress
from pipeline.train.session import Session
from pipeline.tune import stage as tune_stage
from pipeline.tune.first_trial import require_same_examples
from pipeline.tune.pruning import best_until, judge_for
from pipeline.tune.report import ENOUGH, importance, tuning_report
from pipeline.tune.search import search
from pipeline.tune.space import axes, default_point, hyperopt_space, hyperparameters
from pipeline.tune.trials import Trial, TrialStore, name_of

pytestmark = pytest.mark.model
THREE = {"trials": 3, "seed": 1, "hopeless_after": 1.0, "hopeless_margin": 9.0}


def trial(loss: float, curve: list[tuple[int, float]] | None = None, **changes: Any) -> Trial:
    settings = hyper(**changes)
    return Trial(name_of(settings), settings.to_json(), loss, 5.0, 10, 10, 10, curve=curve or [(0, 5.0), (80, loss)])


def test_the_space_is_the_promised_one() -> None:
    space = {axis.name: axis for axis in axes(TuneSettings(), hyper(learning_rate=2e-3))}
    assert (space["learning_rate"].low, space["learning_rate"].high, space["learning_rate"].log) == (-7.0, -2.0, True)
    assert {"batch_size", "epochs", "weight_decay", "lora_rank", "lora_dropout", "warmup_ratio"} <= space.keys()
    assert {"adam_epsilon", "early_stopping_patience", "alpha_over_rank"} <= space.keys()
    full = {axis.name for axis in axes(TuneSettings(), hyper(method="full"))}
    assert not {"lora_rank", "lora_dropout", "alpha_over_rank"} & full


def test_a_default_outside_the_space_widens_it() -> None:
    space = {axis.name: axis for axis in axes(TuneSettings(batch_sizes=[4]), hyper(learning_rate=1e-5, batch_size=6))}
    assert space["learning_rate"].low == pytest.approx(math.log(1e-5))
    assert space["batch_size"].choices == (4, 6)


def test_points_become_plain_values() -> None:
    from hyperopt import space_eval
    from hyperopt.pyll.stochastic import sample

    default = hyper()
    space = axes(TuneSettings(), default)
    for seed in range(20):
        drawn = sample(hyperopt_space(space), rng=np.random.default_rng(seed))
        made = hyperparameters(drawn, default)
        json.dumps(made.to_json())
        assert type(made.batch_size) is int
        assert type(made.learning_rate) is float
        assert made.batch_size in (4, 8, 16)
        assert math.exp(-7) <= made.learning_rate <= math.exp(-2)
        assert made.lora_alpha in {made.lora_rank * ratio for ratio in (1, 2, 4)}
    back = space_eval(hyperopt_space(space), default_point(space, default))
    assert hyperparameters(back, default) == default


def test_a_step_budget_bounds_the_examples_not_the_steps() -> None:
    default = hyper(batch_size=4)
    assert hyperparameters({"batch_size": np.int64(16)}, default, step_budget=40).max_steps == 10
    assert hyperparameters({"batch_size": np.int64(4)}, default, step_budget=40) == default


@pytest.mark.parametrize(("epochs", "steps"), [(1.0, 5), (2.0, 10), (3.0, 15), (4.0, 15)])
def test_a_budget_makes_no_trial_longer_than_its_epochs(epochs: float, steps: int) -> None:
    made = hyperparameters({"epochs": epochs, "weight_decay": 0.01}, hyper(batch_size=4), step_budget=15)
    assert made.steps(20) == steps


def test_the_steps_that_bound_the_default_bound_every_trial() -> None:
    default = hyper(batch_size=4, max_steps=30)
    assert default.steps(100_000) == 30
    assert hyperparameters({"epochs": 3.0}, default).steps(100_000) == 30
    assert hyperparameters({"batch_size": np.int64(8)}, default).steps(100_000) == 15
    assert hyperparameters({"batch_size": np.int64(8)}, default, step_budget=20).steps(100_000) == 10
    assert hyperparameters({"batch_size": np.int64(8)}, default, step_budget=40).steps(100_000) == 15


def test_the_search_starts_with_the_default_and_is_the_same_every_time() -> None:
    settings = TuneSettings(trials=12, startup_trials=4, seed=5)
    default = hyper(learning_rate=2e-3)

    def tried() -> list[Hyperparameters]:
        seen: list[Hyperparameters] = []

        def run(made: Hyperparameters) -> Trial:
            seen.append(made)
            return trial(abs(math.log(made.learning_rate) + 5) + 0.01 * made.batch_size)

        search(settings, axes(settings, default), default, run)
        return seen

    first, second = tried(), tried()
    assert first == second
    assert first[0] == default
    assert len(first) == 12


def test_what_has_one_value_stays_as_it_is() -> None:
    one = {"weight_decay": (0.0, 0.0), "learning_rate_log": (-6.0, -6.0), "batch_sizes": [8], "epochs": [2.0]}
    settings = TuneSettings(trials=12, startup_trials=2, **one)
    default = hyper(learning_rate=math.exp(-6.0), weight_decay=0.0, batch_size=8, epochs=2.0)
    seen: list[Hyperparameters] = []

    def run(made: Hyperparameters) -> Trial:
        seen.append(made)
        return trial(made.warmup_ratio)

    search(settings, axes(settings, default), default, run)
    assert len(seen) == 12
    assert {made.learning_rate for made in seen} == {default.learning_rate}
    assert {(made.weight_decay, made.batch_size, made.epochs) for made in seen} == {(0.0, 8, 2.0)}
    assert len({made.warmup_ratio for made in seen}) > 2


def test_tpe_finds_the_valley_better_than_chance() -> None:
    settings = TuneSettings(trials=40, startup_trials=8, seed=3)
    default = hyper(learning_rate=1e-3)
    losses: list[float] = []

    def run(made: Hyperparameters) -> Trial:
        losses.append(abs(math.log(made.learning_rate) + 4.5))
        return trial(losses[-1])

    search(settings, axes(settings, default), default, run)
    assert np.mean(losses[20:]) < 0.8 * np.mean(losses[1:9])


def progress(points: list[tuple[int, float]], total: int = 10) -> Progress:
    made = Progress(step=points[-1][0], total=total, initial_loss=points[0][1])
    made.curves = [{"step": step, "validation_loss": loss} for step, loss in points]
    made.best_loss = min(loss for _, loss in points)
    return made


def test_hopeless_trials_are_told_apart() -> None:
    leader = trial(1.0, [(0, 5.0), (8, 3.0), (20, 2.0), (40, 1.0)])
    judge = judge_for([leader], each=4, after=0.3, margin=0.1)
    assert judge(progress([(0, 5.0), (2, 4.9)])) is None
    assert judge(progress([(0, 5.0), (5, 2.1)])) is None
    assert "hopeless: 2.500 where the best had 2.000" in str(judge(progress([(0, 5.0), (5, 2.5)])))
    assert "diverged" in str(judge(progress([(0, 5.0), (2, 9.0)])))
    assert "diverged" in str(judge(progress([(0, 5.0), (2, float("nan"))])))
    assert judge_for([], each=4, after=0.0, margin=0.0)(progress([(0, 5.0), (9, 5.1)])) is None
    assert best_until(leader, 24) == 2.0


def test_a_trial_is_compared_after_as_many_examples_however_long_it_is_to_be() -> None:
    """The leader saw 40 examples in all; a trial of three times as many has seen 40 after a third of its steps."""
    judge = judge_for([trial(1.0, [(0, 5.0), (20, 2.0), (40, 1.0)])], each=4, after=0.2, margin=0.1)
    assert judge(progress([(0, 5.0), (10, 1.05)], total=30)) is None
    assert "hopeless: 1.500 where the best had 1.000" in str(judge(progress([(0, 5.0), (10, 1.5)], total=30)))
    assert judge(progress([(0, 5.0), (5, 2.1)], total=15)) is None


def test_the_best_trial_is_the_candidate(stages: Stages, tmp_path: Path) -> None:
    manifest = stages.tune("causal", THREE, lora_layers=2, learning_rate=1e-3)
    facts = manifest.facts
    lines = stages.lake.read(f"{manifest.output('trials').uri}/trials.jsonl").decode().splitlines()
    trials = [json.loads(line) for line in lines]
    assert [item["trial"] for item in trials] == [0, 1, 2]
    losses = [item["loss"] for item in trials]
    assert facts["best_trial"] == losses.index(min(losses)) != 0
    assert facts["validation_loss"] == min(losses) < losses[0]
    assert losses[0] == stages.train("causal", lora_layers=2, learning_rate=1e-3).facts["validation_loss"]
    folder = stages.lake.download_folder(manifest.output("model").uri, tmp_path / "candidate")
    config = json.loads((folder / "config.json").read_text())
    assert (config["use_cache"], config["dtype"]) == (True, "bfloat16")
    answerer = Answerer(folder, batch_size=2)
    assert len(answerer.answer([Asked("context", "question?")], max_new_tokens=3)) == 1
    html = stages.lake.read(f"{manifest.output('report').uri}/report.html").decode()
    assert html.count("<svg") == 3
    assert "promoted as they are" in html


def trials_of(stages: Stages, manifest: Manifest) -> list[dict[str, Any]]:
    lines = stages.lake.read(f"{manifest.output('trials').uri}/trials.jsonl").decode().splitlines()
    return [json.loads(line) for line in lines]


def tuned(stages: Stages, trained: Manifest, tune: dict[str, Any], architecture: str = "causal", **train: Any) -> Any:
    """Tune what was trained, with settings that may differ from those that it was trained with."""
    return tune_stage.run(
        stages.settings(architecture, tune, **train),
        stages.lake,
        run_id="test",
        base=stages.base(architecture),
        features=stages.features(architecture),
        trained=trained,
    )


def test_a_model_that_was_trained_from_something_else_is_refused(stages: Stages) -> None:
    trained = stages.train("causal")
    for name in ("base-model", "features"):
        inputs = {**trained.inputs, name: trained.inputs[name].model_copy(update={"digest": "another"})}
        with pytest.raises(TrainingError, match=rf"its {name} was another.*train from these first"):
            tuned(stages, trained.model_copy(update={"inputs": inputs}), THREE)
    with pytest.raises(TrainingError, match=r"trained with method = lora, and the search is to use full"):
        tuned(stages, trained, THREE, method="full")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, r"train\.seed = 3, and the search is to use 4"),
        ({"max_validation_examples": 4}, r"train\.max_validation_examples = 64, and the search is to use 4"),
        ({"max_train_examples": 4}, r"train\.max_train_examples = None, and the search is to use 4"),
        ({"replay_share": 0.5}, r"train\.replay_share = 0\.0, and the search is to use 0\.5"),
    ],
)
def test_trials_over_other_examples_than_trial_0_are_refused(
    stages: Stages, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    earlier = {"earlier_features": stages.features("causal").uri}
    trained = stages.train("causal", **earlier)
    assert not tuned(stages, trained, {"trials": 1}, **earlier).cached
    with pytest.raises(TrainingError, match=message):
        tuned(stages, trained, {"trials": 1}, **earlier, **change)


def test_trials_hold_on_to_the_earlier_run_that_trial_0_held_on_to(stages: Stages) -> None:
    trained, now = stages.train("causal"), {"replay_share": 0.5, "ewc_strength": 0.0, "forbidden_licences": ["MIT"]}
    other = stages.features("seq2seq")
    parameters = {**trained.parameters, **now}
    as_then = trained.model_copy(
        update={"parameters": parameters, "inputs": {"earlier-features": InputReference(uri="x", digest="y")}}
    )
    with pytest.raises(TrainingError, match="examples of another earlier run"):
        require_same_examples(as_then, parameters, {"earlier-features": other})
    same = as_then.model_copy(
        update={"inputs": {"earlier-features": InputReference(uri=other.uri, digest=other.digest)}}
    )
    require_same_examples(same, parameters, {"earlier-features": other})
    unnamed = {name: value for name, value in parameters.items() if name != "data_seed"}
    require_same_examples(same.model_copy(update={"parameters": unnamed}), parameters, {"earlier-features": other})
    with pytest.raises(TrainingError, match="policy forbids other licences"):
        require_same_examples(same, {**parameters, "forbidden_licences": []}, {"earlier-features": other})


def test_features_that_change_while_a_search_reads_them_are_refused(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = stages.train("causal")
    changed_while_read(stages, monkeypatch)
    with pytest.raises(Refused, match="features: the file note was changed"):
        tuned(stages, trained, THREE)


def test_trial_0_has_the_values_that_it_was_trained_with_whatever_the_settings_say_now(stages: Stages) -> None:
    trained = stages.train("causal", learning_rate=1e-3, max_grad_norm=0.7)
    manifest = tuned(stages, trained, THREE, learning_rate=9e-3, max_grad_norm=0.2)
    trials = trials_of(stages, manifest)
    assert trials[0]["hyperparameters"] == trained.facts["hyperparameters"]
    assert {item["hyperparameters"]["max_grad_norm"] for item in trials} == {0.7}


def test_what_forgetting_is_measured_on_is_an_input_of_the_search(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "test", (12, 9))
    trained = stages.train("causal")
    plain = tuned(stages, trained, {"enabled": False})
    earlier = stages.features("causal")
    measured = tuned(stages, trained, {"enabled": False}, earlier_features=earlier.uri)
    assert (plain.cached, measured.cached) == (False, False)
    assert measured.inputs["earlier-features"].digest == earlier.digest


def test_a_trials_steps_see_as_many_examples_as_those_of_several_processes(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials run in one process: else they would learn in smaller steps than the model that they are compared with."""
    trained = stages.train("causal", batch_size=4)
    trained = trained.model_copy(update={"facts": {**trained.facts, "processes": 3}})
    ran: list[Hyperparameters] = []
    real = Session.fit

    def seen(self: Session, made: Hyperparameters, **options: Any) -> Any:
        ran.append(made)
        return real(self, made, **options)

    monkeypatch.setattr(Session, "fit", seen)
    manifest = tuned(stages, trained, {**THREE, "batch_sizes": [4]}, batch_size=4)
    assert {(made.batch_size, made.gradient_accumulation) for made in ran} == {(4, 3)}
    trials = trials_of(stages, manifest)
    assert {item["hyperparameters"]["gradient_accumulation"] for item in trials} == {1}
    assert trials[0]["curve"][1][0] == 3 * 4 * 4
    for item in trials[1:]:
        assert item["planned_steps"] == 4 * item["hyperparameters"]["epochs"]
        assert item["curve"][-1][0] == 12 * item["steps"]


def test_the_candidate_is_the_merged_adapter(stages: Stages, tmp_path: Path) -> None:
    """Its loss on the validation split is the trial's, but for the rounding to bfloat16."""
    from tiny_training import task

    from pipeline.train.environment import accelerator_for

    manifest = stages.tune("causal", {"trials": 1}, lora_layers=2, learning_rate=1e-2, epochs=6.0)
    folder = stages.lake.download_folder(manifest.output("model").uri, tmp_path / "candidate")
    checked = Session(folder, "causal", task(8, "causal", 1), task(16, "causal", 2), accelerator=accelerator_for("cpu"))
    _, loss = checked.fit(hyper(method="full", max_steps=1, learning_rate=1e-12))
    assert manifest.facts["best_trial"] == 0
    assert loss.initial_loss == pytest.approx(manifest.facts["validation_loss"], rel=5e-3)
    assert manifest.facts["validation_loss"] < manifest.facts["initial_validation_loss"]


def test_a_killed_search_continues_with_its_trials(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = stages.tune("causal", THREE)
    stages.forget("tune")
    fitted: list[str] = []
    real = Session.fit

    def dies_in_the_second(self: Session, made: Hyperparameters, **options: Any) -> Any:
        fitted.append(name_of(made))
        if len(fitted) == 2:
            raise KeyboardInterrupt
        return real(self, made, **options)

    monkeypatch.setattr(Session, "fit", dies_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        stages.tune("causal", THREE)
    first_run = list(fitted)
    assert stages.lake.objects(stages.lake.uri("checkpoints", "tune"))
    resumed = stages.tune("causal", THREE)
    assert fitted[len(first_run) :] == [first_run[1]]
    assert resumed.digest == undisturbed.digest
    assert not stages.lake.objects(stages.lake.uri("checkpoints", "tune"))


KEY = SecretStr("the trail's key")


def kept(lake: Lake, folder: Path, key: SecretStr | None, loss: float = 1.0) -> TrialStore:
    """A finished trial named `a`."""
    store = TrialStore(lake, lake.uri("checkpoints", "tune", "k"), key)
    folder.mkdir()
    (folder / "adapter.safetensors").write_bytes(f"weights {loss}".encode())
    trial = Trial("a", {"learning_rate": 0.1}, loss, 2.0, 4, 4, 4, curve=[(48, 1.5)])
    store.keep(trial, folder)
    return store


def test_a_trial_survives_its_journey(lake: Lake, tmp_path: Path) -> None:
    store = kept(lake, tmp_path / "a", KEY)
    found = store.find("a")
    assert found is not None
    assert (found.loss, found.curve) == (1.0, [(48, 1.5)])
    assert (store.fetch("a", tmp_path / "b") / "adapter.safetensors").read_bytes() == b"weights 1.0"


@pytest.mark.parametrize("forger", [None, SecretStr("a guess")])
def test_a_trial_that_somebody_else_wrote_is_tried_again(lake: Lake, tmp_path: Path, forger: SecretStr | None) -> None:
    """The best loss of all, with weights beside it: they would become the candidate."""
    own = kept(lake, tmp_path / "a", KEY)
    kept(lake, tmp_path / "b", forger, loss=0.0)
    assert own.find("a") is None
    with pytest.raises(LakeError, match="not what it wrote"):
        own.fetch("a", tmp_path / "c")


@pytest.mark.parametrize("name", ["adapter.safetensors", "more.safetensors"])
def test_weights_that_a_trial_did_not_write_are_refused(lake: Lake, tmp_path: Path, name: str) -> None:
    own = kept(lake, tmp_path / "a", KEY)
    lake.write(f"{own.place('a')}/learnt/{name}", b"evil")
    assert own.find("a") is not None
    with pytest.raises(LakeError, match="not what it wrote"):
        own.fetch("a", tmp_path / "b")


def test_an_adapter_that_was_changed_after_training_becomes_no_candidate(stages: Stages) -> None:
    trained = stages.train("causal", lora_layers=2)
    place = f"{trained.output('adapter').uri}/adapter_model.safetensors"
    stages.lake.write(place, stages.lake.read(place)[:-4] + b"evil")
    with pytest.raises(LakeError, match="is not what its manifest says"):
        stages.tune("causal", {"trials": 1}, lora_layers=2)


def test_a_configuration_that_cannot_be_trained_is_kept_as_failed_and_the_search_goes_on(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rank whose adapters no machine can hold: the allocator's own error, once for each such trial."""
    tune = {**THREE, "trials": 5, "lora_ranks": [4, 10**13]}
    manifest = stages.tune("causal", tune)
    lines = stages.lake.read(f"{manifest.output('trials').uri}/trials.jsonl").decode().splitlines()
    failed = [item for item in map(json.loads, lines) if item["failed"]]
    assert 1 <= len(failed) == manifest.facts["failed"] < 4
    assert all(item["loss"] is None and item["hyperparameters"]["lora_rank"] == 10**13 for item in failed)
    assert "do not fit into memory" in manifest.warnings[-1]
    assert math.isfinite(manifest.facts["validation_loss"])


def test_trouble_with_the_lake_ends_the_search(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Session, made: Hyperparameters, **options: Any) -> Any:
        raise LakeError("The object store does not answer")

    stages.train("causal")
    monkeypatch.setattr(Session, "fit", away)
    with pytest.raises(LakeError, match="does not answer"):
        stages.tune("causal", THREE)


def test_when_no_trial_can_be_trained_the_search_says_why(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Session, made: Hyperparameters, **options: Any) -> Any:
        raise RuntimeError("CUDA error: the GPU is lost")

    stages.train("causal")
    with monkeypatch.context() as patch:
        patch.setattr(Session, "fit", broken)
        with pytest.raises(TrainingError, match=r"None of 2 trials could be trained: RuntimeError: CUDA error"):
            stages.tune("causal", THREE)
    assert stages.tune("causal", THREE).facts["failed"] == 0


@pytest.mark.parametrize(
    "values", [{"batch_sizes": [0]}, {"lora_ranks": [-4]}, {"epochs": [0.0]}, {"learning_rate_log": (-2.0, -7.0)}]
)
def test_a_space_that_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TuneSettings(**values)


def test_equal_searches_have_equal_outputs(stages: Stages) -> None:
    first = stages.tune("seq2seq", THREE)
    stages.forget("tune")
    assert stages.tune("seq2seq", THREE).digest == first.digest


def test_model_and_examples_are_loaded_once_for_all_trials(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.train import adapters

    loads: list[int] = []
    real = adapters.load_base
    stages.train("causal")
    monkeypatch.setattr(adapters, "load_base", lambda *args: loads.append(1) or real(*args))
    stages.tune("causal", {**THREE, "trials": 4})
    assert len(loads) == 1


def test_full_fine_tuning_is_searched_too(stages: Stages, tmp_path: Path) -> None:
    manifest = stages.tune("causal", {"trials": 2, "hopeless_margin": 9.0}, method="full", epochs=1.0)
    folder = stages.lake.download_folder(manifest.output("model").uri, tmp_path / "candidate")
    assert {"model.safetensors", "tokenizer.json", "generation_config.json"} <= {file.name for file in folder.iterdir()}


def test_without_a_search_the_trained_model_is_the_candidate(stages: Stages) -> None:
    manifest = stages.tune("causal", {"enabled": False})
    assert manifest.facts["trials"] == 1
    assert manifest.facts["goes_on"] == "the model of the train stage"


def test_merging_gives_equal_bytes(stages: Stages, tmp_path: Path) -> None:
    trained = stages.train("causal")
    adapter = stages.lake.download_folder(trained.output("adapter").uri, tmp_path / "adapter")
    one = merging.merge(stages.models["causal"], adapter, "causal", tmp_path / "one")
    two = merging.merge(stages.models["causal"], adapter, "causal", tmp_path / "two")
    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes()
    assert str(tmp_path) not in (one / "config.json").read_text()


def test_an_adapter_with_weights_that_are_no_numbers_is_refused(stages: Stages, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    trained = stages.train("causal")
    adapter = stages.lake.download_folder(trained.output("adapter").uri, tmp_path / "adapter")
    tensors = load_file(adapter / "adapter_model.safetensors")
    spoilt = {name: torch.full_like(value, float("nan")) for name, value in tensors.items()}
    save_file(spoilt, adapter / "adapter_model.safetensors")
    with pytest.raises(TrainingError, match="cannot be merged"):
        merging.merge(stages.models["causal"], adapter, "causal", tmp_path / "out")


def test_importance_needs_enough_trials_and_finds_what_matters() -> None:
    space = axes(TuneSettings(), hyper())
    random = np.random.default_rng(0)
    many = []
    for _ in range(60):
        rate, decay = float(random.uniform(-6, -2)), float(random.uniform(0, 0.1))
        many.append(trial((rate + 4) ** 2, learning_rate=math.exp(rate), weight_decay=decay))
    found = importance(many, space)
    assert max(found, key=lambda name: found[name]) == "learning_rate"
    assert sum(found.values()) == pytest.approx(1, abs=1e-2)
    assert importance(many[: ENOUGH - 1], space) == {}


def test_the_report_survives_hostile_names() -> None:
    spoilt = trial(1.0)
    facts = {"best_trial": 0, "importance": {"<script>alert(1)</script>": 1.0}}
    html = tuning_report(facts, [spoilt], axes(TuneSettings(), hyper())).html()
    assert "<script" not in html
