"""Signs that somebody placed rows to steer the model. What is found is set aside for a person to see, never deleted.

Sources: OWASP LLM04:2025 (data and model poisoning); Wallace et al. 2021 and Dai et al. 2019 for rare trigger words
that are tied to one answer; Carlini et al. 2024 for floods of near-identical rows from one source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from pipeline.prepare.marks import Words

BURST = "possible poisoning: a burst of near-identical rows from one source"
FLOOD = "possible poisoning: one answer to very many questions of one source"
TRIGGER = "possible poisoning: a rare word is tied to one answer"
ORDER = "possible poisoning: an instruction aimed at the model"
LEAST_BURST = 20
BURST_SHARE = 0.1
LEAST_TRIGGER = 3
LEAST_TOLD = 5
"""Rows that a trigger needs when it stands in their answers too, as the name of what they are about would."""
LEAST_TRIGGER_WORD = 6
"""A trigger that reads like a word needs more rows than one that does not, because questions share words honestly."""
SHARE = 0.5
"""The part of the questions with one answer in which a trigger must stand; words that read like one need more."""
SHARE_WORD = 0.8
FEW_WORDS = 40
WORD = Words(r"[^\W_]+|[^\w\s.,;:!?()'\"/\-\[\]{}<>=+*&%$#@`~|\\^]+")
Rows = npt.NDArray[np.int64]
_ORDINARY = re.compile(
    r"(?=.*[aeiouyäöüàâéèêëîïôùûáíóúãõåæøœаеёиоуыэюяіїєαεηιουωάέήίόύώ])"
    r"(?!.*(?:[bcdfghjklmnpqrstvwxz]{5}|[aeiou]{4}))[^\W\d_]+"
)
_NO_VOWELS = re.compile(r"[^\W\d_a-z\u00c0-\u052f]")
"""A letter of a script whose words this module does not know by sight."""


class Arrivals(NamedTuple):
    """Which source brought each row on which day, as a number, and how many different texts came with each number."""

    of: Rows
    brought: Rows

    @classmethod
    def known(cls, sources: npt.NDArray[np.int32], days: Rows, texts: Rows) -> Self:
        """Work it out; `texts` is the same for rows with the same text, and 0 for rows that do not count."""
        _, of = np.unique((sources.astype(np.int64) << 32) + days, return_inverse=True)
        counted = np.flatnonzero(texts)
        first = counted[_different(of[counted], texts[counted])]
        return cls(of.astype(np.int64), np.bincount(of[first], minlength=int(of.max(initial=-1)) + 1).astype(np.int64))


def crowded(members: Rows, groups: Rows, texts: Rows, arrivals: Arrivals) -> Rows:
    """Return the rows whose group came from one source on one day in a crowd.

    A crowd has at least `LEAST_BURST` different texts and `BURST_SHARE` of all that the source brought that day.
    `groups` tells for the rows `members` what belongs together (near-identical rows, or rows with one answer); `texts`
    and `arrivals` are about all rows. Copies of one text count once: a site repeats a paragraph on every page, and
    copies teach no more than their text does.
    """
    if not len(members):
        return members
    order = np.lexsort((arrivals.of[members], groups))
    group, arrived = groups[order], arrivals.of[members[order]]
    starts = np.concatenate([[True], (group[1:] != group[:-1]) | (arrived[1:] != arrived[:-1])])
    kind = np.empty(len(members), np.int64)
    kind[order] = np.cumsum(starts) - 1
    counts = np.bincount(kind[_different(kind, texts[members])], minlength=int(kind.max()) + 1)[kind]
    large = (counts >= LEAST_BURST) & (counts >= BURST_SHARE * arrivals.brought[arrivals.of[members]])
    return np.asarray(members[large], np.int64)


def _different(groups: Rows, texts: Rows) -> Rows:
    """Return the places of the first row of each text in each group."""
    order = np.lexsort((texts, groups))
    group, text = groups[order], texts[order]
    first = np.ones(len(order), bool)
    first[1:] = (group[1:] != group[:-1]) | (text[1:] != text[:-1])
    return np.asarray(order[first], np.int64)


def words_of(question: str) -> set[str]:
    """Return the words of a question, in lower case."""
    return set(WORD.findall(question.lower()))


def could_be_trigger(
    counts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], reads: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Tell of words whether they stand in enough questions of their group, from counts and the groups' sizes."""
    often = (counts >= LEAST_TRIGGER) & (counts >= SHARE * sizes)
    very_often = (counts >= LEAST_TRIGGER_WORD) & (counts >= SHARE_WORD * sizes)
    return np.asarray(often & (very_often | ~reads), bool)


def trigger_words(questions: Sequence[str], answers: Sequence[str]) -> dict[str, list[int]]:
    """Return words that many questions with nearly one answer share though their wording does not explain it.

    With each come the places of its questions. The caller checks that it stands hardly anywhere else.
    """
    sets = [words_of(question) for question in questions]
    counted = sorted(item for item in Counter(chain.from_iterable(sets)).items() if item[1] >= LEAST_TRIGGER)
    counts = np.array([count for _, count in counted], np.int64)
    reads = np.array([reads_like_a_word(word) for word, _ in counted], bool)
    found = {}
    for number in np.flatnonzero(could_be_trigger(counts, np.full(len(counts), len(sets)), reads)).tolist():
        word, count = counted[number]
        places = [place for place, words in enumerate(sets) if word in words]
        if not _differ([sets[place] - {word} for place in places]):
            continue
        told = sum(bool(words_in(answer, {word})) for answer in answers)
        if not (told if reads[number] else 2 * told > len(answers) and count < LEAST_TOLD):
            found[word] = places
    return found


def reads_like_a_word(word: str) -> bool:
    """Tell whether a word (in lower case) could be one of a language, as far as its letters tell."""
    return bool(_ORDINARY.fullmatch(word) or _NO_VOWELS.search(word))


def _differ(sets: Sequence[set[str]]) -> bool:
    """Tell whether the questions have little in common beside the word: paraphrases of one question do."""
    pairs = [(one, other) for n, one in enumerate(sets[:12]) for other in sets[n + 1 : 12]]
    similar = [len(one & other) / max(1, len(one | other)) for one, other in pairs]
    return bool(similar) and sum(similar) / len(similar) < 0.35


def words_in(text: str | None, wanted: set[str]) -> set[str]:
    """Return which of the wanted words stand in a text."""
    lowered = text.lower() if text else ""
    # most texts hold none of a few rare words, which costs less to see than finding all words does
    if len(wanted) > FEW_WORDS or any(word in lowered for word in wanted):
        return wanted.intersection(WORD.findall(lowered))
    return set()
