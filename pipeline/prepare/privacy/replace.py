"""Replacing personal data: by a type tag, by a consistent pseudonym, or, for dates, by a shifted date."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.privacy.finder import Finder, Finding

Mode = Literal["tag", "pseudonym", "shift"]
FARTHEST_DAYS = 180
_NUMERIC_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")


@dataclass
class Protector:
    """Replaces what a finder finds.

    `tag` writes `[EMAIL]`; `pseudonym` writes `[EMAIL_4F1A09]`, the same for the same value everywhere, from a keyed
    hash that cannot be reversed without the key; `shift` moves all dates of a subject by the same number of days and
    tags the rest. A date that is not written in digits cannot be shifted in its own words and is tagged.
    """

    finder: Finder
    mode: Mode = "tag"
    key: bytes = b""

    def protect(self, text: str, subject: str = "") -> str:
        """Return one text without personal data."""
        protected, _ = self.column(pa.array([text], pa.string()), [subject])
        return str(protected[0].as_py())

    def column(self, texts: pa.Array, subjects: Sequence[str]) -> tuple[pa.Array, dict[int, Counter[str]]]:
        """Return texts without personal data, and for each place with a replacement how many of each type.

        A subject is whose text it is (a ticket, a page): dates of one subject keep their distances.
        """
        counts: dict[int, Counter[str]] = {}
        changed: list[str] = []
        mask = np.zeros(len(texts), dtype=bool)
        for place, found in self.finder.find_all(texts):
            counts[place] = Counter(entity for entity, _, _ in found)
            changed.append(self._replaced(texts[place].as_py(), found, subjects[place]))
            mask[place] = True
        if not counts:
            return texts, counts
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(changed, pa.string())), counts

    def _replaced(self, text: str, found: list[Finding], subject: str) -> str:
        parts, end = [], 0
        for item in found:
            parts += [text[end : item[1]], self._substitute(text, item, subject)]
            end = item[2]
        return "".join([*parts, text[end:]])

    def _substitute(self, text: str, item: Finding, subject: str) -> str:
        entity, start, end = item
        value = text[start:end]
        if self.mode == "pseudonym":
            return f"[{entity}_{self._digest(entity, ' '.join(value.casefold().split()))[:6].upper()}]"
        if self.mode == "shift" and entity == "DATE":
            offset = int(self._digest("shift", subject), 16) % (2 * FARTHEST_DAYS) - FARTHEST_DAYS
            return _shifted(value, offset + (offset >= 0)) or f"[{entity}]"
        return f"[{entity}]"

    def _digest(self, *parts: str) -> str:
        return hmac.new(self.key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _shifted(value: str, days: int) -> str | None:
    """Return a numeric date moved by some days in its own form, or None when it is no calendar date."""
    found = _NUMERIC_DATE.fullmatch(value)
    if not found:
        return None
    first, mark, middle, last = found.groups()
    year_first = len(first) == 4
    month_first = not year_first and mark == "/" and int(first) <= 12
    year, month, day = (
        (first, middle, last) if year_first else (last, first, middle) if month_first else (last, middle, first)
    )
    try:
        full = int(year) + (2000 if len(year) == 2 else 0)
        moved = date(full, int(month), int(day)) + timedelta(days)
    except (ValueError, OverflowError):
        return None
    shown = {
        "y": f"{moved.year:04d}"[-len(year) :],
        "m": f"{moved.month:0{len(month)}d}",
        "d": f"{moved.day:0{len(day)}d}",
    }
    order = "ymd" if year_first else "mdy" if month_first else "dmy"
    return mark.join(shown[part] for part in order)
