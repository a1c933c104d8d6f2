"""What a tag of HTML looks like."""

from __future__ import annotations

import re

BLOCK = (
    "address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|head|header|hgroup|html|main|nav|ol|p|section|summary|table|tbody|tfoot|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|caption|cite|code|col|colgroup|del|dfn|em|font|i|iframe|img|input|ins|kbd|"
    "label|legend|li|mark|meta|link|noscript|object|optgroup|option|param|picture|pre|q|rp|rt|ruby|s|samp|script|select|"
    "small|source|span|strike|strong|style|sub|sup|svg|td|template|textarea|th|time|tt|u|var|video|audio|wbr|hr|br"
)
ATTRIBUTES = r"""(?:\s(?:"[^"]*"|'[^']*'|[^'"<>])*)?"""
# In small or in capital letters: `<Button>` and `<Table>` are components of programs.
_ANY = f"{BLOCK}|{_INLINE}"
NAMES = f"{_ANY}|{_ANY.upper()}"
TAG = re.compile(rf"<(/?)({NAMES})({ATTRIBUTES})/?>")
PAIR = re.compile(rf"<({NAMES})({ATTRIBUTES})>[^<>`\n]{{0,80}}</\1>")
BLOCK_TAG = re.compile(rf"</(?:{BLOCK}|li|td|th)\s*>", re.IGNORECASE)
