"""Contexts made from what stands around an answer, for sources that give none. A context given by people wins.

`with_answer` contexts hold the answer among its neighbours, as a retriever would find it; `without_answer` contexts
hold only what surrounds it, for training and measuring without giving the answer away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

Mode = Literal["with_answer", "without_answer", "none"]
MAX_NEIGHBOUR_CHARS = 600
MAX_TICKET_CHARS = 8_000


def ticket_context(description: str, earlier_comments: Iterable[str], answer: str, mode: Mode) -> str | None:
    """Return a ticket's public text up to its answer, or None when there is none.

    Comments that say the same as the answer are left out unless the mode asks for the answer, which then comes last.
    """
    if mode == "none":
        return None
    said = [text.strip() for text in (description, *earlier_comments)]
    parts = [text for text in dict.fromkeys(said) if text and text != answer.strip()]
    if mode == "with_answer":
        parts.append(answer.strip())
    kept = "\n\n".join(parts)
    if len(kept) > MAX_TICKET_CHARS:
        kept = kept[-MAX_TICKET_CHARS:] if mode == "with_answer" else kept[:MAX_TICKET_CHARS]
    return kept or None


def neighbour_contexts(batches: Iterable[pa.RecordBatch], mode: Mode) -> Iterator[pa.RecordBatch]:
    """Fill the empty contexts of rows in their order with the pairs before and after them in the same section.

    Batches need the columns question, answer, context, context_origin and section. One batch is held back, because a
    row's neighbour may be in the next one; empty ones pass at once, so that the caller stays in step with its input.
    """
    if mode == "none":
        yield from batches
        return
    before: pa.RecordBatch | None = None
    current: pa.RecordBatch | None = None
    for following in batches:
        if not following.num_rows:
            yield following
            continue
        if current is not None:
            yield _filled(before, current, following, mode)
            before = current
        current = following
    if current is not None:
        yield _filled(before, current, None, mode)


def _filled(
    before: pa.RecordBatch | None, current: pa.RecordBatch, after: pa.RecordBatch | None, mode: Mode
) -> pa.RecordBatch:
    missing = pc.is_null(current.column("context"))
    if not pc.any(missing).as_py():
        return current
    section = pc.fill_null(current.column("section"), "")
    own = _pair(current.column("question"), current.column("answer"))
    previous = _neighbour(_shifted(before, current, -1), section)
    next_one = _neighbour(_shifted(after, current, 1), section)
    parts = [previous, own, next_one] if mode == "with_answer" else [previous, next_one]
    alone = pc.and_(pc.is_null(previous), pc.is_null(next_one))
    # The empty part keeps Arrow from dropping rows of which every part is null.
    made = pc.utf8_rtrim(pc.binary_join_element_wise(*parts, "", "\n\n", null_handling="skip"), "\n")
    made = pc.if_else(alone, pa.scalar(None, pa.string()), made)
    origin = pc.if_else(pc.is_null(made), pa.scalar(None, pa.string()), "neighbours")
    filled = {
        "context": pc.if_else(missing, made, current.column("context")),
        "context_origin": pc.if_else(missing, origin, current.column("context_origin")),
    }
    for name, values in filled.items():
        index = current.schema.get_field_index(name)
        current = current.set_column(index, current.schema.field(index), values)
    return current


def _shifted(beyond: pa.RecordBatch | None, current: pa.RecordBatch, step: int) -> list[pa.Array]:
    """Return section, question and answer of each row's neighbour; null beyond the first or last row."""
    columns = []
    for name in ("section", "question", "answer"):
        column = current.column(name)
        edge = (
            pa.nulls(1, column.type)
            if beyond is None
            else beyond.column(name).slice(beyond.num_rows - 1 if step < 0 else 0, 1)
        )
        parts = [edge, column.slice(0, len(column) - 1)] if step < 0 else [column.slice(1), edge]
        columns.append(pa.concat_arrays(parts))
    return columns


def _neighbour(columns: list[pa.Array], section: pa.Array) -> pa.Array:
    theirs, question, answer = columns
    same = pc.equal(pc.fill_null(theirs, ""), section)
    pair = _pair(question, answer)
    short = pc.if_else(
        pc.greater(pc.utf8_length(pair), MAX_NEIGHBOUR_CHARS),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(pair, 0, MAX_NEIGHBOUR_CHARS), "…", ""),
        pair,
    )
    return pc.if_else(same, short, pa.scalar(None, pa.string()))


def _pair(question: pa.Array, answer: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(question, answer, "\n")
