"""The expectations that one row alone must meet; each has a reason of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.deduplicate.keys import Forms
from pipeline.prepare.quality.poisoning import ORDER

BROKEN = "broken"
"""The origin (`source_kind`) of what a file holds in a row's place and is none."""
NO_ROW = "no row with a question and an answer"
EMPTY_QUESTION = "the question is empty or too short"
EMPTY_ANSWER = "the answer is empty or too short"
LONG_ANSWER = "the answer is too long"
LANGUAGE = "the language is not wanted"
ECHO = "the answer only repeats the question"
LEAK = "the question holds the whole answer"
LEAST_LEAK = 20
"""Characters from which an answer inside a question is no accident ("yes")."""


@dataclass(frozen=True)
class RowRules:
    """Limits from the settings; lengths are in characters."""

    min_question: int
    min_answer: int
    max_answer: int
    languages: frozenset[str] = frozenset()


def judge(
    texts: tuple[pa.Array, pa.Array],
    found: Forms,
    languages: list[str],
    kinds: list[str],
    orders: npt.NDArray[np.bool_],
    rules: RowRules,
) -> tuple[list[str | None], list[str | None]]:
    """Return for each row why it cannot be used and a detail, or None.

    `texts` are the questions and answers, `found` their normalised forms, `kinds` where the rows come from.
    """
    asked, answered = (pc.utf8_length(column).to_pylist() for column in texts)
    echo = pc.equal(found.questions, found.answers).to_pylist()
    reasons: list[str | None] = []
    details: list[str | None] = []
    rows = zip(
        asked, answered, found.questions.to_pylist(), found.answers.to_pylist(), echo, languages, kinds, strict=True
    )
    for place, (question, answer, question_form, answer_form, same, language, kind) in enumerate(rows):
        checks = (
            (kind == BROKEN, NO_ROW, None),
            (question < rules.min_question, EMPTY_QUESTION, f"{question} characters"),
            (answer < rules.min_answer, EMPTY_ANSWER, f"{answer} characters"),
            (answer > rules.max_answer, LONG_ANSWER, f"{answer} characters"),
            (bool(rules.languages) and language not in rules.languages, LANGUAGE, language),
            (same and bool(answer_form), ECHO, None),
            (len(answer_form) >= LEAST_LEAK and answer_form in question_form, LEAK, None),
            (bool(orders[place]), ORDER, None),
        )
        reason, detail = next(((reason, detail) for wrong, reason, detail in checks if wrong), (None, None))
        reasons.append(reason)
        details.append(detail)
    return reasons, details
