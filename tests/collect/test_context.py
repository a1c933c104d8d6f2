from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pipeline.collect.context import MAX_NEIGHBOUR_CHARS, MAX_TICKET_CHARS, Mode, neighbour_contexts, ticket_context

SCHEMA = pa.schema([(name, pa.string()) for name in ("question", "answer", "context", "context_origin", "section")])


def batch(*rows: tuple[str, str, str | None, str | None]) -> pa.RecordBatch:
    values = [
        {"question": q, "answer": a, "context": c, "context_origin": "human" if c else None, "section": s}
        for q, a, c, s in rows
    ]
    return pa.RecordBatch.from_pylist(values, schema=SCHEMA)


def made(mode: Mode, *batches: pa.RecordBatch) -> list[dict[str, Any]]:
    return [row for result in neighbour_contexts(batches, mode) for row in result.to_pylist()]


def test_neighbours_stay_inside_their_section() -> None:
    rows = made("without_answer", batch(("a", "1", None, "x"), ("b", "2", None, "x"), ("c", "3", None, "y")))
    assert [row["context"] for row in rows] == ["b\n2", "a\n1", None]
    assert [row["context_origin"] for row in rows] == ["neighbours", "neighbours", None]


def test_an_only_row_has_no_context() -> None:
    for mode in ("with_answer", "without_answer"):
        assert made(mode, batch(("a", "1", None, None)))[0]["context"] is None


def test_batches_of_one_row_and_of_none() -> None:
    parts = [batch((f"q{n}", f"a{n}", None, None)) for n in range(4)]
    rows = made("without_answer", parts[0], batch(), parts[1], parts[2], batch(), parts[3])
    assert [row["context"] for row in rows] == ["q1\na1", "q0\na0\n\nq2\na2", "q1\na1\n\nq3\na3", "q2\na2"]


def test_long_neighbours_are_cut_and_the_own_answer_is_not() -> None:
    own = "y" * 5000
    context = made("with_answer", batch(("a", "x" * 5000, None, None), ("b", own, None, None)))[1]["context"]
    neighbour, _, rest = context.partition("\n\n")
    assert len(neighbour) == MAX_NEIGHBOUR_CHARS + 1
    assert neighbour.endswith("…")
    assert rest == f"b\n{own}"


def test_no_context_is_made_when_none_is_wanted() -> None:
    assert [row["context"] for row in made("none", batch(("a", "1", None, None), ("b", "2", "kept", None)))] == [
        None,
        "kept",
    ]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("without_answer", "Why?\n\nTry it."), ("with_answer", "Why?\n\nTry it.\n\nBecause."), ("none", None)],
)
def test_ticket_contexts(mode: Mode, expected: str | None) -> None:
    assert ticket_context("Why?", ["Try it.", "Because.", "Why?", " "], "Because.", mode) == expected


def test_a_ticket_without_any_text_has_no_context() -> None:
    assert ticket_context(" ", [], "x", "without_answer") is None


def test_long_tickets_keep_the_end_when_the_answer_stands_there() -> None:
    long = "x" * (2 * MAX_TICKET_CHARS)
    assert ticket_context(long, [], "answer", "with_answer").endswith("answer")
    assert len(ticket_context(long, [], "answer", "without_answer")) == MAX_TICKET_CHARS
