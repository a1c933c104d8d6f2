"""JQL for incremental collection."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_ORDER = re.compile(r"\border\s+by\b", re.I)
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
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
        moment = max(moment, FIRST)
        try:
            local = moment.astimezone(ZoneInfo(zone)) - overlap if zone else moment - UNKNOWN_ZONE_OVERLAP - overlap
        except (KeyError, ValueError, OSError):
            local = moment - UNKNOWN_ZONE_OVERLAP - overlap
        clauses.append(f'updated >= "{local:%Y-%m-%d %H:%M}"')
    return f"{' AND '.join(clauses)} ORDER BY {order}".strip()


def having_ids(jql: str, ids: list[str], order: str) -> str:
    """Return the query for some of its issues by their ids, in an order."""
    base = without_order(jql)
    listed = ", ".join(issue for issue in ids if issue.isdecimal())
    return f"({base}) AND id in ({listed}) ORDER BY {order}" if base else f"id in ({listed}) ORDER BY {order}"
