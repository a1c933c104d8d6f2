"""An evaluation's report with what reviewers rated in a run: a stage of its own, since the evaluation is signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.evaluate.ratings import BlindMix, Item, Sheet, summary
from pipeline.evaluate.report.render import render, template_files
from pipeline.lake import Lake
from pipeline.manifest import Manifest, digest_of
from pipeline.stage import Attempt, run_stage

STAGE = "rate"


def mix_of(lake: Lake, evaluation: Manifest) -> BlindMix:
    """Return the blind mix of an evaluation, with its key: show raters only items. Empty when there is none."""
    output = evaluation.outputs.get("blind_mix")
    if output is None:
        return BlindMix(items=[], key={})
    items = json.loads(lake.read(f"{output.uri}/items.json"))["items"]
    return BlindMix.model_validate({"items": items, "key": json.loads(lake.read(f"{output.uri}/key.json"))})


def selected(mix: BlindMix, most: int) -> list[Item]:
    """Return at most so many answers to rate, in the mix's order: all answers to a question or none of them.

    Ratings of people and model are compared question by question, so half a question would be rated in vain. The first
    question is taken even when it has more answers than `most`, unless that is 0. Every reviewer gets the same ones.
    """
    groups: dict[str, list[str]] = {}
    for item in mix.items:
        groups.setdefault(mix.key[item.item_id]["question_id"], []).append(item.item_id)
    chosen: set[str] = set()
    for items in groups.values():
        if most and (not chosen or len(chosen) + len(items) <= most):
            chosen.update(items)
    return [item for item in mix.items if item.item_id in chosen]


def questions_of(mix: BlindMix, items: Sequence[Item]) -> set[str]:
    """Return the ids of the questions that items answer: beside them, nothing may tell who wrote what."""
    return {mix.key[item.item_id]["question_id"] for item in items}


def run(lake: Lake, *, run_id: str, evaluation: Manifest, sheets: Sequence[Sheet]) -> Manifest:
    """Write the evaluation's report with the reviewers' ratings; the facts hold their summary.

    Output: `report` with `report.json` and `report.html`.
    """

    def work(attempt: Attempt) -> None:
        folder = evaluation.output("report").uri
        report: dict[str, Any] = json.loads(lake.read(f"{folder}/report.json"))
        report["ratings"] = summary(mix_of(lake, evaluation), sheets)
        document = json.dumps(report, ensure_ascii=False, indent=1).encode()
        lake.write(attempt.uri("report", "report.json"), document)
        lake.write(attempt.uri("report", "report.html"), render(report).encode())
        lake.write(attempt.uri("report", "answers.jsonl"), lake.read(f"{folder}/answers.jsonl"))
        attempt.counts.rows_in = attempt.counts.rows_out = sum(len(sheet.ratings) for sheet in sheets)
        attempt.facts.update(report["ratings"])

    pages = digest_of([path.read_text(encoding="utf-8") for path in template_files()])[:16]
    said = digest_of([sheet.model_dump() for sheet in sheets])
    return run_stage(
        lake,
        STAGE,
        work,
        run_id=run_id,
        inputs={"evaluation": evaluation},
        parameters={"sheets": said, "page": pages},
        packages=("evaluate",),
    )
