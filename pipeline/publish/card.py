"""The model card: what the model is, what it was made from, how it was judged, and who approved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.review.signoff import Approval
from pipeline.stage import Manifest


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything that a card says."""

    repository: str
    version: str
    run_id: str
    base: Manifest
    prepared: Manifest
    candidate: Manifest
    evaluation: Manifest
    compliance: Manifest
    approvals: Sequence[Approval]
    audit_number: int
    audit_hash: str


def _environment() -> Environment:
    # The card is Markdown; what comes from outside goes through `cell`, so that it cannot break out of a table.
    environment = Environment(
        loader=PackageLoader("pipeline.publish"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
    )
    environment.filters["cell"] = cell
    return environment


def cell(value: object) -> str:
    """Return a value as harmless Markdown text on one line."""
    text = " ".join(str(value).split())
    for character in "\\`*_{}[]<>|#!":
        text = text.replace(character, f"\\{character}")
    return text


def metrics(evaluation: Manifest) -> list[dict[str, Any]]:
    """Return the headline metrics as rows: name, candidate, interval, base, champion."""
    rows = []
    for name, row in evaluation.facts.get("metrics", {}).items():
        rows.append({"name": name, **row})
    return rows


def render(facts: CardFacts) -> str:
    """Return the card with its YAML header, valid for the Hub."""
    licence = str(facts.base.facts["licence"])
    name = facts.repository.split("/")[-1]
    base_name = str(facts.base.facts["name"])
    data = ModelCardData(
        model_name=name,
        license=licence.lower(),
        language=sorted(facts.prepared.facts.get("languages", {"en": 1}))[:10],
        base_model=base_name if base_name.count("/") == 1 and "://" not in base_name else None,
        pipeline_tag="text2text-generation" if facts.base.facts["architecture"] == "seq2seq" else "text-generation",
        library_name="transformers",
        tags=["question-answering", "llmops"],
        eval_results=[
            EvalResult(
                task_type="question-answering",
                task_name="Question answering on held-out questions",
                dataset_type="private",
                dataset_name=f"Prepared rows {facts.prepared.key}, test split",
                metric_type=row["name"],
                metric_name=row["name"],
                metric_value=row["candidate"],
            )
            for row in metrics(facts.evaluation)
            if isinstance(row.get("candidate"), int | float)
        ],
    )
    text = _environment().get_template("card.md.j2").render(facts=facts, metrics=metrics(facts.evaluation))
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}")
    return str(card)
