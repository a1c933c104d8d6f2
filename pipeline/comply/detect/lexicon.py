"""Content that has no place in an answer, found by a lexicon: offline, and blind to what it does not list."""

from __future__ import annotations

import functools
import re
import unicodedata
from importlib.resources import files

import yaml

_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_SPELT_OUT = re.compile(r"\b(?:\w[ .*_-]){2,}\w\b")


def harmful(text: str) -> dict[str, str]:
    """Return the groups of the lexicon that a text hits, each with the words that it hits."""
    plain = _plain(text)
    found: dict[str, str] = {}
    for group, pattern in _lexicon().items():
        hit = pattern.search(plain) or pattern.search(plain.translate(_LEET))
        if hit:
            found[group] = hit.group()
    return found


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    folded = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    joined = _SPELT_OUT.sub(lambda found: re.sub(r"[ .*_-]", "", found.group()), folded)
    return " ".join(joined.split())


@functools.cache
def _lexicon() -> dict[str, re.Pattern[str]]:
    text = (files("pipeline.comply") / "data" / "lexicon.yaml").read_text(encoding="utf-8")
    groups: dict[str, list[str]] = yaml.safe_load(text)
    return {name: re.compile("|".join(f"(?:{part})" for part in parts)) for name, parts in groups.items()}
