# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Signs that only decorate: pictures as bullets, friendly faces at the end, lines under titles, borders of tables.

What may be all that an answer says stays, and so do pictures beside their opposites (a tick beside a cross).
"""

from __future__ import annotations

import re

_TICKS = "\u2611\u2705\u2713\u2714"
_AGAINST_TICKS = re.compile("[\u2610\u2612\u2715-\u2718\u274c\u274e\U0001f6ab\u26d4]")
# Arrows, pointing hands, stars, pins, lozenges, lamps, warnings.
_BULLETS = (
    "\u2192\u279c\u2794\u27a1\u27a4\u21d2\u276f\u2605\u2606\u2726\u2727\u2728\u2b50\u261b\u261e\u26a0\u2757\u26a1"
    "\U0001f446\U0001f447\U0001f449\U0001f4a1\U0001f4cc\U0001f4cd\U0001f4dd\U0001f514\U0001f536-\U0001f539\U0001f31f"
)
_BULLET = re.compile(rf"^([ \t]*)[{_BULLETS}][\ufe0e\ufe0f]?(?=[ \t]+[^\W_])", re.MULTILINE)
_TICK = re.compile(rf"^([ \t]*)[{_TICKS}][\ufe0e\ufe0f]?(?=[ \t]+[^\W_])", re.MULTILINE)
_FRIENDLY = (
    "\u263a\u2764\u2665\U0001f600-\U0001f60f\U0001f617-\U0001f61d\U0001f642\U0001f643\U0001f917\U0001f929\U0001f970\U0001f973"
    "\U0001f493-\U0001f49c\U0001f49e\U0001f49f\U0001f90d\U0001f90e\U0001f9e1"
)
_APPROVING = (
    "\U0001f389\U0001f38a\U0001f44b\U0001f44c\U0001f44d\U0001f44f\U0001f4aa\U0001f64c\U0001f64f\U0001f680\u2728"
)
_AGAINST_THUMBS = "\U0001f44e"
_TONE = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
_LAST = re.compile(
    rf"(?:(?<=[^\W_])[ \t]*[{_FRIENDLY}]|(?<=[.!?\u2026\u3002\uff01)])[ \t]*[{_FRIENDLY}{_APPROVING}])[{_FRIENDLY}{_APPROVING}{_TONE} \t]*(?=\s*\Z)"
)
_TYPED_FACE = re.compile(r"(?<=[^\s_])[ \t]+(?:=\)|\^\^|\^_\^)(?=[\s.!?]|\Z)")
_LINE = re.compile(r"={4,}|^[ \t]*={3,}|={3,}[ \t]*$", re.MULTILINE)
_TABLE_ROW = re.compile(r"^[ \t]*\|[^\n]*\|[ \t]*$", re.MULTILINE)
_STRUCK = re.compile(r"(?<![\w~/])~(?=\w)([^~\n]{1,80})(?<=\S)~(?![\w~/])")
_AND = re.compile(r"(?<=[^\W\d_][ ])&(?=[ ][^\W\d_])")
_INTO_MENU = re.compile(r"(?<=[^\W\d_]{2}[ ])(?:>>|[\u25b6\u25b8\u25ba\u203a\xbb])(?=[ ][^\W\d_]{2})")
MENUS = "\u2044\u25b6\u25b8\u25ba\u203a\xbb"
"""Characters that stand for a sign which others write as `/` or `>`."""
_FIRST_PICTURE = "\u2190"


def plain(text: str) -> str:
    """Return a text without the signs that only decorate it; slashes and steps of menus have one form."""
    text = text.replace("\u2044", "/")
    if "===" in text:
        text = _LINE.sub("", text)
    if "|" in text:
        text = _TABLE_ROW.sub(lambda row: row[0].replace("|", " "), text)
    if "~" in text:
        text = _STRUCK.sub(r"\1", text)
    if "&" in text:
        text = _AND.sub("", text)
    if "=)" in text or "^" in text:
        text = _TYPED_FACE.sub("", text)
    if text.isascii() and ">>" not in text:
        return text
    # guillemets in pairs are quotes
    quotes = "\xab" in text or "\u2039" in text
    text = _INTO_MENU.sub(lambda step: step[0] if quotes and step[0] in "\xbb\u203a" else ">", text)
    return _without_pictures(text) if max(text) >= _FIRST_PICTURE else text


def _without_pictures(text: str) -> str:
    text = _BULLET.sub(r"\1", text)
    if not _AGAINST_TICKS.search(text):
        text = _TICK.sub(r"\1", text)
    return text if _AGAINST_THUMBS in text else _LAST.sub("", text)
