"""Answers that go round in circles."""

from __future__ import annotations

import itertools

from pipeline.evaluate.text import words

MIN_WORDS = 12
REPEATS = 4
COVERED = 0.5


def loops(answer: str) -> bool:
    """Tell whether at least half of an answer is one piece said at least four times in a row.

    The piece may be a single character (a run of blanks or dots), a word, or up to a sentence long.
    """
    return _characters_loop(answer) or _words_loop(words(answer))


def _characters_loop(answer: str) -> bool:
    longest = run = 1
    for before, after in itertools.pairwise(answer):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
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
