"""Sentence segmentation as a column: nothing is changed, the sentences joined are the text's prose and code."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning.segments import split

# A full stop after these does not end a sentence.
_ABBREVIATIONS = frozenset([
    "e.g", "i.e", "etc", "vs", "cf", "al", "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "approx", "ca", "inc",
    "ltd", "co", "corp", "dept", "est", "ed", "eds", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept",
    "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "a.m", "p.m", "u.s", "u.k", "ph.d", "z.b",
    "d.h", "u.a", "bzw", "usw", "ggf", "vgl", "evtl", "inkl", "bspw", "o.ä", "s.o", "s.u", "i.d.r", "hr", "fr",
    "p.ex", "m", "mme", "mlle", "av", "env", "sra", "srta", "ud", "uds", "ej", "es", "sig", "dott", "ing", "avv",
    "ecc", "bijv", "d.w.z", "o.a", "enz", "dhr", "mevr", "т.е", "т.д", "т.п", "др", "г", "см",
])  # fmt: skip
# These are whole words too ("No. Ask us."): only before a number they are abbreviations.
_BEFORE_NUMBERS = frozenset(["no", "vol", "fig", "p", "pp", "nr", "pág", "núm", "pag", "blz", "str", "ext", "рис"])
_END = re.compile(r"(?:[.!?…]+[\"')\]»”]*(?=\s)|[。！？｡]+[」』）\"']*|\n{2,}|\n(?=\s*(?:[-*+•]|\d{1,3}[.)])\s))\s*")
_NOT_LINE_END = re.compile(r"[^\n]")
_NUMBER = re.compile(r"[#\d]")
_LAST_WORD = re.compile(r"([^\s(\[\"']+)\.$")
_STARTS_LOWER = re.compile(r"[\s\"'(\[]*[a-zà-öø-ÿа-я]")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, without the blanks around them; each piece of code block is one."""
    made: list[str] = []
    prose = read = ""
    for piece, is_code in split(text):
        if is_code and "\n" in piece.strip("\n"):
            made += _of_prose(prose, read)
            made.append(piece.strip("\n"))
            prose = read = ""
        else:
            prose += piece  # code inside a line belongs to its sentence, and its full stops end none
            read += _NOT_LINE_END.sub("`", piece) if is_code else piece
    return [sentence for sentence in made + _of_prose(prose, read) if sentence]


def _of_prose(text: str, read: str) -> list[str]:
    """Cut `text` where `read`, the same with its code made unreadable, has ends of sentences."""
    made: list[str] = []
    start = 0
    for end in _END.finditer(read):
        if _goes_on(read, start, end):
            continue
        made.append(text[start : end.end()].strip())
        start = end.end()
    made.append(text[start:].strip())
    return [sentence for sentence in made if sentence]


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    mark = end[0].strip()
    if not mark.startswith("."):
        return bool(mark) and mark[0] in "?!…" and bool(_STARTS_LOWER.match(text, end.end()))
    word = _LAST_WORD.search(text[start : end.start() + 1])
    if word and (word[1].lower() in _ABBREVIATIONS or re.fullmatch(r"[A-ZÀ-Þ]", word[1])):
        return True
    if word and word[1].lower() in _BEFORE_NUMBERS and _NUMBER.match(text, end.end()):
        return True
    if word and re.fullmatch(r"\d{1,3}", word[1]) and not text[start : end.start()].strip(" \n0123456789"):
        return True  # the number of a list item
    return bool(_STARTS_LOWER.match(text, end.end())) and "\n" not in end[0]
