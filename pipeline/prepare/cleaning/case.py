"""Writing texts in lower case, as an option."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import pyarrow as pa

from pipeline.prepare.cleaning.segments import in_prose

_ADDRESS = r"\b(?i:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"]+"


def lowered(texts: pa.Array, tags: Collection[str]) -> pa.Array:
    """Return texts in lower case, but for code, addresses of pages and tags (`[EMAIL]`, `[EMAIL_4F1A…]`); nulls stay.

    Names of people are recognised by their capitals, so this comes after personal data was replaced.
    """
    kept = _kept(frozenset(tags))
    return pa.array([None if text is None else _lowered(text, kept) for text in texts.to_pylist()], pa.string())


@cache
def _kept(tags: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"({_ADDRESS}|\[(?:{'|'.join(sorted(map(re.escape, tags)))})(?:_[0-9A-F]+)?\])")


def _lowered(text: str, kept: re.Pattern[str]) -> str:
    return in_prose(
        text, lambda prose: "".join(part if n % 2 else part.lower() for n, part in enumerate(kept.split(prose)))
    )
