"""The blind part of a model review: which answers are shown, and the ratings that the audit trail keeps of them.

The trail is where ratings live: bound there to the run, to the digests of the model and of its evaluation, and to the
answers that were shown, and signed like every record. Who wrote what is in the evaluation's `blind_mix`, which no
reviewer is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.evaluate.ratings import Item, Rating, Sheet
from pipeline.log import get_logger
from pipeline.review.signoff import ANSWERED, REQUESTED, Subject

RATED = "answers_rated"
log = get_logger(__name__)


def by_item(items: Sequence[str], ratings: Mapping[int, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Return ratings by item id instead of by the place from 1 on that the form showed an item at."""
    return {items[place - 1]: dict(scales) for place, scales in ratings.items()}


def texts(items: Sequence[Item], limit: int) -> list[str]:
    """Return what a form says beside each answer's field: question and answer on one line, cut to a length."""
    return [_cut(f"Question: {item.question} — Answer: {item.answer or '(empty)'}", limit) for item in items]


def _cut(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def sheets(trail: Trail, run_id: str, subject: Subject) -> list[Sheet]:
    """Return what each reviewer of this run rated of this subject, by rater; a later sheet replaces an earlier one.

    A rating counts if its review was opened in the run, for the same digests, and showed the item.
    """
    requests = {record.number: record for record in trail.find(REQUESTED, run_id=run_id)}
    found: dict[str, Sheet] = {}
    for record in trail.find(ANSWERED, run_id=run_id, subject=subject.model):
        request = requests.get(record.data.get("request", 0))
        ratings = record.data.get("ratings")
        if request is None or not ratings or not _about(record, request, subject):
            continue
        sheet = _sheet(record, request, ratings)
        if sheet is not None:
            found[record.actor.casefold()] = sheet
    return [found[name] for name in sorted(found)]


def _about(record: Record, request: Record, subject: Subject) -> bool:
    wanted = subject.model_dump()
    return request.number < record.number and all(
        source.data.get(name) == digest for source in (record, request) for name, digest in wanted.items()
    )


def _sheet(record: Record, request: Record, ratings: Mapping[str, Mapping[str, Any]]) -> Sheet | None:
    shown = set(request.data.get("items") or [])
    try:
        kept = [Rating(item_id=item, **scales) for item, scales in ratings.items() if item in shown]
        return Sheet(rater=record.actor, ratings=kept)
    except (ValidationError, TypeError):
        log.warning("ratings that cannot be read were left out", record=record.number)
        return None
