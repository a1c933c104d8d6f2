"""The stages train and tune on a lake, with features that come as record batches from memory instead of from Feast."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_stages import SIZES, Stages, changed_while_read
from tiny_training import hyper, task
from training_job import job_for, store_in

from pipeline.answering import Answerer, Asked
from pipeline.errors import Refused, TrainingError
from pipeline.features import retrieval
from pipeline.settings import LakeSettings
from pipeline.stage import run_stage
from pipeline.train import stage
from pipeline.train.fine_tuning import Job, fine_tune
from pipeline.train.forgetting import Earlier
from pipeline.train.launching import launch
from pipeline.tune import stage as tune_stage

pytestmark = pytest.mark.model


def test_only_the_adapter_leaves_the_stage(stages: Stages) -> None:
    manifest = stages.train("causal", lora_layers=2)
    paths = {file.path for file in manifest.output("adapter").files}
    assert paths == {"adapter_config.json", "adapter_model.safetensors"}
    assert manifest.facts["validation_loss"] <= manifest.facts["initial_validation_loss"]
    assert manifest.facts["seeds"]["data"] == 3
    lines = stages.lake.read(f"{manifest.output('curves').uri}/curves.jsonl").decode().splitlines()
    assert next(json.loads(line)["step"] for line in lines if "validation_loss" in line) == 0
    html = stages.lake.read(f"{manifest.output('report').uri}/report.html").decode()
    assert "<svg" in html
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize(("architecture", "stacks"), [("causal", 1), ("seq2seq", 2)])
def test_more_layers_than_a_stack_has_are_all_of_them(stages: Stages, architecture: str, stacks: int) -> None:
    every = stages.train(architecture, lora_layers=None)
    more = stages.train(architecture, lora_layers=16)
    assert more.facts["trainable_parameters"] == every.facts["trainable_parameters"]
    assert more.facts["validation_loss"] == pytest.approx(every.facts["validation_loss"], abs=1e-4)
    told = [warning for warning in more.warnings if "asks for 16 layers" in warning]
    assert len(told) == stacks
    assert not every.warnings


def test_nothing_changed_means_nothing_is_done(stages: Stages) -> None:
    first = stages.train("causal")
    assert not first.cached
    assert stages.train("causal").cached
    assert not stages.train("causal", learning_rate=1e-4).cached
    assert stages.train("causal", checkpoint_steps=3, keep_checkpoints=5).cached


def test_equal_runs_have_equal_outputs(stages: Stages) -> None:
    first = stages.train("causal")
    stages.forget("train")
    second = stages.train("causal")
    assert not second.cached
    assert second.digest == first.digest


def test_full_fine_tuning_gives_a_model_that_answers(stages: Stages, tmp_path: Path) -> None:
    manifest = stages.train("seq2seq", method="full")
    folder = stages.lake.download_folder(manifest.output("model").uri, tmp_path / "model")
    answers = Answerer(folder, batch_size=2).answer([Asked("a context", "a question?")], max_new_tokens=4)
    assert len(answers) == 1


def test_checkpoints_are_gone_when_the_work_is_done(stages: Stages) -> None:
    stages.train("causal", checkpoint_steps=2)
    assert not stages.lake.objects(stages.lake.uri("checkpoints"))


SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from training_job import job_for, store_in
from pipeline.train.fine_tuning import fine_tune
from tiny_training import task

model, lake, out = (Path(name) for name in sys.argv[1:])
fine_tune(job_for(model), task(48, "causal", 1), task(16, "causal", 2), out, checkpoints=store_in(lake),
          listener=lambda point: print("step", point["step"], flush=True))
"""


def test_a_process_killed_by_the_system_ends_with_the_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    data = (task(48, "causal", 1), task(16, "causal", 2))
    undisturbed = fine_tune(job_for(models["causal"]), *data, tmp_path / "undisturbed")
    command = [sys.executable, "-c", SCRIPT, str(models["causal"]), str(tmp_path / "lake"), str(tmp_path / "killed")]
    here = str(Path(__file__).parent.parent)
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": here}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step ") and int(line.split()[1]) >= 23:
                process.send_signal(signal.SIGKILL)
                break
        else:
            pytest.fail(process.stderr.read() if process.stderr else "it did not train")
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    steps: list[int] = []
    resumed = fine_tune(
        job_for(models["causal"]),
        *data,
        tmp_path / "resumed",
        checkpoints=store_in(tmp_path / "lake"),
        listener=lambda point: steps.append(point["step"]),
    )
    assert steps[0] > 20
    assert resumed.progress.curves == undisturbed.progress.curves
    name = "adapter_model.safetensors"
    assert (undisturbed.folder / name).read_bytes() == (resumed.folder / name).read_bytes()


def test_two_processes_learn_what_one_learns(models: dict[str, Path], tmp_path: Path) -> None:
    """Two gloo processes with half the batch each take the same steps as one process with the whole batch.

    Also when they hold on to what an earlier run learnt, and measure what is forgotten.
    """
    data = (task(24, "causal", 1), task(9, "causal", 2))
    earlier = Earlier(task(10, "causal", 7), task(7, "causal", 8))
    job = Job(models["causal"], "causal", hyper(lora_dropout=0.0), "cpu", ewc_strength=1e3)
    one = fine_tune(job, *data, tmp_path / "one", earlier=earlier)
    job = replace(job, hyper=hyper(lora_dropout=0.0, batch_size=4))
    started = time.monotonic()
    two = launch(
        job, *data, tmp_path / "two", processes=2, lake=LakeSettings(uri=str(tmp_path / "lake")), earlier=earlier
    )
    assert time.monotonic() - started < 240
    assert two.progress.step == one.progress.step
    assert two.progress.best_loss == pytest.approx(one.progress.best_loss, rel=1e-4)
    assert two.progress.earlier_loss == pytest.approx(one.progress.earlier_loss, rel=1e-4)
    from safetensors.torch import load_file

    first, second = (load_file(f.folder / "adapter_model.safetensors") for f in (one, two))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-3, atol=1e-5)


def test_what_the_machine_lacks_is_said_before_any_data_are_read(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, so QLoRA may work here")
    trained = stages.train("causal")
    read: list[str] = []
    monkeypatch.setattr(retrieval, "training_batches", lambda *_: read.append("data") or iter(()))
    base, features = stages.base("causal"), stages.features("causal")
    settings = stages.settings("causal", method="qlora")
    with pytest.raises(TrainingError, match=r"QLoRA needs a CUDA GPU.*Use method = lora here"):
        stage.run(settings, stages.lake, run_id="test", base=base, features=features)
    with pytest.raises(TrainingError, match="QLoRA needs a CUDA GPU"):
        tune_stage.run(settings, stages.lake, run_id="test", base=base, features=features, trained=trained)
    assert not read


def test_features_of_another_base_model_are_refused(stages: Stages) -> None:
    base, other = stages.base("causal"), stages.base("seq2seq")
    made = run_stage(
        stages.lake,
        "features",
        lambda attempt: attempt.lake.write(attempt.uri("token_features", "note"), b"causal"),
        run_id="test",
        inputs={"base-model": other},
        parameters={"architecture": "causal"},
    )
    with pytest.raises(TrainingError, match=r"were made for another base model, not for .*features stage with this"):
        stage.run(stages.settings("causal"), stages.lake, run_id="test", base=base, features=made)


def test_features_that_change_while_they_are_read_are_refused(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    changed_while_read(stages, monkeypatch)
    with pytest.raises(Refused, match="features: the file note was changed"):
        stages.train("causal")


def test_a_split_without_rows_is_an_error(stages: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "validation", (0, 2))
    with pytest.raises(TrainingError, match=r"48 training and 0 validation examples are not enough.*splits"):
        stages.train("causal")


def test_the_settings_that_decide_the_result_are_in_the_manifest(stages: Stages) -> None:
    manifest = stages.train("causal")
    assert {"learning_rate", "seed", "torch", "peft", "max_train_examples"} <= manifest.parameters.keys()
    assert not {"checkpoint_steps", "tracking"} & manifest.parameters.keys()
    assert manifest.stage == stage.STAGE
