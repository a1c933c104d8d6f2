"""The references of an evaluation: the part of each answer that the model was taught to give.

Training cuts an answer behind the last sentence that fits into `features.max_answer_tokens`. Measured against a whole
page-long answer, a model that stops where it was taught to stop would score below one that rambles on, so every model
is measured against what fits. The report says how many references were cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.encoding import PromptEncoder
from pipeline.features import answers
from pipeline.prompts import TextToTextTemplate

CODE = ("features/answers", *answers.CODE)
"""What decides where references end, for the stage's key."""


def as_taught(rows: Sequence[dict[str, Any]], folder: Path, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the rows with answers cut to `limit` tokens of the model in a folder, and how many were cut."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    encoder = PromptEncoder(tokenizer, TextToTextTemplate(), limit)
    made, cut = [], 0
    for row, ids in zip(rows, encoder.targets([row["answer"] for row in rows]), strict=True):
        target = answers.fit(row["answer"], ids, limit, encoder.targets)
        text = tokenizer.decode(target.ids, skip_special_tokens=True).strip()
        cut += target.cut
        made.append({**row, "answer": text if target.cut and text else row["answer"]})
    return made, cut
