"""From what a page states as its licence to the SPDX identifier, for the licences that pages link to."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/(?P<kind>by(?:-nc)?(?:-nd|-sa)?)/(?P<version>\d\.\d)|publicdomain/(?P<public>zero|mark)/1\.0)",
    re.IGNORECASE,
)
_OTHERS = (
    ("Apache-2.0", r"apache\.org/licenses/license-2\.0|^apache[- ]?2(?:\.0)?$"),
    ("GFDL-1.3-or-later", r"gnu\.org/(?:licenses|copyleft)/fdl(?:-1\.3)?(?:\.|$)"),
    ("GPL-3.0-or-later", r"gnu\.org/licenses/gpl(?:-3\.0)?(?:\.|$)"),
    ("MIT", r"opensource\.org/licenses?/mit\b|^mit(?: license)?$"),
    ("BSD-3-Clause", r"opensource\.org/licenses?/bsd-3-clause"),
    ("MPL-2.0", r"mozilla\.org/(?:\w+-\w+/)?mpl/2\.0"),
    ("PSF-2.0", r"docs\.python\.org/\S*license\.html"),
)


def spdx(hints: Iterable[str]) -> str | None:
    """Return the SPDX identifier of the first hint (URL or text) that names a known licence, or None."""
    for hint in hints:
        text = hint.strip().lower()
        match = _CREATIVE_COMMONS.search(text)
        if match and match["kind"]:
            return f"CC-{match['kind'].upper()}-{match['version']}"
        if match:
            return "CC0-1.0" if match["public"] == "zero" else "CC-PDDC"
        for name, pattern in _OTHERS:
            if re.search(pattern, text):
                return name
    return None
