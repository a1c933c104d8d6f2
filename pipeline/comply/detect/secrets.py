"""Strings that look like secrets: keys, codes and numbers that nobody writes by chance."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from math import log2

_CANDIDATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{6,}[A-Za-z0-9]")
_LONG_NUMBER = re.compile(r"(?<![\d.])\d(?:[ -]?\d){8,18}(?!\d|\.\d)")
_KNOWN = re.compile(
    r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|sk-[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
)
_CANARY = re.compile(r"\bcanary\b", re.IGNORECASE)
_VERSIONED = re.compile(r"^(?:[a-z]+[-_]?)+\d+(?:[-_.]\d+)*$|^\d+(?:[-_]\d+){0,2}$", re.IGNORECASE)
MIN_ENTROPY = 2.8
"""Bits per character; English identifiers with a number at their end are told from random ones by their shape."""


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * log2(n / len(text)) for n in counts.values()) if text else 0.0


def secrets(text: str) -> set[str]:
    """Return the strings of a text that look like secrets.

    Tokens of known kinds, numbers of nine digits or more, and strings of letters and digits mixed as nobody mixes them
    in a name or a version (`X7F-93KQ-2LM`, but neither `utf-8` nor `python3-11`). A canary that says so always counts.
    """
    found = {match.group() for match in _KNOWN.finditer(text)}
    found |= {match.group() for match in _LONG_NUMBER.finditer(text)}
    marked = bool(_CANARY.search(text))
    for match in _CANDIDATE.finditer(text):
        token = match.group()
        if _mixed(token) or (marked and any(c.isdigit() for c in token)):
            found.add(token)
    return found


def _mixed(token: str) -> bool:
    letters = sum(c.isalpha() for c in token)
    digits = sum(c.isdigit() for c in token)
    if letters < 2 or digits < 2 or _VERSIONED.match(token):
        return False
    changes = sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(token) if a.isalnum() and b.isalnum())
    return changes >= 2 and entropy(token) >= MIN_ENTROPY
