from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pipeline.manifest import Counts, FileEntry, Manifest, Output
from pipeline.review.beginning import Beginning, Changed
from pipeline.review.dossier import Dossier
from pipeline.review.text import cell

HOSTILE = [
    "[click](http://evil.example/)",
    "![x](http://evil.example/x.png)",
    "<script>alert(1)</script>",
    "a | b | **Gate: passed**",
    "line\n# Gate: passed\n",
    "http://evil.example/ and www.evil.example",
    "`code` ~~strike~~",
    "See WWW.evil.example/login, wWw.evil.example or HTTPS://evil.example",
    "help@evil.example, mailto:help@evil.example",
]
LINKED = [r"(?i)(https?://|www(?=\.))", r"[-.\w+]+@[-\w]+(\.[-\w]+)+"]
"""What GitHub's Markdown makes a link of where it stands in a text (mdast-util-gfm-autolink-literal)."""


def manifest(stage: str, facts: dict[str, Any]) -> Manifest:
    files = [FileEntry(path="model.safetensors", size=12, sha256="f" * 64)]
    return Manifest(
        stage=stage,
        key="0" * 24,
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


def dossier(text: str) -> Dossier:
    evaluation = manifest(
        "evaluate", {"metrics": {"token_f1": {"candidate": 0.5, "interval": [0.4, 0.6], "base": 0.2}}}
    )
    findings = [
        {"check": "prompt-injection", "status": "passed", "owasp": ["LLM01:2025"], "summary": text},
        {"check": "weights", "status": "failed", "owasp": ["LLM03:2025"], "summary": "NaN"},
    ]
    compliance = manifest("comply", {"verdict": "passed", "findings": findings, "licences": {"data": "MIT"}})
    answers = [{"question": text, "reference": text, "candidate": text, "base": text, "champion": None}]
    base = {"name": f"acme/base {text}", "revision": text, "licence": text}
    began = Beginning([(text, "llm_retrain", text)], base, [Changed("data_snapshot", text, "latest")])
    return Dossier(
        *("run-1", manifest("tune", {}), evaluation, compliance, answers, "http://airflow/llmops/runs/x/"),
        beginning=began,
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("role", ["model", "legal"])
def test_texts_from_outside_stay_texts(text: str, role: str) -> None:
    rendered = (
        MarkdownIt("commonmark", {"html": True, "linkify": True})
        .enable(["table", "linkify", "strikethrough"])
        .render(dossier(text).body(role))
    )
    assert set(re.findall(r'href="([^"]*)"', rendered)) == {"http://airflow/llmops/runs/x/"}
    assert "<img" not in rendered
    assert "<script" not in rendered
    assert rendered.count("<strong>") == 2
    assert "<h1" not in rendered
    seen = unescape(re.sub("<[^>]*>", "", rendered))
    assert not [found for pattern in LINKED for found in re.findall(pattern, seen)]


def test_model_review_shows_figures_and_legal_review_the_worst_finding_first() -> None:
    body = dossier("x").body("model")
    assert "| token\\_f1 | 0.500 | 0.400 to 0.600 | 0.200 |" in body
    legal = dossier("x").body("legal")
    assert legal.index("weights") < legal.index("prompt\\-injection")
    assert "MIT" in legal


def test_both_show_how_the_run_began() -> None:
    for role in ("model", "legal"):
        body = dossier("x").body(role)
        assert "Started by x (llm\\_retrain): x" in body
        assert "Base model acme/base x, revision x, licence x" in body
        assert "| data\\_snapshot | x | latest |" in body


def test_both_show_the_bytes_that_are_bound() -> None:
    for role in ("model", "legal"):
        assert "f" * 64 in dossier("x").body(role)
        assert "d" * 64 in dossier("x").body(role)


def test_long_texts_are_cut() -> None:
    assert len(cell("x" * 10_000)) < 300


def test_reviewers_see_by_which_policy_and_on_how_many_probes_the_gate_decided() -> None:
    """Somebody who sets a softer policy or a smaller sample on a worker must at least show it to the reviewers."""
    made = dossier("text")
    assert "policy `unknown` · all probes" in made.body("legal")
    softer = made.compliance.model_copy(
        update={
            "facts": {"verdict": "passed", "policy": "c0ffee" * 10},
            "parameters": {"sampling": {"attacks": 1, "triggers": None}},
        }
    )
    changed = Dossier("run-1", made.candidate, made.evaluation, softer, made.answers, made.report_url)
    for role in ("model", "legal"):
        assert "policy `c0ffeec0ffeec0ff` · a sample of the probes (attacks 1)" in changed.body(role)
