from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from pipeline.answering import Answerer, Asked
from pipeline.precision import computes_bfloat16
from pipeline.train import tiny

CORPUS = [f"The parcel number {n} arrives within {n} days. How long does it take?" for n in range(40)]
ASKED = [Asked("The parcel arrives within 30 days.", "How long?"), Asked(None, "When?")]
PENALTIES = {
    "repetition_penalty": 5.0,
    "no_repeat_ngram_size": 1,
    "min_new_tokens": 7,
    "bad_words_ids": [[n] for n in range(10, 200)],
    "suppress_tokens": list(range(200, 300)),
    "forced_eos_token_id": 5,
    "do_sample": True,
    "num_beams": 3,
    "temperature": 0.2,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


@pytest.fixture(scope="module", params=["llama", "t5"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build(tmp_path_factory.mktemp("model") / request.param, request.param, CORPUS, vocabulary=300)


def changed(folder: Path, copy: Path, **values: object) -> Path:
    """Copy a model with other values in its generation_config.json."""
    shutil.copytree(folder, copy)
    file = copy / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
    return copy


@pytest.mark.model
def test_answers_do_not_depend_on_how_the_folder_wants_to_be_decoded(folder: Path, tmp_path: Path) -> None:
    plain = Answerer(folder).generate(ASKED, max_new_tokens=12)
    penalised = Answerer(changed(folder, tmp_path / "copy", **PENALTIES))
    assert penalised.generate(ASKED, max_new_tokens=12) == plain


@pytest.mark.model
def test_an_answer_ends_at_every_end_token_that_the_model_names(folder: Path, tmp_path: Path) -> None:
    plain = Answerer(folder)
    [whole] = plain.generate(ASKED[:1], max_new_tokens=12)
    assert (whole.tokens, whole.finished) == (12, False)
    said = plain._generate(plain.encoder.encode(ASKED[:1]), 12)[0].tolist()[int(plain.seq2seq) :]
    turn_end = said[3]
    ends = [plain.tokenizer.eos_token_id, turn_end]
    ending = Answerer(changed(folder, tmp_path / "copy", eos_token_id=ends))
    [short] = ending.generate(ASKED[:1], max_new_tokens=12)
    assert ending.ends == set(ends)
    assert (short.tokens, short.finished) == (said.index(turn_end), True)
    assert short.text == plain.tokenizer.decode(said[: said.index(turn_end)], skip_special_tokens=True).strip()


def gpu(monkeypatch: pytest.MonkeyPatch, major: int) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 0)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda device: SimpleNamespace(major=major))
    monkeypatch.setattr("torch.cuda._check_bf16_tensor_supported", lambda device: True)  # emulated on all of them


@pytest.mark.parametrize(("major", "wanted"), [(7, False), (8, True), (9, True)])
def test_a_gpu_that_emulates_bfloat16_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch, major: int, wanted: bool
) -> None:
    gpu(monkeypatch, major)
    assert torch.cuda.is_bf16_supported()
    assert computes_bfloat16("cuda") is wanted
    assert computes_bfloat16(torch.device("cuda", 0)) is wanted
    assert computes_bfloat16("cpu") is False
