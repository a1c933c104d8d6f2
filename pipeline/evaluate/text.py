"""Text as every metric sees it: words and sentences in any script, and the form in which answers are compared."""

from __future__ import annotations

import functools
import re
import unicodedata

# Articles carry no information that an answer is judged by (the SQuAD evaluation drops the English ones).
ARTICLES: dict[str, frozenset[str]] = {
    "en": frozenset({"a", "an", "the"}),
    "de": frozenset({"der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines"}),
    "fr": frozenset({"le", "la", "les", "un", "une", "des"}),
    "es": frozenset({"el", "la", "los", "las", "un", "una", "unos", "unas"}),
    "it": frozenset({"il", "lo", "la", "i", "gli", "le", "un", "uno", "una"}),
    "pt": frozenset({"o", "a", "os", "as", "um", "uma", "uns", "umas"}),
    "nl": frozenset({"de", "het", "een"}),
    "sv": frozenset({"en", "ett"}),
    "da": frozenset({"en", "et"}),
    "nb": frozenset({"en", "ei", "et"}),
}
ELIDED = {"fr": ("l'",), "it": ("l'", "un'")}
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
_INNER = frozenset(".,:'@_·")
_TRAILING = frozenset("+#")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|resp|no|fig|mr|mrs|ms|dr|prof|st|z\.B|d\.h|u\.a|bzw|ca|p\.ej)\.$", re.I
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+(?=\S)|(?<=[。！？｡։؟।॥])[”’」』）]*\s*(?=\S)|\n\s*\n|\n(?=\s*[-*•]\s)"
)


def is_unspaced(character: str) -> bool:
    """Tell whether a character belongs to a script that writes no blanks between words."""
    code = ord(character)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _UNSPACED)


def _stands_alone(character: str) -> bool:
    return is_unspaced(character) and unicodedata.category(character)[0] in "LMN"


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _joins(text: str, index: int) -> bool:
    """A mark inside a word (3.14, os.path, don't, user@host) belongs to it; the same mark at its edge does not.

    A character of a script without blanks is a word of its own, so a mark beside one is at an edge.
    """
    return (
        text[index] in _INNER
        and 0 < index < len(text) - 1
        and _is_word(text[index - 1])
        and _is_word(text[index + 1])
        and not is_unspaced(text[index - 1])
        and not is_unspaced(text[index + 1])
        and not (text[index] in ",:" and not (text[index - 1].isdigit() and text[index + 1].isdigit()))
    )


@functools.lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in any language: case folded, compatibility forms unified, no punctuation.

    Words keep what tells answers apart: combining marks, decimal points, version numbers, apostrophes and the signs of
    `C++` and `C#`. In scripts without blanks between words (Chinese, Japanese, Thai …) every character with its marks
    is a word. A text of nothing but symbols gives its symbols, so that `//` and `/` differ.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = folded.replace("’", "'").replace("ʼ", "'")
    found: list[str] = []
    word = ""
    for index, character in enumerate(folded):
        if _stands_alone(character):
            # a mark belongs to what stands directly before it, if that is a word of its own
            if unicodedata.category(character)[0] == "M" and index and _stands_alone(folded[index - 1]):
                found[-1] += character
                continue
            found += [word, character] if word else [character]
            word = ""
        elif _is_word(character) or _joins(folded, index) or (character in _TRAILING and word):
            word += character
        elif word:
            found.append(word)
            word = ""
    if word:
        found.append(word)
    return tuple(found) or tuple(character for character in folded if not character.isspace())


def language_of(reference: str, language: str | None = None) -> str:
    """Return the code of the language in which answers are compared with a reference.

    One that is not known is taken for English, as the SQuAD evaluation does, provided that the reference is written in
    ASCII; otherwise it is the empty string, which has no articles. It goes by the reference alone, so that both texts
    lose their articles or neither does.
    """
    return (language or ("en" if reference.isascii() else "")).lower().replace("_", "-").split("-")[0]


def answer_words(text: str, code: str) -> tuple[str, ...]:
    """Return the words by which an answer is compared: `words` without the articles of a language (`language_of`).

    An answer that is nothing but articles keeps them.
    """
    found = words(text)
    articles = ARTICLES.get(code, frozenset())
    elided = ELIDED.get(code, ())
    kept = tuple(_without_elision(word, elided) for word in found if word not in articles)
    return kept or found


def _without_elision(word: str, elided: tuple[str, ...]) -> str:
    for prefix in elided:
        if word.startswith(prefix) and len(word) > len(prefix):
            return word[len(prefix) :]
    return word


def normalised(text: str, code: str) -> str:
    """Return the form in which two answers of a language are equal for exact match."""
    return " ".join(answer_words(text, code))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in order and as written; paragraphs and list items end sentences too."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        before = text[start : end.start()]
        blank_line = "\n" in end.group()
        if not blank_line and _ABBREVIATION.search(before.rstrip("\"'”’)]")):
            continue
        if before.strip():
            found.append((before + end.group().rstrip()).strip() if not blank_line else before.strip())
        start = end.end()
    if text[start:].strip():
        found.append(text[start:].strip())
    return found
