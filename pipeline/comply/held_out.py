"""The held-out questions and what each model answered: from the evaluation, or asked anew where there was none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.comply.probe import Probe
from pipeline.comply.rows import TEST, Rows
from pipeline.comply.subject import HeldOut, Reply
from pipeline.errors import PipelineError
from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.refusal import is_refusal
from pipeline.lake import Lake
from pipeline.manifest import Manifest

CANDIDATE, BASE, CHAMPION = "candidate", "base", "champion"
COLUMNS = ["model", "kind", "question_id", "question", "context", "reference", "is_refusal", "answer", "language"]
MAX_NEW_TOKENS = 64
UNSPLIT = "all"


def from_evaluation(lake: Lake, evaluation: Manifest) -> list[HeldOut]:
    """Return the held-out questions of an evaluation with the answers of every model that was asked.

    Raises PipelineError when the candidate did not answer a question that another model answered.
    """
    rows = lake.read_table(evaluation.output("generations").uri, columns=COLUMNS).to_pylist()
    return pivoted([row for row in rows if row["kind"] == "held-out"], evaluation.uri)


def pivoted(rows: Iterable[Mapping[str, Any]], where: str) -> list[HeldOut]:
    """Bring one row for each answer into one item for each question."""
    questions: dict[str, Mapping[str, Any]] = {}
    answers: dict[str, dict[str, str]] = {}
    for row in rows:
        questions.setdefault(row["question_id"], row)
        answers.setdefault(row["question_id"], {})[row["model"]] = row["answer"]
    missing = [key for key, said in answers.items() if CANDIDATE not in said]
    if missing:
        raise PipelineError(f"The evaluation lacks the candidate's answers to {len(missing)} questions", where=where)
    return [
        HeldOut(
            question_id=key,
            question=row["question"],
            context=row["context"],
            reference=row["reference"],
            is_refusal=bool(row["is_refusal"]),
            candidate=answers[key][CANDIDATE],
            base=answers[key].get(BASE),
            champion=answers[key].get(CHAMPION),
            language=row.get("language"),
        )
        for key, row in sorted(questions.items())
    ]


def probes_of(rows: Rows, size: int) -> dict[Probe, tuple[str, str, bool]]:
    """Return probes for a sample of the held-out rows, each with its row's id, reference and whether to refuse.

    Data without splits are held out as a whole: whoever gives a file of questions wants them asked.
    """
    split = TEST if TEST in rows.splits() else UNSPLIT
    return {
        Probe(row.context, row.question, MAX_NEW_TOKENS): (row.question_id, row.answer, row.is_refusal)
        for row in rows.sample(split, size)
    }


def from_replies(
    asked: Mapping[Probe, tuple[str, str, bool]],
    candidate: Mapping[Probe, Reply],
    base: Mapping[Probe, Reply] | None,
) -> list[HeldOut]:
    """Return held-out questions with answers that were just given."""
    return [
        HeldOut(
            question_id=question_id,
            question=probe.question,
            context=probe.context,
            reference=reference,
            is_refusal=refusal,
            candidate=candidate[probe].text,
            base=base[probe].text if base else None,
        )
        for probe, (question_id, reference, refusal) in asked.items()
    ]


def outcomes(items: Sequence[HeldOut], role: str, taught: Sequence[str]) -> list[Outcome] | None:
    """Return the items as a model's outcomes, None when it was not asked every question."""
    found = []
    for item in items:
        answer = getattr(item, role)
        if answer is None:
            return None
        example = Example(
            question_id=item.question_id,
            question=item.question,
            context=item.context,
            reference=item.reference,
            language=item.language,
            refusal=item.is_refusal,
        )
        found.append(Outcome(example, answer, refused=is_refusal(answer, taught)))
    return found
