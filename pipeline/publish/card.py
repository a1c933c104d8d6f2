"""The model card: what the model is, what it was made from, how it was judged, and who approved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.manifest import Manifest
from pipeline.review.signoff import Approval
from pipeline.review.text import unlinked

if TYPE_CHECKING:
    from pipeline.comply.governance import Governance

HUB_LICENCES = {
    "0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "gpl-3.0",
    "lgpl-3.0", "mit", "mpl-2.0", "unlicense",
}  # fmt: skip
"""Licences that the Hub has an identifier for and that companies release models under; others become `other`."""

LANGUAGES = {
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bi", "bm", "bn",
    "bo", "br", "bs", "ca", "ce", "ch", "co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv", "dz", "ee", "el",
    "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr", "fy", "ga", "gd", "gl", "gn", "gu", "gv",
    "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz", "ia", "id", "ie", "ig", "ii", "ik", "io", "is", "it",
    "iu", "ja", "jv", "ka", "kg", "ki", "kj", "kk", "kl", "km", "kn", "ko", "kr", "ks", "ku", "kv", "kw", "ky",
    "la", "lb", "lg", "li", "ln", "lo", "lt", "lu", "lv", "mg", "mh", "mi", "mk", "ml", "mn", "mr", "ms", "mt",
    "my", "na", "nb", "nd", "ne", "ng", "nl", "nn", "no", "nr", "nv", "ny", "oc", "oj", "om", "or", "os", "pa",
    "pi", "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru", "rw", "sa", "sc", "sd", "se", "sg", "si", "sk", "sl",
    "sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te", "tg", "th", "ti", "tk", "tl", "tn",
    "to", "tr", "ts", "tt", "tw", "ty", "ug", "uk", "ur", "uz", "ve", "vi", "vo", "wa", "wo", "xh", "yi", "yo",
    "za", "zh", "zu",
}  # fmt: skip
"""ISO 639-1. Pages state other things as their language (`cn`, `jp`), for which the Hub refuses a card."""
SHOWN_LANGUAGES = 10


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything that a card says; `licence` is what the release itself is under, as the policy has it."""

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
    licence: str
    distribution: str
    governance: Governance
    signed: bool = False


def _environment() -> Environment:
    # The card is Markdown; what comes from outside goes through `cell`, so that it cannot break out of a table.
    environment = Environment(
        loader=PackageLoader("pipeline.publish"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": cell, "figure": figure, "own": escaped}
    return environment


def cell(value: object) -> str:
    """Return a value from outside as harmless Markdown text on one line, in which nothing becomes a link."""
    return escaped(unlinked(str(value)))


def escaped(value: object) -> str:
    """Return a value as Markdown text on one line; an address in it stays one that can be clicked and copied."""
    text = " ".join(str(value).split())
    for character in "\\`*_{}[]<>|#!":
        text = text.replace(character, f"\\{character}")
    return text


def figure(value: object) -> str:
    """Return a number with three decimals, a pair as a range, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " to ".join(figure(part) for part in value)
    return f"{value:.3f}" if isinstance(value, float) else cell(value)


def metrics(evaluation: Manifest) -> list[dict[str, Any]]:
    """Return the headline metrics as rows: name, candidate, interval, base, champion, baseline."""
    empty = dict.fromkeys(("candidate", "interval", "base", "champion", "baseline"))
    return [{**empty, "name": name, **row} for name, row in evaluation.facts.get("metrics", {}).items()]


def licence_fields(licence: str) -> dict[str, Any]:
    """Return a licence as the Hub's header has it: its identifier, or `other` with the name."""
    plain = licence.lower()
    return {"license": plain} if plain in HUB_LICENCES else {"license": "other", "license_name": plain}


def languages(rows: Mapping[str, int]) -> list[str]:
    """Return the languages that the Hub knows, of those that rows are in, most rows first."""
    known = sorted(LANGUAGES & set(rows), key=lambda code: (-rows[code], code))
    return known[:SHOWN_LANGUAGES]


def header(facts: CardFacts) -> ModelCardData:
    """Return the card's metadata: licence, languages, base model, data and the metrics as a model index."""
    name = facts.repository.split("/")[-1]
    base_name = str(facts.base.facts["name"])
    of_hub = base_name.count("/") == 1 and "://" not in base_name and not base_name.startswith((".", "/"))
    return ModelCardData(
        model_name=name,
        **licence_fields(facts.licence),
        language=languages(facts.prepared.facts.get("languages", {"en": 1})) or None,
        base_model=base_name.split("@")[0] if of_hub else None,
        base_model_relation="finetune" if of_hub else None,
        datasets=sorted(facts.prepared.facts.get("sources", {})) or None,
        metrics=[row["name"] for row in metrics(facts.evaluation)] or None,
        pipeline_tag="text2text-generation" if facts.base.facts["architecture"] == "seq2seq" else "text-generation",
        library_name="transformers",
        tags=["question-answering", "llmops"],
        eval_results=[
            EvalResult(
                task_type="question-answering",
                task_name="Question answering on held-out questions",
                dataset_type="private",
                dataset_name=f"Prepared rows {facts.prepared.key}",
                dataset_split="test",
                dataset_revision=facts.prepared.digest,
                metric_type=row["name"],
                metric_name=row["name"],
                metric_value=row["candidate"],
            )
            for row in metrics(facts.evaluation)
            if isinstance(row["candidate"], int | float)
        ]
        or None,
    )


def render(facts: CardFacts) -> str:
    """Return the card with its YAML header, valid for the Hub."""
    files = {file.path: file.sha256 for file in facts.candidate.output("model").files}
    text = (
        _environment()
        .get_template("card.md.j2")
        .render(
            facts=facts,
            metrics=metrics(facts.evaluation),
            files=files,
            use=facts.governance.use,
            raci=facts.governance.raci,
            risks=sorted(facts.governance.risks.risks, key=lambda risk: -risk.residual)[:5],
        )
    )
    return str(ModelCard(f"---\n{header(facts).to_yaml()}\n---\n\n{text}"))
