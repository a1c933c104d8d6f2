"""The expectations that all rows together must meet; breaking one stops the run."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import QualityError


def check(rows_in: int, reasons: Mapping[str, int], *, min_rows: int, max_set_aside_share: float) -> None:
    """Raise QualityError naming the first expectation that the dataset breaks."""
    aside = sum(reasons.values())
    kept = rows_in - aside
    listed = "; ".join(f"{reason}: {count}" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))
    if kept < min_rows:
        raise QualityError(
            f"Only {kept} of {rows_in} rows can be used, and {min_rows} are needed",
            where=listed or "no rows",
            remedy="Add sources, or lower prepare.min_rows",
        )
    if aside > max_set_aside_share * rows_in:
        raise QualityError(
            f"{aside} of {rows_in} rows had to be set aside, more than the allowed {max_set_aside_share:.0%}",
            where=listed,
            remedy="Look at the rows that were set aside; mend the source, or raise prepare.max_set_aside_share",
        )
