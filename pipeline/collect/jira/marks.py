"""Marks on text without which it means something else, as both of Jira's formats write them."""

from __future__ import annotations

import re

_POWER = re.compile(r"[+\-−]?[\dn]+")


def struck(text: str) -> str:
    """Return text that somebody struck out: a step that is not to be done must not read like one that is."""
    inner = text.strip()
    return text.replace(inner, f"~~{inner}~~", 1) if inner else text


def raised(text: str, before: str) -> str:
    """Return a superscript that follows other text: 10⁶ is not 106. What is no power stays plain, as in 1st."""
    return f"^{text}" if before[-1:].isalnum() and _POWER.fullmatch(text) else text
