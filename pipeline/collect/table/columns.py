"""Arrow columns as text, and what is wrong with their rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.collect.table.readers.base import MAX_CHARS


def utf8(column: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Return a column as text with replaced bytes, and which rows had bytes that are no UTF-8."""
    wrong = np.zeros(len(column), bool)
    if pa.types.is_timestamp(column.type):
        return _written(column), wrong
    if not pa.types.is_binary(column.type):
        return pc.cast(column, pa.string()), wrong
    try:
        return pc.cast(column, pa.string()), wrong
    except pa.ArrowInvalid:
        values = column.to_pylist()
    texts = [None if value is None else value.decode("utf-8", "replace") for value in values]
    for index, (value, text) in enumerate(zip(values, texts, strict=True)):
        wrong[index] = text is not None and text.encode() != value
    return pa.array(texts, pa.string()), wrong


def _written(times: pa.Array) -> pa.Array:
    """Return times as text, in UTC when their time zone is none that is known."""
    try:
        return pc.cast(times, pa.string())
    except pa.ArrowInvalid:
        return pc.cast(pc.cast(times, pa.timestamp(times.type.unit, "UTC")), pa.string())


def blank(column: pa.Array) -> np.ndarray:
    """Return which rows hold no text, or none but blanks."""
    matched = pc.fill_null(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0), True)
    return _mask(matched)


def too_long(column: pa.Array) -> np.ndarray:
    """Return which rows hold a text that is damage rather than an answer."""
    return _mask(pc.fill_null(pc.greater(pc.utf8_length(column), MAX_CHARS), False))


def _mask(flags: pa.Array) -> np.ndarray:
    mask: np.ndarray = flags.to_numpy(zero_copy_only=False)
    return mask
