"""From an extracted page to rows and to what is set aside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pipeline.collect.web.fetch import Fetched
from pipeline.collect.web.licences import spdx
from pipeline.collect.web.model import PageExtraction
from pipeline.collect.web.passages import context_for
from pipeline.records import UNKNOWN_LICENCE, Row, SetAside, question_id, to_batches
from pipeline.settings import WebSourceSettings

if TYPE_CHECKING:
    import pyarrow as pa


def page_set_aside(name: str, place: str, reason: str, detail: str | None) -> SetAside:
    """Return a whole page that gives no rows, with the reason."""
    return SetAside(stage="collect", reason=reason, data_source=name, provenance=place, detail=detail)


def page_batches(
    page: PageExtraction, identity: str, config: WebSourceSettings, answer: Fetched, now: datetime
) -> tuple[list[pa.RecordBatch], list[SetAside]]:
    """Return the rows of a page as record batches, and what had to be set aside of it.

    A row's id comes from source, canonical URL with anchor and question; its licence from the settings, or else from
    what the page itself states.
    """
    aside = [
        SetAside(
            stage="collect",
            reason=rejected.reason,
            data_source=config.name,
            provenance=_place(identity, rejected.anchor),
            question=rejected.question,
            answer=rejected.answer or None,
        )
        for rejected in page.rejected
    ]
    if not page.pairs:
        aside.append(page_set_aside(config.name, identity, "not a FAQ", page.not_a_faq))
        return [], aside
    return list(to_batches(_rows(page, identity, config, answer, now))), aside


def _rows(
    page: PageExtraction, identity: str, config: WebSourceSettings, answer: Fetched, now: datetime
) -> Iterator[Row]:
    licence = config.licence if config.licence != UNKNOWN_LICENCE else spdx(page.licences) or UNKNOWN_LICENCE
    updated = _last_modified(answer, now)
    for number, pair in enumerate(page.pairs):
        place = _place(identity, pair.anchor)
        mode = config.context
        context = None if mode == "none" else context_for(page, number, mode, config.context_chars)
        yield Row(
            question_id=question_id(config.name, place, pair.question),
            question=pair.question,
            answer=pair.answer,
            answer_html=pair.answer_html,
            context=context,
            context_origin="page" if context else None,
            data_source=config.name,
            source_kind="web",
            document_id=identity,
            provenance=place,
            section=pair.section,
            licence=licence,
            language=page.lang,
            tags=[pair.family],
            collected_at=now,
            updated_at=updated,
        )


def _place(identity: str, anchor: str | None) -> str:
    return f"{identity}#{anchor}" if anchor else identity


def _last_modified(answer: Fetched, now: datetime) -> datetime:
    try:
        moment = parsedate_to_datetime(answer.headers.get("last-modified") or "")
    except (ValueError, TypeError, OverflowError):
        return now
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(moment.astimezone(UTC), now)
