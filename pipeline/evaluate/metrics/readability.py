"""How easy answers are to read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import PerAnswer
from pipeline.evaluate.syllables import syllables
from pipeline.evaluate.text import sentences

# base - sentence weight x words per sentence - syllable weight x syllables per word
FLESCH = {
    "en": (206.835, 1.015, 84.6),  # Flesch 1948
    "de": (180.0, 1.0, 58.5),  # Amstad 1978
    "es": (206.84, 1.02, 60.0),  # Fernández Huerta 1959
    "fr": (207.0, 1.015, 73.6),  # Kandel and Moles 1958
    "it": (217.0, 1.3, 60.0),  # Vacca and Franchina 1972
    "nl": (206.835, 0.93, 77.0),  # Douma 1960
    "ru": (206.835, 1.3, 60.1),  # Oborneva 2006
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
COMPLEX_SYLLABLES = 3


@dataclass(frozen=True, slots=True)
class Counts:
    """Sentences, words, syllables, and words of three and more syllables."""

    sentences: int
    words: int
    syllables: int
    complex_words: int


def counted(text: str, language: str) -> Counts | None:
    """Count a text outside its code; None without a word or without syllable rules for the language."""
    prose = _CODE.sub(" ", text)
    found = _WORD.findall(prose)
    sounds = [syllables(re.sub(r"['’]", "", word).lower(), language) for word in found]
    known = [sound for sound in sounds if sound is not None]
    if not known:
        return None
    spoken = max(1, sum(bool(_WORD.search(sentence)) for sentence in sentences(prose)))
    return Counts(spoken, len(known), sum(known), sum(sound >= COMPLEX_SYLLABLES for sound in known))


def code_of(language: str | None) -> str:
    """Return the two-letter code of a language; a text of unknown language is taken as English."""
    return (language or "en").lower().replace("_", "-").split("-")[0]


class FleschReadingEase(PerAnswer):
    """Flesch's reading ease with the published weights of each language."""

    name = "flesch_reading_ease"
    title = "Flesch reading ease"
    group = "style"
    measures = (
        "Ease of reading from sentence and word length: 60 to 70 is plain English, below 30 is hard; code left out"
    )
    source = (
        "Flesch 1948; German Amstad 1978, Spanish Fernández Huerta 1959, French Kandel and Moles 1958, Italian Vacca "
        "and Franchina 1972, Dutch Douma 1960, Russian Oborneva 2006"
    )
    higher_is_better = None
    range = (float("-inf"), 217.0)
    unit = "points"

    def applies(self, outcome: Outcome) -> bool:
        """Only where the language has published weights and the answer has words."""
        code = code_of(outcome.example.language)
        return code in FLESCH and counted(outcome.prediction, code) is not None

    def score(self, outcome: Outcome) -> float:
        """Return the reading ease of the answer."""
        code = code_of(outcome.example.language)
        counts = counted(outcome.prediction, code)
        if counts is None:
            return float("nan")
        base, per_sentence, per_word = FLESCH[code]
        return base - per_sentence * counts.words / counts.sentences - per_word * counts.syllables / counts.words


class GunningFog(PerAnswer):
    """Gunning's fog index."""

    name = "gunning_fog"
    title = "Gunning fog"
    group = "style"
    measures = "Years of schooling needed: 0.4 x (words per sentence + percentage of words of three and more syllables)"
    source = "Gunning 1952, without his exceptions for names, compounds and inflections; English answers only"
    higher_is_better = None
    range = (0.0, float("inf"))
    unit = "years"

    def applies(self, outcome: Outcome) -> bool:
        """Only for English: the index was fitted to it."""
        return code_of(outcome.example.language) == "en" and counted(outcome.prediction, "en") is not None

    def score(self, outcome: Outcome) -> float:
        """Return the fog index of the answer."""
        counts = counted(outcome.prediction, "en")
        if counts is None:
            return float("nan")
        return 0.4 * (counts.words / counts.sentences + 100 * counts.complex_words / counts.words)
