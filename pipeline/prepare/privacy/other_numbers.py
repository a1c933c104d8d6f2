# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What says before a number that it is nobody's."""

from __future__ import annotations

import re

NEAR = 48
"""Characters before a number in which a word that says what it is must stand."""
OTHER_NUMBER = re.compile(r"\b(?:isbn|issn|(?:tele)?phone|tel|fax|order|ticket|invoice)\b", re.IGNORECASE)
# Words of many meanings (in this case) only right before the number, and only where it has no check digits.
OF_A_THING = re.compile(
    r"\b(?:code|(?<!\bin )(?<!this )(?<!that )(?<!any )case|part|serial|model|item|article|product|sku|batch|lot|ref(?:erence)?|tracking|claim|version|build|teil\w*|artikel\w*|serien\w*|vorgangs?\w*|modell)"
    r"(?:[\s_-]*(?:number|nummer|code|no|nr|n°|id|is|ist))*[\s.:#=-]*\Z",
    re.IGNORECASE,
)
