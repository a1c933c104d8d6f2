"""How much of an answer its context holds: the measure behind "insufficient context" (spec B5)."""

from __future__ import annotations

import re

from pipeline.prepare.marks import Words

WORD = Words(r"[^\W_]+(?:[.\-'’][^\W_]+)*")
_SHORT_WORD = Words(r"[^\W_]+(?:[.\-'’][^\W_]+)*(?:\+\+|#)?")
# Scripts that put no blanks between words: Kana, Han, Thai, Lao, Myanmar, Khmer.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
LONG_ENOUGH = 4


def support(answer: str, context: str | None) -> float:
    """Return the share of an answer's content words that stand in the context, from 0 to 1.

    Content words are those of four letters and more and those with a digit; scripts without blanks are compared by
    pairs of characters. Of an answer without content words ("Yes.", "Use C#.") all words count, and one without words
    is supported when it stands in the context as it is.
    """
    if not context:
        return 0.0
    wanted = content_words(answer)
    if not wanted:
        return _short_support(answer.casefold(), context.casefold())
    present = content_words(context)
    return len(wanted & present) / len(wanted)


def _short_support(answer: str, context: str) -> float:
    wanted = set(_SHORT_WORD.findall(answer))
    if not wanted:
        return float(answer.strip() in context)
    present = set(_SHORT_WORD.findall(context))
    held = sum(word in present or bool(_UNSPACED.search(word) and word in context) for word in wanted)
    return held / len(wanted)


def content_words(text: str) -> set[str]:
    """Return the words of a text that carry its content, in one spelling."""
    folded = text.casefold()
    words = set(WORD.findall(folded))
    # Looked for in the whole text first, because few texts have words of such a script.
    cut = set() if folded.isascii() or not _UNSPACED.search(folded) else set(filter(_UNSPACED.search, words))
    found = {
        word
        for word in (words - cut if cut else words)
        if len(word) >= LONG_ENOUGH or (not word.isalpha() and any(letter.isdigit() for letter in word))
    }
    for word in cut:
        found |= {word[place : place + 2] for place in range(len(word) - 1)}
    return found
