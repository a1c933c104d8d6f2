# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What says before a number that it is nobody's."""

from __future__ import annotations

import re

NEAR = 48
"""Characters before a number in which a word that says what it is must stand."""
OTHER_NUMBER = re.compile(r"\b(?:isbn|issn|(?:tele)?phone|tel|fax|order|ticket|invoice)\b", re.IGNORECASE)
# Words of many meanings (in this case) only right before the number, and only where it has no check digits.
_OF_A_THING = re.compile(
    r"\b(?:code|(?<!\bin )(?<!this )(?<!that )(?<!any )case|part|serial|model|item|article|product|sku|batch|lot|ref(?:erence)?|tracking|version|build|teil\w*|artikel\w*|serien\w*|vorgangs?\w*|modell)"
    r"(?:[\s_-]*(?:number|nummer|code|no|nr|n°|id|is|ist))*[\s.:#=-]*\Z",
    re.IGNORECASE,
)
_OF_SOMEBODY = re.compile(
    r"\b(?:patient|employee|member|customer|client|claimant|tax|taxpayer|payroll|insur\w+|personal|student|national|social|benefits?|steuer|versicherungs)[\s_-]+(?:\w+[\s_-]+)?\Z",
    re.IGNORECASE,
)
_MINE = re.compile(r"\b(?:my|his|her) \Z", re.IGNORECASE)


def is_of_a_thing(before: str) -> bool:
    """Tell whether the last words before a number say that it is one of goods or files, not of a person."""
    found = _OF_A_THING.search(before)
    if not found:
        return False
    mine = found[0].lower().startswith(("code", "case", "ref")) and _MINE.search(before, 0, found.start())
    return not (mine or _OF_SOMEBODY.search(before, 0, found.start()))
