"""A cheap look by Arrow's RE2 engine at many texts at once: which of them can a pattern match?"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_COUNTED = re.compile(r"\{\d+,\d*\}")


def matching(texts: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    """Tell for each text whether a pattern of RE2 matches anywhere in it; nulls are not matched.

    RE2 needs a state for each repetition that it counts (`.{0,60}`), and with too many falls back to an engine that is
    thirty times slower. So the pattern with uncounted repetitions, which matches all that the pattern does, is looked
    for first, and the pattern itself only in the texts that this finds.
    """
    uncounted = opened(pattern)
    found = _looked_at(texts, uncounted)
    if uncounted != pattern and found.any():
        found[found] = _looked_at(texts.filter(pa.array(found)), pattern)
    return found


def possible(texts: pa.Array, *patterns: str) -> npt.NDArray[np.bool_]:
    """Tell for each text, in one look, whether one of several patterns could match; right when it says no."""
    return _looked_at(texts, "|".join(f"(?:{opened(pattern)})" for pattern in patterns))


@cache
def opened(pattern: str) -> str:
    """Return a pattern whose repetitions are not counted, which matches all that the pattern does."""
    return _COUNTED.sub("*", pattern)


def _looked_at(texts: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    mask = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return np.array(mask.to_numpy(zero_copy_only=False), bool)
