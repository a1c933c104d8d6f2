from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import pytest
from huggingface_hub import HfApi, ModelCard, ModelCardData, constants
from huggingface_hub.repocard_data import EvalResult

from pipeline.local.hub import cards

VALID = "---\nlicense: apache-2.0\nlanguage: en\ntags:\n- faq\ndate: 2026-01-02\n---\n# Model\n"


def card(yaml: str) -> str:
    return f"---\n{yaml}\n---\nText\n"


@pytest.mark.parametrize("text", [VALID, VALID.replace("\n", "\r\n"), card("license: other\nlicense_name: house")])
def test_good_cards_pass(text: str) -> None:
    assert cards.validate(text) == ([], [])


@pytest.mark.parametrize("text", ["", "# No metadata", "---\n---\n# Empty", "text\n---\nlicense: mit\n---\n"])
def test_a_card_without_metadata_is_a_warning(text: str) -> None:
    found, warnings = cards.validate(text)
    assert found == []
    assert warnings == ["empty or missing yaml metadata in repo card"]


@pytest.mark.parametrize(
    ("yaml", "reason"),
    [
        ("license: Apache-2.0", "license"),
        ("license: [mit, house-rules]", "house-rules"),
        ("- a\n- b", "mapping"),
        ("a: [", "not valid YAML"),
        ("a: !!python/object/apply:os.system [id]", "not valid YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("tags: [1, 2]", "tags"),
        ("model-index: text", "model-index"),
        ("model-index:\n- results: []", "name"),
        ("model-index:\n- name: m\n  results:\n  - metrics: []", "task"),
        ("model-index:\n- name: m\n  results:\n  - task: {type: x}\n    metrics: [{type: f1}]", "value"),
        ("x: " + "[" * 5000, "not valid YAML"),
        ("x: " + "a" * 1_100_000, "longer than"),
    ],
)
def test_bad_cards_are_refused_with_the_reason(yaml: str, reason: str) -> None:
    found, _ = cards.validate(card(yaml))
    assert len(found) == 1
    assert reason in found[0]
    assert cards.metadata_of(card("x: &a [1]\ny: *a")) is None


def test_metadata_and_tags() -> None:
    metadata = cards.metadata_of(VALID)
    assert metadata == {"license": "apache-2.0", "language": "en", "tags": ["faq"], "date": "2026-01-02"}
    assert cards.tags_of({**metadata, "base_model": "a/b", "datasets": ["d/e"], "library_name": "peft"}) == [
        *("peft", "faq", "en", "dataset:d/e", "base_model:a/b", "license:apache-2.0")
    ]
    assert cards.tags_of({"tags": [None, 3, {"x": 1}, "ok"], "language": {"a": 1}}) == ["ok"]


def test_the_clients_card_classes(alice: HfApi, hub: str, repo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [
        EvalResult(
            task_type="question-answering",
            dataset_type="faq",
            dataset_name="held-out questions",
            metric_type="f1",
            metric_value=0.5,
        )
    ]
    data = ModelCardData(license="apache-2.0", language="en", model_name="faq", eval_results=results, tags=["faq"])
    written = ModelCard(f"---\n{data.to_yaml()}\n---\n# FAQ model\n")
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", hub)  # the card classes know no other way
        written.validate()
    alice.upload_file(path_or_fileobj=str(written).encode(), path_in_repo="README.md", repo_id=repo)

    info = alice.model_info(repo)
    assert info.card_data.license == "apache-2.0"
    assert info.card_data.eval_results[0].metric_value == 0.5
    assert {"faq", "en", "license:apache-2.0"} <= set(info.tags)
    read = ModelCard(Path(alice.hf_hub_download(repo, "README.md")).read_text())
    assert read.data.to_dict() == written.data.to_dict()

    before = info.sha
    broken = str(written).replace("license: apache-2.0", "license: house-rules")
    with pytest.raises(ValueError, match="license"):
        alice.upload_file(path_or_fileobj=broken.encode(), path_in_repo="README.md", repo_id=repo)
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", hub)
        with pytest.raises(ValueError, match=r'^- Error: "license" must be'):
            ModelCard(broken).validate()
    assert alice.model_info(repo).sha == before


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("README.md", b"---\nx: [\n---\n"),
        ("README.md", b"---\n- 1\n---\n"),
        ("README.md", b"\xff\xfe\x00---\n"),
        ("config.json", b"[" * 100_000),
        ("config.json", b"[]"),
        ("model.safetensors", b"\xff" * 100),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]"),
        ("model.safetensors", b'\x11\0\0\0\0\0\0\0{"a":{"dtype":1}}'),
        ("model.safetensors", b"short"),
    ],
)
def test_hostile_files_do_not_break_the_information(
    hub: str, alice: HfApi, repo: str, name: str, data: bytes, tokens: dict[str, str]
) -> None:
    if name == "README.md":  # the client would not send a card that fails validation
        value = {"path": name, "content": base64.b64encode(data).decode(), "encoding": "base64"}
        lines = [{"key": "header", "value": {"summary": "x"}}, {"key": "file", "value": value}]
        body = b"\n".join(json.dumps(line).encode() for line in lines)
        answer = httpx.post(
            f"{hub}/api/models/{repo}/commit/main",
            content=body,
            headers={"authorization": f"Bearer {tokens['alice']}"},
        )
        assert answer.status_code == 200
    else:
        alice.upload_file(path_or_fileobj=data, path_in_repo=name, repo_id=repo)
    info = alice.model_info(repo)
    assert name in {sibling.rfilename for sibling in info.siblings or []}
    assert info.safetensors is None
    assert info.card_data is None
    assert info.id in {model.id for model in alice.list_models()}
