"""Whether near duplicates lead to the same places: links, domains and e-mail addresses that stand in their texts.

Numbers need no look here: rows that differ in one are no duplicates at all (see `verify`).
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.rows_at import rows_at

PAIRS_AT_ONCE = 50_000
"""Pairs whose texts are held at once."""
_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'()\[\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\."
    r"(?:com|net|org|info|biz|io|ai|app|dev|xyz|site|online|shop|top|co|eu|uk|de|at|ch|fr|es|nl|pl|ru|cn|jp|br|in|us)\b"
    r"(?:/[^\s<>\"'()\[\]]*)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?")


def addresses(*texts: str) -> frozenset[str]:
    """Return the addresses in texts; scheme, `www.`, case and what ends a sentence make no difference."""
    found = (match[0] for text in texts for match in _ADDRESS.finditer(text))
    return frozenset(_SCHEME.sub("", one.lower()).rstrip(".,;:!?/*_`") for one in found)


def other_addresses(lake: Lake, uri: str, rows: Rows, kept: Rows) -> npt.NDArray[np.bool_]:
    """Tell for each row whether its question and answer name other addresses than those of the row that is kept."""
    made = [np.zeros(0, bool)]
    for start in range(0, len(rows), PAIRS_AT_ONCE):
        sides = [side[start : start + PAIRS_AT_ONCE] for side in (rows, kept)]
        needed = np.unique(np.concatenate(sides))
        texts = rows_at(lake, uri, needed, ["question", "answer"])
        columns = (texts[name].to_pylist() for name in ("question", "answer"))
        named = [addresses(*pair) for pair in zip(*columns, strict=True)]
        one, other = (np.searchsorted(needed, side).tolist() for side in sides)
        made.append(np.array([named[a] != named[b] for a, b in zip(one, other, strict=True)], bool))
    return np.concatenate(made)
