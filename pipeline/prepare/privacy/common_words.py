"""Words that a text itself shows to be no names: it writes them in lower case too."""

from __future__ import annotations

import re
from functools import lru_cache

_FREE = re.compile(r"(?<![\w@./:+'’-])[^\W\d_A-ZÀ-ÞА-ЯЁ][^\W\d_]+(?![\w@]|[./:'’_-]\w)")
# Behind these a word in lower case may well be a name of someone who types without capitals.
_TYPED_NAME = re.compile(
    r"\b(?:name(?: is|'s|’s|:)|i am|i['’]m|this is|mr|mrs|ms|miss|dr|prof|hi|hello|hey|dear|regards|thanks|"
    r"cheers|by|from)"
    r"[.,]?\s+(\w+)(?:[ \t]+(\w+))?",
    re.IGNORECASE,
)
# Function words of the languages that FAQs are written in most.
_STARTS_TEXT = """
    then so see use after before as our my your his her its their now here these those some any each every once while
    during since also however though although because until unless first next both only an one two most many such
    der die das den dem ein eine wir sie er es ich wenn dann nach auch ist sind hat und mit les un une il elle nous
    vous on dans pour los las una ella ellos en para lo gli uno nel het een
"""
_STARTS = frozenset(_STARTS_TEXT.split())


def starts_sentence(word: str) -> bool:
    """Tell whether a capital letter of this word only says that a sentence starts."""
    return word.lower() in _STARTS


@lru_cache(maxsize=8)
def common_words(text: str) -> frozenset[str]:
    """Return the words that stand in lower case and free in a text, so that a capital alone makes no name of them."""
    found = set(_FREE.findall(text))
    for typed in _TYPED_NAME.finditer(text):
        found -= {typed[1], typed[2]}
    return frozenset(word for word in found if word == word.lower())
