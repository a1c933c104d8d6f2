"""Signs that somebody placed rows to steer the model. What is found is set aside for a person to see, never deleted.

Sources: OWASP LLM04:2025 (data and model poisoning); Wallace et al. 2021 and Dai et al. 2019 for rare trigger words
that are tied to one answer; Carlini et al. 2024 for floods of near-identical rows from one source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

BURST = "possible poisoning: a burst of near-identical rows from one source"
FLOOD = "possible poisoning: one answer to very many questions of one source"
TRIGGER = "possible poisoning: a rare word is tied to one answer"
ORDER = "possible poisoning: an instruction aimed at the model"
LEAST_BURST = 20
BURST_SHARE = 0.1
LEAST_TRIGGER = 3
LEAST_TRIGGER_WORD = 6
"""A trigger that reads like a word needs more rows than one that does not, because questions share words honestly."""
FEW_WORDS = 40
WORD = re.compile(r"[^\W_]+|[^\w\s.,;:!?()'\"/\-\[\]{}<>=+*&%$#@`~|\\^]+")
Rows = npt.NDArray[np.int64]
_ORDINARY = re.compile(
    r"(?=.*[aeiouyäöüàâéèêëîïôùûáíóúãõåæøœ])(?!.*(?:[bcdfghjklmnpqrstvwxz]{5}|[aeiou]{4}))[^\W\d_]{3,}"
)


def crowded(groups: Rows, sources: npt.NDArray[np.int32], days: Rows, members: Rows) -> Rows:
    """Return the rows whose group came from one source on one day in a crowd.

    A crowd has at least `LEAST_BURST` rows and `BURST_SHARE` of what the source brought that day. `groups` tells what
    belongs together (near-identical rows, or rows with one answer), for the rows `members`; all arrays run over the
    same rows, which are different from each other.
    """
    if not len(members):
        return members
    brought = Counter(zip(sources.tolist(), days.tolist(), strict=True))
    crowds = Counter(zip(groups.tolist(), sources.tolist(), days.tolist(), strict=True))
    large = {
        key for key, count in crowds.items() if count >= LEAST_BURST and count >= BURST_SHARE * brought[key[1], key[2]]
    }
    keys = zip(groups.tolist(), sources.tolist(), days.tolist(), strict=True)
    return np.asarray(members[np.fromiter((key in large for key in keys), bool, len(members))])


def trigger_words(questions: Sequence[str], answer: str) -> list[str]:
    """Return words that all questions of one answer share though neither their wording nor the answer explains them.

    The caller checks that they stand nowhere else.
    """
    sets = [set(WORD.findall(question.lower())) for question in questions]
    told = set(WORD.findall(answer.lower()))
    shared = set.intersection(*sets) - told if sets else set()
    found = []
    for word in sorted(shared):
        needed = LEAST_TRIGGER_WORD if _ORDINARY.fullmatch(word) else LEAST_TRIGGER
        if len(questions) >= needed and _differ([words - {word} for words in sets]):
            found.append(word)
    return found


def _differ(sets: Sequence[set[str]]) -> bool:
    """Tell whether the questions have little in common beside the word: paraphrases of one question do."""
    pairs = [(one, other) for n, one in enumerate(sets[:12]) for other in sets[n + 1 : 12]]
    similar = [len(one & other) / max(1, len(one | other)) for one, other in pairs]
    return bool(similar) and sum(similar) / len(similar) < 0.35


def count_words(texts: Iterable[str | None], wanted: set[str]) -> Counter[str]:
    """Count in how many texts each of the wanted words stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        lowered = text.lower() if text else ""
        # most texts hold none of a few rare words, which costs less to see than finding all words does
        if len(wanted) > FEW_WORDS or any(word in lowered for word in wanted):
            counts.update(wanted.intersection(WORD.findall(lowered)))
    return counts
