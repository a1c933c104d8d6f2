from __future__ import annotations

from dataclasses import asdict

import pyarrow as pa

from pipeline.prepare import stage
from pipeline.prepare.row_pass import READ
from pipeline.records import SCHEMA
from pipeline.settings import PrepareSettings, Settings

from .without_spark import row


def passed(chosen: PrepareSettings, question: str, answer: str, **other: str) -> dict[str, object]:
    """What the pass over single rows makes of one."""
    table = pa.Table.from_pylist([asdict(row(question, answer, **other))], SCHEMA).select(READ)
    work = stage.row_work(Settings(prepare=chosen))
    (made,) = work(table.to_batches())
    return dict(made.to_pylist()[0])


def test_lower_case_comes_after_personal_data_was_replaced() -> None:
    made = passed(
        PrepareSettings(lower_case=True),
        "How do I reach Mr. Quist?",
        "Ask Dr. Anna Schmidt, or see https://Example.org/FAQ.\n\nRegards,\nTavish Quist",
    )
    assert made["question"] == "how do i reach mr. [PERSON]?"
    assert made["answer"] == "ask dr. [PERSON], or see https://Example.org/FAQ.\n\nregards,\n[PERSON]"


def test_the_heading_above_a_question_keeps_no_personal_data() -> None:
    made = passed(
        PrepareSettings(lower_case=True),
        "How do I get in?",
        "Ring the bell twice and wait.",
        section="Questions by Jane Roe (jane.roe@web.de) to the Office",
    )
    assert made["section"] == "Questions by [PERSON] ([EMAIL]) to the Office"
    assert made["personal_data"] == ["EMAIL=1", "PERSON=1"]
    assert passed(PrepareSettings(), "How do I get in?", "Ring the bell.")["section"] is None
