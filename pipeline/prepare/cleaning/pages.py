"""Text of other scripts that was read with the wrong single-byte code page (`Êàê` for `Как`): ftfy leaves it."""

from __future__ import annotations

import re

# What bytes beyond ASCII become in Latin-1 and Windows-1252.
_HIGH = (
    "\x80-\x9f\xa1-\xff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201a"
    "\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122"
)
_GUARD = re.compile("[\xa1-\xff]{4}")
_RUN = re.compile(rf"(?<![A-Za-z])[{_HIGH}]{{3,}}(?![A-Za-z])")
_MIXED = re.compile(r"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
_SWAPPED = re.compile(r"\b[а-яё][А-ЯЁ]{2}")
_SWAPPED_ANY = re.compile("[а-яё][А-ЯЁ]{2}")
_LETTER = re.compile(r"[^\W\d_]")
# The letters that texts of a language have most. A right reading has many of them, a wrong one few.
_FREQUENT = {
    "cp1251": "оеаинтсрОЕАИНТСР",
    "koi8-r": "оеаинтсрОЕАИНТСР",
    "iso8859-5": "оеаинтсрОЕАИНТСР",
    "cp1253": "αοιετσνςίόάΑΟΙΕΤΣΝ",
    "cp1255": "יוהלאתרמש",
    "cp1256": "اليمنوترة",
    "cp874": "านรกเงอมยลวดท",
}
_LEAST = 0.4
"""Share of frequent letters from which a reading is right; the eight of Russian make 0.58 of its texts."""
_SEVERAL = (
    ("euc_jp", re.compile("[\u3041-\u30ff]"), 0.3),
    ("euc_kr", re.compile("[\uac00-\ud7a3]"), 0.9),
    ("gb2312", re.compile("[\u4e00-\u9fff\u3000-\u3002\uff01-\uff1f]"), 0.9),
    ("big5", re.compile("[\u4e00-\u9fff\u3000-\u3002\uff01-\uff1f]"), 0.9),
)


def reread(text: str) -> str:
    """Return a text beyond ASCII in the script in which it was written, if it was plainly read in another.

    No language has several words of nothing but accented letters, nor words whose small and capital letters have
    changed places. What is not sure stays.
    """
    if _GUARD.search(text):
        runs = _RUN.findall(text)
        # words that mix plain and accented letters are those of a real language
        if sum(map(len, runs)) >= 8 and 4 * len(_MIXED.findall(text)) <= sum(map(len, runs)):
            return _best(text, "sloppy-windows-1252") or text
    if _SWAPPED_ANY.search(text) and _SWAPPED.search(text):
        best = _best(text, "cp1251", ("koi8-r",)) or _best(text, "koi8-r", ("cp1251",))
        return best if best and _share(best, "cp1251") > _share(text, "cp1251") + 0.15 else text
    return text


def _best(text: str, read_as: str, pages: tuple[str, ...] = tuple(_FREQUENT)) -> str | None:
    from ftfy import bad_codecs  # registers the sloppy codecs

    assert bad_codecs
    try:
        raw = text.encode(read_as)
    except UnicodeEncodeError:
        return None
    if pages == tuple(_FREQUENT):
        if _decoded(raw, "utf-8"):
            return None  # what ftfy mends
        for name, letters, least in _SEVERAL:
            made = _decoded(raw, name)
            beyond = [sign for sign in made or "" if sign > "\x7f"]
            if made and sum(map(bool, map(letters.match, beyond))) >= least * len(beyond):
                return made
    readings = [(_share(made, name), made) for name in pages if (made := _decoded(raw, name))]
    share, made = max(readings, default=(0.0, ""))
    return made if share >= _LEAST else None


def _decoded(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except UnicodeDecodeError:
        return None


def _share(text: str, page: str) -> float:
    letters = [letter for letter in _LETTER.findall(text) if letter > "\x7f"]
    # Of each word the letters behind the first are small ones, or all are capitals.
    wrong = len(re.findall(r"(?<=[а-яё])[А-ЯЁ]|(?<=[α-ω])[Α-Ω]", text))
    return (sum(letter in _FREQUENT[page] for letter in letters) - wrong) / max(1, len(letters))
