"""Times of change as tables write them: Arrow's own, ISO 8601, seconds or finer since 1970, and dates in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.collect.table.columns import utf8
from pipeline.records import TIMESTAMP

CALENDAR = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""Microseconds since 1970 of the years 1 and 9999: what lies outside is no time that Python could hold."""
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_SCALES = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))
"""Numbers below the first of each pair are so many a second: 1e11 seconds are the year 5138, as milliseconds 1973."""
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_SPACED_OFFSET = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")
_NUMERIC = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[,T\s]\s*(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?")
_WORDED = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y %H:%M", "%d %b %Y %H:%M:%S", "%b %d %Y %H:%M")


@dataclass(slots=True)
class Times:
    """Reads columns of times and counts the texts that are none, whose rows count as changed `now`."""

    now: datetime
    unread: int = 0
    example: str = ""

    def read(self, column: pa.Array) -> pa.Array:
        """Return times in UTC; where there is none, none that can be read without guessing, or one to come, `now`."""
        times, now = self._stated(column), pa.scalar(self.now, TIMESTAMP)
        return pc.if_else(pc.greater(times, now), now, times)

    def _stated(self, column: pa.Array) -> pa.Array:
        otherwise = pa.scalar(self.now, TIMESTAMP)
        if pa.types.is_timestamp(column.type):
            zoned = column if column.type.tz else pc.assume_timezone(column, "UTC")
            times = pc.cast(zoned, TIMESTAMP, safe=False)
            ticks = pc.cast(times, pa.int64())
            sound = pc.and_(pc.greater(ticks, CALENDAR[0]), pc.less(ticks, CALENDAR[1]))
            return pc.fill_null(pc.if_else(sound, times, pa.scalar(None, TIMESTAMP)), otherwise)
        if column.null_count == len(column):
            return pa.repeat(otherwise, len(column))
        return pa.array([self._read(text) for text in utf8(column)[0].to_pylist()], TIMESTAMP)

    def warnings(self, source: str) -> list[str]:
        """Return a sentence on the texts that could not be read; none when all could."""
        if not self.unread:
            return []
        return [
            f"{source}: {self.unread} times of change cannot be read (for example {self.example!r}) and count as "
            "changed now; write them as 2023-12-31 or 2023-12-31T10:00:00Z"
        ]

    def _read(self, text: str | None) -> datetime:
        if not text or not text.strip():
            return self.now
        found = moment(text.strip())
        if found is None:
            self.unread += 1
            self.example = self.example or text[:40]
        return found or self.now


def moment(text: str) -> datetime | None:
    """Return the time that a text states, in UTC; None when it states none, or when day and month could be either."""
    try:
        if _YEAR.fullmatch(text):
            return None
        if _NUMBER.fullmatch(text) and not _is_compact_date(text):
            return _since_1970(float(text))
        bare = _SPACED_OFFSET.sub("", _ZONE.sub("", text))
        found = _iso(bare) or _numeric(bare) or _worded(bare) or _mail(text)
        if found is None:
            return None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _is_compact_date(text: str) -> bool:
    return len(text) == 8 and text.isdecimal() and "1900" <= text[:4] <= "2100"


def _since_1970(number: float) -> datetime:
    scale = next((scale for limit, scale in _SCALES if abs(number) < limit), 1.0)
    return datetime.fromtimestamp(number / scale, UTC)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _numeric(text: str) -> datetime | None:
    """Read a date in numbers: the year first, or last after a day that only one order allows (dots: day first)."""
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    first, sign, second, last, clock = match.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(last)
    elif len(last) == 4 and (sign == "." or int(first) > 12 or first == second):
        year, month, day = int(last), int(second), int(first)
    elif len(last) == 4 and int(second) > 12:
        year, month, day = int(last), int(first), int(second)
    else:
        return None
    date = f"{year:04}-{month:02}-{day:02}"
    return _iso(f"{date}T{clock.zfill(len(clock) + (clock[1] == ':'))}" if clock else date)


def _worded(text: str) -> datetime | None:
    for form in _WORDED:
        try:
            return datetime.strptime(text.replace(",", ""), form)
        except ValueError:
            continue
    return None


def _mail(text: str) -> datetime | None:
    """Read a date as e-mails have it (`Sun, 31 Dec 2023 10:00:00 +0100`)."""
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
