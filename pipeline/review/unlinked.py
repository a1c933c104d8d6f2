"""Text from outside as text: without what a page that shows Markdown makes a link of although no mark is there."""

from __future__ import annotations

import re

WWW = re.compile(r"(www)\.", re.IGNORECASE)
ZERO_WIDTH = "\u200b"


def unlinked(text: str) -> str:
    """Return text in which no address with a scheme, no `www.` in any case and no e-mail address becomes a link.

    GitHub's Markdown, which Airflow's page and the Hub render, links these where they stand. A zero-width space breaks
    each of them and is not seen.
    """
    text = text.replace("://", f":{ZERO_WIDTH}//").replace("@", f"{ZERO_WIDTH}@{ZERO_WIDTH}")
    return WWW.sub(rf"\1{ZERO_WIDTH}.", text)
