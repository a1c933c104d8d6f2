# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Signs that carry meaning though they are no words: `10 €` is not `10 $`, `a < b` is not `a > b`, `-20` is not `20`,
`.5` is not `5` and `./a` not `../a`.

Quotes, brackets, dashes between words, `™`, `®` and the marks of Markdown carry none, nor do signs at places where they
only part or end something (`!` behind a sentence, `/` between two words, a bullet) or decorate it.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from pipeline.prepare.deduplicate.decoration import MENUS, plain
from pipeline.prepare.looks import matching

# Currencies, mathematics and pictures, but for bullets, borders, quotes, tones of skin and signs of trade marks. Minus
# and what stands in the place of one are looked at apart.
_BEYOND = (
    *(("a2", "a6"), ("ac", "ac"), ("b1", "b1"), ("d7", "d7"), ("f7", "f7"), ("58f", "58f"), ("60b", "60b")),
    *(("9f2", "9f3"), ("e3f", "e3f"), ("17db", "17db"), ("20a0", "20cf"), ("2190", "2211"), ("2213", "23ff")),
    *(("2600", "274f"), ("2753", "2755"), ("2757", "275a"), ("2761", "27a1"), ("27a5", "27bf"), ("2900", "2bff")),
    *(("1f000", "1f3fa"), ("1f400", "1faff")),
)
_ALWAYS = "$%&|^<>=" + "".join(f"{chr(int(first, 16))}-{chr(int(last, 16))}" for first, last in _BEYOND)
# One class first, so that places are found fast; then what must stand around the signs that often carry no meaning.
_SIGN = re.compile(
    rf"[*!~/.\-\u2013\u2212{_ALWAYS}](?:"
    rf"(?<=[{_ALWAYS}])(?<!\n[>|])(?<!\A[>|])"
    r"|(?<=[-\u2013\u2212])(?<![\w.)\]}%-].)(?=[.,]?\d)"
    r"|(?<=!)(?:(?==)|(?<!\w!)(?=[^\W_]))"
    r"|(?<=\*)(?:(?<=\S[ ]\*)(?=[ ])|(?<=[0-9a-z)\]]\*)(?=[0-9a-z(])|(?=\.\w)|(?<=/\*))"
    r"|(?<=/)(?:(?<=\d/)(?=\d)|(?<![\w/:.]/)(?=\w))"
    r"|(?<=~)(?<![\w~]~)(?=[\w/])"
    r"|(?<=\.)(?:(?=\d)(?<![\w.)\]]\.)|(?=\.?/)(?<![\w)\]]\.))"
    r")"
)
_HINT = (
    r"[$%&|^<>=]|~[\pL\pN_/]|![=\pL\pN]|\*[ .0-9a-z(]|/\*|[0-9]/[0-9]|(?:^|[^\pL\pN_/:.])/[\pL\pN_]|(?:^|[^\pL\pN_.)\]}%-])[-\x{2013}\x{2212}][.,]?\pN"
    r"|(?:^|[^\pL\pN_.)\]])\.\pN|(?:^|[^\pL\pN_)\]])\.\.?/"
    f"|[{MENUS}]|[" + "".join(rf"\x{{{first}}}-\x{{{last}}}" for first, last in _BEYOND) + "]"
)
"""What RE2 can look for: a text without any of these has no sign."""
_ALIKE = str.maketrans("\u2013\u2212\u2192\u2794\u279c\u27a1\u21d2", "-->>>>>")


def signs(texts: pa.Array) -> pa.Array:
    """Return the signs of each text in their order, as one text; the texts are composed by NFKC and in lower case."""
    made = np.full(len(texts), "", object)
    places = np.flatnonzero(matching(texts, _HINT))
    made[places] = [_signs(text) for text in texts.take(pa.array(places)).to_pylist()]
    return pa.array(made, pa.string())


def _signs(text: str) -> str:
    """Return the signs of a text; arrows of each kind, and each kind of dash before a number, count as one."""
    text = text.replace("->", "\u2192").replace("=>", "\u2192")
    return "".join(_SIGN.findall(plain(text))).translate(_ALIKE)
