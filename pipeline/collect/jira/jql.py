"""JQL for incremental collection."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_ORDER = re.compile(r"\border\s+by\b", re.I)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
AN_HOUR = timedelta(hours=1)
FIRST = datetime(1990, 1, 1, tzinfo=UTC)
"""No ticket system is older; a time before it, such as the year 1, could not be reckoned with."""
UNKNOWN_ZONE_OVERLAP = timedelta(hours=26)
"""Time zones lie between UTC-12 and UTC+14: with this overlap nothing is missed whichever is meant."""


def without_order(jql: str) -> str:
    """Return a query without its ORDER BY; the words inside quotes stay."""
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), jql)
    found = _ORDER.search(masked)
    return (jql[: found.start()] if found else jql).strip()


def since(jql: str, moment: datetime | None, zone: str | None, overlap: timedelta, order: str) -> str:
    """Return the query for what changed since a moment, in an order such as `key ASC`.

    JQL reads times in the asking user's time zone and to the minute, hence the overlap; who calls compares what
    comes again with what it has.
    """
    base = without_order(jql)
    clauses = [f"({base})"] if base else []
    if moment is not None:
        clauses.append(f'updated >= "{_local(max(moment, FIRST) - overlap, zone):%Y-%m-%d %H:%M}"')
    return f"{' AND '.join(clauses)} ORDER BY {order}".strip()


def _local(moment: datetime, zone: str | None) -> datetime:
    """Return a moment as a clock in a time zone shows it, or earlier where that may be read as a later one."""
    try:
        if zone is None:
            return moment - UNKNOWN_ZONE_OVERLAP
        local = moment.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return moment - UNKNOWN_ZONE_OVERLAP
    # Clocks that are put back show an hour twice: which of the two is meant cannot be written.
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return (moment - AN_HOUR).astimezone(ZoneInfo(zone)) if twice else local


def having_ids(jql: str, ids: list[str], order: str) -> str:
    """Return the query for some of its issues by their ids, in an order."""
    base = without_order(jql)
    listed = ", ".join(issue for issue in ids if issue.isdecimal())
    return f"({base}) AND id in ({listed}) ORDER BY {order}" if base else f"id in ({listed}) ORDER BY {order}"
