"""The report of an evaluation with what reviewers have rated since: the stage's own output stays as it was signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.errors import PipelineError
from pipeline.evaluate.ratings import BlindMix, Rating, Sheet, kept, summary
from pipeline.evaluate.report.render import render
from pipeline.lake import Lake
from pipeline.stage import Manifest


def mix_of(lake: Lake, evaluation: Manifest) -> BlindMix:
    """Return the blind mix of an evaluation, with its key: show raters only `items`."""
    uri = evaluation.output("blind_mix").uri
    items = json.loads(lake.read(f"{uri}/items.json"))["items"]
    return BlindMix.model_validate({"items": items, "key": json.loads(lake.read(f"{uri}/key.json"))})


def sheet_from(rater: str, mix: BlindMix, given: Mapping[str, Mapping[str, Any]]) -> Sheet:
    """Return a rater's sheet from a form's answers, item id to scales.

    Raises PipelineError when an item does not belong to the evaluation, or a rating is missing or not from 1 to 5.
    """
    unknown = sorted(set(given) - set(mix.key))
    if unknown:
        raise PipelineError(
            f"There is no item of this evaluation called {', '.join(unknown)}", remedy="Rate the items that are shown"
        )
    try:
        ratings = [Rating(item_id=item, **scales) for item, scales in given.items()]
        return Sheet(rater=rater, ratings=ratings)
    except (ValidationError, TypeError) as problem:
        raise PipelineError(
            f"The ratings cannot be taken: {problem}",
            where=rater,
            remedy="Give whole numbers from 1 to 5 on every scale",
        ) from None


def rated_report(lake: Lake, evaluation: Manifest) -> tuple[dict[str, Any], str]:
    """Return the evaluation's report and page with all ratings that were kept for it."""
    report: dict[str, Any] = json.loads(lake.read(f"{evaluation.output('report').uri}/report.json"))
    sheets = kept(lake, evaluation.digest)
    report["ratings"] = summary(mix_of(lake, evaluation), sheets) if sheets else None
    return report, render(report)
