"""Scripts whose words stand side by side, without blanks: where an address or a number starts and ends in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u9fff\uac00-\ud7a3\uff66-\uff9f"
"""Letters of Thai, Lao, Burmese, Khmer, Japanese, Chinese and, for its particles, Korean, to stand in a class."""
SPACED = rf"[^\W{UNSPACED}]"
"""A letter, digit or underscore of any other script: what belongs to a value that it stands beside."""
_UNSPACED = re.compile(rf"[{UNSPACED}]")


@lru_cache(maxsize=8)
def has_unspaced(text: str) -> bool:
    """Tell whether a text has letters of such scripts."""
    return not text.isascii() and bool(_UNSPACED.search(text))


class Apart:
    """A pattern of values that no letter, digit or underscore stands beside, but for the letters of such scripts.

    `before` are further characters that must not stand before a value, in the form of a class, and `after` is a pattern
    that must not follow. Texts in other scripts are searched with a pattern that costs less.
    """

    def __init__(self, shape: str, before: str = "", after: str = "", flags: int = 0) -> None:
        """Compile what most texts need."""
        self._shape, self._before, self._flags = shape, before, flags
        self._after = f"|{after}" if after else ""
        self._plain = re.compile(rf"(?<![\w{before}])(?:{shape})(?!\w{self._after})", flags)

    @cached_property
    def _beyond(self) -> re.Pattern[str]:
        before = rf"(?<![{self._before}])" if self._before else ""
        return re.compile(rf"{before}(?<!{SPACED})(?:{self._shape})(?!{SPACED}{self._after})", self._flags)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield every value in a text."""
        return (self._beyond if has_unspaced(text) else self._plain).finditer(text)
