"""How much of an answer its context holds: the measure behind "insufficient context" (spec B5)."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+(?:[.\-'’][^\W_]+)*")
LONG_ENOUGH = 4


def support(answer: str, context: str | None) -> float:
    """Return the share of an answer's content words that stand in the context, from 0 to 1.

    Content words are those of four letters and more and those with a digit; scripts without blanks are compared by
    pairs of characters. An answer without content words is supported when it stands in the context as it is.
    """
    if not context:
        return 0.0
    wanted = content_words(answer)
    if not wanted:
        return float(answer.casefold().strip() in context.casefold())
    present = content_words(context)
    return len(wanted & present) / len(wanted)


def content_words(text: str) -> set[str]:
    """Return the words of a text that carry its content, in one spelling."""
    found: set[str] = set()
    for word in WORD.findall(text.casefold()):
        if _unspaced(word):
            found |= {word[place : place + 2] for place in range(max(1, len(word) - 1))}
        elif len(word) >= LONG_ENOUGH or any(letter.isdigit() for letter in word):
            found.add(word)
    return found


def _unspaced(word: str) -> bool:
    """Tell whether a word is of a script that puts no blanks between words (Han, Kana, Thai, Lao, Khmer, Myanmar)."""
    return any(
        "\u3040" <= letter <= "\u30ff"
        or "\u3400" <= letter <= "\u9fff"
        or "\u0e00" <= letter <= "\u0eff"
        or "\u1000" <= letter <= "\u109f"
        or "\u1780" <= letter <= "\u17ff"
        for letter in word
    )
