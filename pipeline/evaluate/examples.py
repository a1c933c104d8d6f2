"""What is evaluated: held-out questions with their reference answers, and what a model said to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import PipelineError


@dataclass(frozen=True, slots=True)
class Example:
    """A held-out question, the context to answer it from and the answer that people gave.

    `refusal` says that the context does not support an answer, so that refusing is right. `labels` are the gold classes
    of a classification task, empty for free answers; `choices` are the classes that the task knows.
    """

    question_id: str
    question: str
    context: str | None
    reference: str
    alternates: tuple[str, ...] = ()
    language: str | None = None
    source: str = "unknown"
    topic: str | None = None
    provenance: str | None = None
    refusal: bool = False
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """Return every answer that counts as right, the best first."""
        return (self.reference, *(text for text in self.alternates if text != self.reference))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one model said to one example.

    `log_likelihood` is the summed natural-log probability that the model gives the reference answer, over `tokens`
    tokens; both are None where it was not measured. `labels` are the classes read from the answer and `ranking` is the
    order in which the model prefers the classes, both None outside classification.
    """

    example: Example
    prediction: str
    log_likelihood: float | None = None
    tokens: int | None = None
    labels: tuple[str, ...] | None = None
    ranking: tuple[str, ...] | None = None
    refused: bool = False


def from_row(row: Mapping[str, Any]) -> Example:
    """Return the example of a prepared row. Raises PipelineError naming a column that is missing."""
    missing = [name for name in ("question", "answer") if not isinstance(row.get(name), str)]
    if missing:
        raise PipelineError(
            f"A row of the evaluation data has no text in: {', '.join(missing)}",
            where=str(row.get("question_id") or row)[:120],
            remedy="Give prepared rows, or JSON lines with question, answer and context",
        )
    row = {name: _encodable(value) for name, value in row.items()}
    return Example(
        question_id=str(row.get("question_id") or row["question"]),
        question=row["question"],
        context=row.get("context") or None,
        reference=row["answer"],
        alternates=tuple(_other_answers(row)),
        language=row.get("language"),
        source=row.get("data_source") or "unknown",
        topic=row.get("section") or topic_of(row.get("provenance")),
        provenance=row.get("provenance"),
        refusal=bool(row.get("is_refusal")),
        labels=tuple(row.get("labels") or ()),
        choices=tuple(row.get("choices") or ()),
    )


def _encodable(value: Any) -> Any:
    """Replace halves of surrogate pairs, which JSON can carry but neither Parquet nor HTML can."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def topic_of(provenance: str | None) -> str | None:
    """Return the page, object or project that a row came from: the finest grouping that every row has."""
    if not provenance:
        return None
    parts = urlsplit(provenance)
    path = [part for part in parts.path.split("/") if part]
    if not path:
        return parts.netloc or provenance
    name = path[-1].rsplit(".", 1)[0] if "." in path[-1] else path[-1]
    head, dash, number = name.rpartition("-")
    return head if dash and number.isdigit() and head.isalpha() else name


def _other_answers(row: Mapping[str, Any]) -> Iterable[str]:
    """Further right answers: texts in `answers`, and the answers of rows that de-duplication merged into this one."""
    merged = [item.get("answer") for item in row.get("alternates") or () if isinstance(item, Mapping)]
    for text in (*(row.get("answers") or ()), *merged):
        if isinstance(text, str) and text.strip():
            yield text


def examples_of(rows: Iterable[Mapping[str, Any]], limit: int | None, seed: int = 42) -> list[Example]:
    """Return the examples of rows, by question id; with a limit, a sample that is the same at every run.

    The sample is chosen by hash of id and seed, so that a new row replaces at most one other.
    """
    import hashlib

    found = sorted((from_row(row) for row in rows), key=lambda example: example.question_id)
    if limit is None or len(found) <= limit:
        return found
    ranked = sorted(found, key=lambda e: hashlib.sha256(f"{seed}\0{e.question_id}".encode()).digest())
    return sorted(ranked[:limit], key=lambda example: example.question_id)


def require(examples: Sequence[Example]) -> None:
    """Raise PipelineError when there is nothing to evaluate on."""
    if not examples:
        raise PipelineError(
            "There is no held-out question to evaluate on",
            remedy="Check the split shares in the prepare settings and the number of rows",
        )
