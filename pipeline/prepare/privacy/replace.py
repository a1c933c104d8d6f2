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
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.looks import matching
from pipeline.prepare.privacy.canonical import canonical
from pipeline.prepare.privacy.finder import Finder, Finding

Mode = Literal["tag", "pseudonym", "shift"]
FARTHEST_DAYS = 180
PSEUDONYM_DIGITS = 12
"""Hexadecimal digits of a pseudonym: of a million values two share one with a probability of 0.002."""
_DAY_FIRST = r"(?:^|[^\d/])(?:1[3-9]|2\d|3[01])/\d{1,2}/(?:\d\d|\d{4})(?:$|[^\d/])"
_NUMERIC_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")


@dataclass
class Protector:
    """Replaces what a finder finds.

    `tag` writes `[EMAIL]`; `pseudonym` writes `[EMAIL_4F1A0900AB12]`, the same for the same value everywhere, however
    it is spelt, from a keyed hash that cannot be reversed without the key; `shift` moves all dates of a subject by the
    same number of days and tags the rest. A date that is not written in digits cannot be shifted in its own words and
    is tagged.
    """

    finder: Finder
    mode: Mode = "tag"
    key: bytes = b""

    def protect(self, text: str, subject: str = "") -> str:
        """Return one text without personal data."""
        protected, _ = self.column(pa.array([text], pa.string()), [subject])
        return str(protected[0].as_py())

    def column(
        self, texts: pa.Array, subjects: Sequence[str], day_first: npt.NDArray[np.bool_] | None = None
    ) -> tuple[pa.Array, dict[int, Counter[str]]]:
        """Return texts without personal data, and for each place with a replacement how many of each type.

        A subject is whose text it is (a ticket, a page): dates of one subject keep their distances. `day_first` tells
        for each text whether it writes days before months; without it, the text itself does.
        """
        if day_first is None:
            day_first = self.day_first(texts)
        counts: dict[int, Counter[str]] = {}
        changed: list[str] = []
        mask = np.zeros(len(texts), dtype=bool)
        for place, found in self.finder.find_all(texts):
            counts[place] = Counter(entity for entity, _, _ in found)
            changed.append(self._replaced(texts[place].as_py(), found, subjects[place], bool(day_first[place])))
            mask[place] = True
        if not counts:
            return texts, counts
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(changed, pa.string())), counts

    def day_first(self, *columns: pa.Array) -> npt.NDArray[np.bool_]:
        """Tell for each row of these columns whether a date in it (25/03/2024) shows that days come before months.

        Only shifting needs to know.
        """
        shown = np.zeros(len(columns[0]), bool)
        for texts in columns if self.mode == "shift" else ():
            shown |= matching(texts, _DAY_FIRST)
        return shown

    def _replaced(self, text: str, found: list[Finding], subject: str, day_first: bool) -> str:
        parts, end = [], 0
        for item in found:
            parts += [text[end : item[1]], self._substitute(text, item, subject, day_first)]
            end = item[2]
        return "".join([*parts, text[end:]])

    def _substitute(self, text: str, item: Finding, subject: str, day_first: bool) -> str:
        entity, start, end = item
        value = text[start:end]
        if self.mode == "pseudonym":
            return f"[{entity}_{self._digest(entity, canonical(entity, value))[:PSEUDONYM_DIGITS].upper()}]"
        if self.mode == "shift" and entity == "DATE":
            offset = int(self._digest("shift", subject), 16) % (2 * FARTHEST_DAYS) - FARTHEST_DAYS
            return _shifted(value, offset + (offset >= 0), day_first) or f"[{entity}]"
        return f"[{entity}]"

    def _digest(self, *parts: str) -> str:
        return hmac.new(self.key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _shifted(value: str, days: int, day_first: bool) -> str | None:
    """Return a numeric date moved by some days in its own form, or None when it is no calendar date.

    Between slashes the month comes first, unless the text writes days first or only that makes a date.
    """
    found = _NUMERIC_DATE.fullmatch(value)
    if not found:
        return None
    orders = ["ymd"] if len(found[1]) == 4 else ["dmy"]
    if orders == ["dmy"] and found[2] == "/":
        orders = ["dmy", "mdy"] if day_first else ["mdy", "dmy"]
    return next((moved for order in orders if (moved := _moved(found, order, days))), None)


def _moved(found: re.Match[str], order: str, days: int) -> str | None:
    given = dict(zip(order, (found[1], found[3], found[4]), strict=True))
    century = 2000 if len(given["y"]) == 2 else 0
    try:
        moved = date(int(given["y"]) + century, int(given["m"]), int(given["d"])) + timedelta(days)
    except (ValueError, OverflowError):
        return None
    shown = {
        "y": f"{moved.year:04d}"[-len(given["y"]) :],
        "m": f"{moved.month:0{len(given['m'])}d}",
        "d": f"{moved.day:0{len(given['d'])}d}",
    }
    return found[2].join(shown[part] for part in order)
