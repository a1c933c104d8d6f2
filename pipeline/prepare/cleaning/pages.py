"""Text of other scripts that was read with the wrong single-byte code page (`Êàê` for `Как`): ftfy leaves it."""

from __future__ import annotations

import re
import unicodedata

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
# One capital before small letters, or the other way round as KOI8 has it: a word, because lists have several of both.
_CAPITALISED = re.compile("[\xc0-\xdf][\xe0-\xff]{5,13}|[\xe0-\xff][\xc0-\xdf]{5,13}")
_WORDS_READ = re.compile("[А-ЯЁ][а-яё]{5,13}|[Α-Ω][α-ώ]{5,13}")
_VOWEL = re.compile("[аеёиоуыэюяАЕЁИОУЫЭЮЯαεηιουωάέήίόύώϊϋΑΕΗΙΟΥΩ]")
_NO_WORD = re.compile("[^аеёиоуыэюяАЕЁИОУЫЭЮЯαεηιουωάέήίόύώϊϋΑΕΗΙΟΥΩ]{5}|[аеиоуыэюя]{4}")
_OF_ONE_WORD = ("cp1251", "koi8-r", "cp1253")
_FEWEST_VOWELS = 2
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
# Signs that make a third to a half of texts: any two bytes beyond ASCII are some sign, but a rare one.
_HANZI = (
    "的一是不了在人有我他这这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
    "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日无力长把机第公此已"
    "使情明性知全三关点正业外将两高间由问很最重并物手应向头文体相见被利等新己制加二合回特代内信表化次度先海通教原声"
    "提及比员解水名真论处走各入几认条平系气题活打变四总何电数安少报才结反受太再感建务做接必件计管期直设置密码请登录"
    "選這個們來為國說時會對過發後裡種經麼學現當沒動還進樣開從實無長機關點業將兩間問應頭體見號碼請設網頁帳戶資料"
)
_HANGUL = (
    "이다는을에의가고하지한로기도사리자어시대나인서그해스정아일과부있수전제만보게상주여러원들면구동으공라유장호비번세요니까"
    "습를은"
)
_HAN = re.compile("[\u4e00-\u9fff\u3000-\u3002\uff01-\uff1f]")
_SEVERAL = (
    ("euc_jp", re.compile("[\u3041-\u30ff]"), 0.3, ""),
    ("euc_kr", re.compile("[\uac00-\ud7a3]"), 0.9, _HANGUL),
    ("gb2312", _HAN, 0.9, _HANZI),
    ("big5", _HAN, 0.9, _HANZI),
)
_LEAST_OF_SIGNS = 0.2
# Kana read as Latin: each is one of these lead bytes with another byte, which may be a letter of ASCII.
_KANA = re.compile("(?:[\x81-\x83\u0192\u201a].){2}[\x81-\x83\u0192\u201a]")
_KANA_READ = re.compile("[\u3041-\u30ff]")
_FEWEST_LISTED = 12
"""Letters from which they are listed rather than those of words if hardly one is repeated."""
_FEWEST_IN_A_LIST, _MOST_IN_A_LIST = 6, 14
"""Letters of a short list, in which none is repeated."""
_LEAST_OF_A_RUN, _LEAST_OF_SEVERAL = 0.7, 0.5
"""Share of frequent Russian letters from which a list is a Russian word or several all the same (`Íàñòðîéêè`)."""


def reread(text: str) -> str:
    """Return a text beyond ASCII in the script in which it was written, if it was plainly read in another.

    No language has several words of nothing but accented letters, nor words whose small and capital letters have
    changed places. What is not sure stays.
    """
    has_lead = "\u0192" in text or "\u201a" in text or "\x82" in text or "\x83" in text
    if has_lead and _KANA.search(text) and (made := _kana(text)):
        return made
    if _GUARD.search(text):
        runs = _RUN.findall(text)
        # words that mix plain and accented letters are those of a real language
        mixed = 4 * len(_MIXED.findall(text)) > sum(map(len, runs))
        if sum(map(len, runs)) >= 8 and not mixed:
            if len(runs) == 1 and _CAPITALISED.fullmatch(runs[0]) and (made := _one_word(text, runs[0])):
                return made
            return _best(text, "sloppy-windows-1252", listed=_is_list(runs), run=len(runs) == 1) or text
    if _SWAPPED_ANY.search(text) and _SWAPPED.search(text):
        best = _best(text, "cp1251", ("koi8-r",)) or _best(text, "koi8-r", ("cp1251",))
        return best if best and _share(best, "cp1251") > _share(text, "cp1251") + 0.15 else text
    return text


def _is_list(runs: list[str]) -> bool:
    """Tell whether letters are listed (an alphabet, what a name may contain) rather than those of words."""
    letters = "".join(runs)
    different = set(letters)
    if 5 * sum(letter.swapcase() in different for letter in letters if letter.isalpha()) >= 4 * len(letters):
        return True
    if list(letters) == sorted(letters):
        return True
    if _FEWEST_IN_A_LIST <= len(letters) <= _MOST_IN_A_LIST and len(different) == len(letters):
        return True
    share = 0.9 if len(letters) < 20 else 0.8
    return len(letters) >= _FEWEST_LISTED and len(different) >= share * len(letters)


def _one_word(text: str, run: str) -> str | None:
    """Return a text with one word beyond ASCII in the reading that has vowels and consonants in turn."""
    plain = [unicodedata.normalize("NFD", letter)[0] for letter in run.lower()]
    if plain == sorted(plain):
        return None
    raw = run.encode("latin-1")
    readings = [
        (_share(word, page), text.replace(run, word))
        for page in _OF_ONE_WORD
        if (word := _decoded(raw, page))
        and _WORDS_READ.fullmatch(word)
        and len(_VOWEL.findall(word)) >= _FEWEST_VOWELS
        and not _NO_WORD.search(word)
    ]
    share, made = max(readings, default=(0.0, ""))
    return made if share >= _LEAST else None


def _kana(text: str) -> str | None:
    """Return Japanese in Shift-JIS that was read as Windows-1252 or Latin-1."""
    from ftfy import bad_codecs  # registers the sloppy codecs

    assert bad_codecs
    for read_as in ("sloppy-windows-1252", "latin-1"):
        try:
            made = _decoded(text.encode(read_as), "cp932")
        except UnicodeEncodeError:
            continue
        beyond = [sign for sign in made or "" if sign > "\x7f"]
        if made and sum(map(bool, map(_KANA_READ.match, beyond))) >= 0.3 * len(beyond):
            return made
    return None


def _best(
    text: str, read_as: str, pages: tuple[str, ...] = tuple(_FREQUENT), listed: bool = False, run: bool = False
) -> str | None:
    """Return the best reading of a text's bytes; a list of letters is read only as what it says beyond doubt.

    `run` tells that its letters beyond ASCII are one word or list.
    """
    from ftfy import bad_codecs  # registers the sloppy codecs

    assert bad_codecs
    try:
        raw = text.encode(read_as)
    except UnicodeEncodeError:
        return None
    if pages == tuple(_FREQUENT):
        if _decoded(raw, "utf-8"):
            return None  # what ftfy mends
        for name, letters, least, frequent in _SEVERAL:
            made = _decoded(raw, name)
            beyond = [sign for sign in made or "" if sign > "\x7f"]
            right = made and sum(map(bool, map(letters.match, beyond))) >= least * len(beyond)
            if right and (
                not frequent or sum(sign in frequent for sign in beyond) >= (1 + listed) * _LEAST_OF_SIGNS * len(beyond)
            ):
                return made
        if listed:
            made = _decoded(raw, "cp1251") or ""
            read = [letter for letter in made if letter > "\x7f"]
            in_both_cases = 3 * len({letter.lower() for letter in read}) < 2 * len(read)
            least = _LEAST_OF_A_RUN if run else _LEAST_OF_SEVERAL
            return made if not in_both_cases and _share(made, "cp1251") >= least else None
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
