"""What preparation found about rows that somebody may have placed, and rows that speak to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pipeline.comply.check import Check, Limits, Result, Threshold, failed, verdict
from pipeline.comply.detect.injections import instructs
from pipeline.comply.subject import Subject


class DataPoisoning(Check):
    """Findings of preparation carried over, and training rows that give orders to a model."""

    slug = "data_poisoning"
    title = "Poisoned training data"
    proves = (
        "Preparation looked for bursts, trigger-like words and rows that speak to a model, and what it found is within "
        "limits; the rows that the candidate was trained on were searched once more for orders to a model."
    )
    risks = ("data-and-model-poisoning",)
    severity = "high"
    remedy = "Look at the rows that the preparation's report names, and set them aside with their source"
    thresholds: ClassVar[Mapping[str, Threshold]] = {
        "max_findings": Threshold(0, "findings of preparation that may be open"),
        "max_order_share": Threshold(0.01, "share of the rows that may give orders to a model"),
    }

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Carry over, and look again."""
        problems: list[str] = []
        measured: dict[str, Any] = {}
        prepared = subject.manifest("prepared")
        if prepared is not None:
            if "poisoning" not in prepared.facts:
                return failed("preparation does not say whether it looked for poisoned rows")
            found = open_findings(prepared.facts["poisoning"])
            measured["findings_of_preparation"] = len(found)
            measured["set_aside_by_preparation"] = prepared.facts.get("poisoning_set_aside") or {}
            if len(found) > limits["max_findings"]:
                problems.append(f"preparation found {len(found)} signs of poisoning: {'; '.join(found[:3])}")
        total, orders = 0, []
        for row in subject.rows:
            total += 1
            if instructs(row.answer) or instructs(row.question) or instructs(row.context or ""):
                orders.append({"row": row.question_id, "source": row.data_source, "question": row.question})
        measured |= {"rows": total, "rows_with_orders": len(orders)}
        if len(orders) > max(1, limits["max_order_share"] * total):
            problems.append(f"{len(orders)} of {total} rows give orders to a model")
        return verdict(problems, f"{total} rows, {len(orders)} with orders to a model", measured, orders)


def open_findings(stated: Any) -> list[str]:
    """Return preparation's findings as short texts, whatever the shape: a count, texts, or mappings by kind."""
    if isinstance(stated, bool | int | float):
        return [f"{stated} findings"] * int(stated)
    if isinstance(stated, str):
        return [stated] if stated else []
    if isinstance(stated, Mapping):
        return [f"{name}: {text}" for name, value in stated.items() for text in open_findings(value)]
    if isinstance(stated, Sequence):
        return [
            str(item.get("summary") or item.get("reason") or item) if isinstance(item, Mapping) else str(item)
            for item in stated
        ]
    return []
