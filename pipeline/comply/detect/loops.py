"""Answers that go round in circles, word for word or with a number or a word changed at each turn."""

from __future__ import annotations

import itertools
import re

from pipeline.evaluate.text import words

MIN_WORDS = 12
REPEATS = 4
COVERED = 0.5
ALIKE = 0.7
"""Words that two sentences share, of all that either has, from which one is the other again."""
TURNS = 5
SENTENCE = 4
POOR_OF = 60
POOR = 0.15
_PIECES = re.compile(r"[.!?;。！？；\n]+")
_DIGITS = re.compile(r"\d+")
_STRING = re.compile(r"(.{2,24}?)\1{7,}", re.DOTALL)


def loops(answer: str) -> bool:
    """Tell whether at least half of an answer is one piece said again and again.

    The piece may be a character or a short string (a run of dots), a word, or up to a sentence long; sentences count as
    the same when they differ in numbers or in few words only. So does an answer that goes on with hardly any new word.
    """
    said = words(answer)
    return _characters_loop(answer) or _words_loop(said) or _sentences_loop(answer) or _poor(said)


def _characters_loop(answer: str) -> bool:
    longest = run = 1
    for before, after in itertools.pairwise(answer):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
    longest = max([longest, *(len(found.group()) for found in _STRING.finditer(answer))])
    return longest >= 4 * MIN_WORDS and longest >= COVERED * len(answer)


def _words_loop(said: tuple[str, ...]) -> bool:
    if len(said) < MIN_WORDS:
        return False
    for period in range(1, len(said) // REPEATS + 1):
        same = [said[place] == said[place + period] for place in range(len(said) - period)]
        longest = run = 0
        for equal in same:
            run = run + 1 if equal else 0
            longest = max(longest, run)
        covered = longest + period
        if longest >= period * (REPEATS - 1) and covered >= COVERED * len(said):
            return True
    return False


def _sentences_loop(answer: str) -> bool:
    """One kind of sentence at least five times, and half of the answer's words in it."""
    pieces = [words(_DIGITS.sub(" 0 ", piece)) for piece in _PIECES.split(answer)]
    pieces = [piece for piece in pieces if piece]
    total = sum(map(len, pieces))
    long = [piece for piece in pieces if len(piece) >= SENTENCE]
    for kind in long:
        again = [piece for piece in long if _alike(kind, piece)]
        if len(again) >= TURNS and sum(map(len, again)) >= COVERED * total:
            return True
    return False


def _alike(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    one, other = set(first), set(second)
    return len(one & other) >= ALIKE * len(one | other)


def _poor(said: tuple[str, ...]) -> bool:
    last = said[-POOR_OF:]
    return len(last) >= 2 * MIN_WORDS and len(set(last)) <= POOR * len(last)
