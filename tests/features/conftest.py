from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from pipeline.features import stage
from pipeline.features.tokenizer_files import ModelText, load
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import LakeSettings, Settings

from .examples import base_model, prepare, prepared, without_spark

TEXT = [
    "Question: Where do I find the settings file?\nAnswer: The settings file lies in the project folder.",
    "Context: A database is created by the command createdb. It takes the name of the database.",
    "<|im_start|>system Answer the question using only the context.<|im_end|>",
    "You can reset a password in the account page. Passwords are stored as salted hashes.",
    "See the documentation of the <filename> option; 3.14.2 is newer than 3.9, says the FAQ.",
]
CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_tokenizer(folder: Path, special: list[str], config: dict[str, Any], chat: str | None = None) -> Path:
    """Write a small byte-level tokenizer into a model folder."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **config}
    if chat:
        settings["chat_template"] = chat
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<filename>"]
    config = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    return byte_tokenizer(tmp_path_factory.mktemp("causal"), special, config, CHAT)


@pytest.fixture(scope="session")
def seq2seq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return byte_tokenizer(tmp_path_factory.mktemp("seq2seq"), ["<pad>", "</s>", "<unk>"], config)


@pytest.fixture(scope="session")
def causal(causal_folder: Path) -> ModelText:
    return load(causal_folder, "causal", "causal")


@pytest.fixture(scope="session")
def seq2seq(seq2seq_folder: Path) -> ModelText:
    return load(seq2seq_folder, "seq2seq", "seq2seq")


@dataclass(frozen=True)
class Place:
    """A lake with settings of its own."""

    settings: Settings
    lake: Lake

    def features(
        self, folder: Path, *rows: dict[str, Any], architecture: str = "causal", name: str = "acme/Tiny"
    ) -> Manifest:
        """Run the features stage over these prepared rows for a base model with this tokenizer."""
        return stage.run(
            self.settings,
            self.lake,
            run_id="r1",
            prepared=prepare(self.lake, prepared(*rows)),
            base=base_model(self.lake, folder, architecture, name),
        )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokenise without Spark, which has tests of its own."""
    monkeypatch.setattr(stage, "_tokenise", without_spark)


@pytest.fixture
def place(tmp_path: Path, lake: Lake) -> Place:
    return Place(Settings(state_dir=tmp_path / "state", lake=LakeSettings(uri=lake.root)), lake)


@pytest.fixture
def s3_place(tmp_path: Path, s3_settings: LakeSettings, s3_lake: Lake) -> Place:
    lake = s3_settings.model_copy(update={"uri": s3_lake.root})
    return Place(Settings(state_dir=tmp_path / "state", lake=lake), s3_lake)
