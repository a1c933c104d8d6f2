# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Names of people, offline, by lists of given names and surnames and by what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.common_words import common_words, starts_sentence
from pipeline.prepare.privacy.name_patterns import LOWER, NO_NAMES, PARTICLE, UPPER, WORD, is_public, is_thing
from pipeline.prepare.privacy.recogniser import Recogniser, Span

_WEAK_CUE = re.compile(
    r"(?:\b(?:I am|I'm|I’m|this is|ich bin|hier ist|je suis|soy|sono|ik ben|jestem|by|from|with|to|ask(?:ed)?|told|tell|call(?:ed)?|contact(?:ed)?|email(?:ed)?|"
    r"e-mailed|meet|met|cc|for|colleague|coworker|manager|boss|wife|husband|partner|friend|brother|sister|son|daughter|mother|father|customer|user|client|"
    r"employee|agent|technician|and|von|mit|an|bei|par|avec|con|por|da|door|od) |@)$",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"(?:['’]s (?:account|order|e-?mail|phone|number|address|profile|laptop|computer|ticket|request|password|team|subscription|machine|birthday|contract)|"
    r" (?:said|says|told|wrote|asked|asks|called|calls|answered|replied|confirmed|reported|reports|informed|helped|works|lives|has|had|needs|cannot|can't|is on|hat|a dit|dijo))\b"
)
_PART = rf"(?:{WORD}|[A-ZÀ-Þ](?!\w))"
# Before or behind a name, these make it one of a place, a saint or an organisation.
_NAMED_AFTER = re.compile(
    r"(?:\b(?:San|Santa|Santo|St\.?|Saint|Sainte|Sankt|São|Sant['’]|Queen|King|Pope|Prince|Princess|Emperor|Lake|Mount|Port|Fort|Casa|Villa|Hotel|Café|The) |[-–])$"
)
_NEXT_WORDS = re.compile(rf"(?:['’]s?)?((?: [{UPPER}][{LOWER}]+){{1,2}})")
_RUN = re.compile(rf"{WORD}(?: (?:{PARTICLE} )?{_PART}){{0,4}}(?![\w@])")
_NAME_WORD = re.compile(_PART)
# Initials before a given name; behind another capitalised word they may end a sentence ("appendix A. Maria says").
_INITIALS_BEFORE = re.compile(
    r"(?:^|[\n,;:(\[\"“«–—]\s?|\b(?:[Bb]y|[Ff]rom|[Ww]ith|[Tt]o|[Aa]nd|or|for|of|thanks|Thanks|Dr\.|Mr\.|Mrs\.|Ms\.|Prof\.) )((?:[A-ZÀ-Þ]\. ?){1,3})\Z"
)
_BINDING = frozenset("@/.'’#:-_")
_CAPITAL = re.compile(rf"[{UPPER}][\w'’-]+")
_SURNAME_FIRST = re.compile(rf"\b({WORD}), ({WORD})\b")
_INITIAL = re.compile(rf"(?<![\w.])(?:[A-ZÀ-Þ]\. ?){{1,3}}(?:{PARTICLE} )?([A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-ZÀ-Þ][a-zà-ÿ]+)?)\b")


class ListedPersonRecogniser(Recogniser):
    """A listed given name with a surname, or alone where what stands around it speaks of a person."""

    entity = "PERSON_LISTED"
    tag = "PERSON"
    guard = ""

    def worth(self, texts: pa.Array) -> npt.NDArray[np.bool_]:
        """Tell which texts have a listed name in them."""
        given, ambiguous, surnames = _spelt(names.given()), _spelt(names.ambiguous()), _spelt(names.surnames())

        def has_name(text: str) -> bool:
            words = _CAPITAL.findall(text)
            if not given.isdisjoint(words):
                return True
            if surnames.isdisjoint(words):
                return False
            return not ambiguous.isdisjoint(words) or _INITIAL.search(text) is not None

        return np.array([text is not None and has_name(text) for text in texts.to_pylist()], bool)

    def find(self, text: str) -> Iterator[Span]:
        """Yield listed names."""
        given, ambiguous, surnames = names.given(), names.ambiguous(), names.surnames()
        known = _known()
        end, with_surname = 0, False
        for word in _CAPITAL.finditer(text):
            if known.isdisjoint((word[0],)):
                continue
            first = names.folded(word[0])
            with_surname |= first in surnames
            if word.start() < end or not (first in given or first in ambiguous):
                continue
            run = _RUN.match(text, word.start())
            if run is None or text[max(0, word.start() - 1) : word.start()] in _BINDING:
                continue
            words = list(_NAME_WORD.finditer(run[0]))
            last = _surname_after(text, words, sure=first in given)
            end = word.start() + words[last].end()
            if _is_named_after(text, word.start(), end):
                continue
            start = _with_initials(text, word.start())
            if last and not _is_initial(words[last][0]):
                yield Span(start, end, 0.75)
            elif first in given and _is_person(text, start, end):
                yield Span(start, end, 0.6)
        if with_surname:
            yield from _by_surname(text)


def _is_named_after(text: str, start: int, end: int) -> bool:
    """Tell whether what stands at a place is called like a person but is a place, an organisation or a brand."""
    # the full stop of an initial may end the sentence
    following = _NEXT_WORDS.match(text, end) if text[end - 1] != "." else None
    if following and is_thing(f"x{following[1]}"):
        return True
    return is_public(text[start:end]) or bool(_NAMED_AFTER.search(text[max(0, start - 10) : start]))


@cache
def _spelt(listed: frozenset[str]) -> _Spellings:
    return _Spellings(listed)


@cache
def _known() -> _Spellings:
    return _Spellings(names.given() | names.ambiguous() | names.surnames())


class _Spellings:
    """Tells quickly whether one of many words is a listed name; only words with accents cost more."""

    def __init__(self, listed: frozenset[str]) -> None:
        self._plain = frozenset(name.title() for name in listed) | {name.capitalize() for name in listed}
        self._listed = listed

    def isdisjoint(self, words: Sequence[str]) -> bool:
        if not self._plain.isdisjoint(words):
            return False
        return not any(
            names.folded(word) in self._listed for word in words if "-" in word or "'" in word or not word.isascii()
        )


def _by_surname(text: str) -> Iterator[Span]:
    for found in _INITIAL.finditer(text):
        if names.folded(found[1]) in names.surnames():
            yield Span(found.start(), found.end(), 0.65)
    for found in _SURNAME_FIRST.finditer(text):
        if names.folded(found[1]) in names.surnames() and names.folded(found[2]) in names.given():
            yield Span(found.start(), found.end(), 0.7)


def _surname_after(text: str, words: list[re.Match[str]], *, sure: bool) -> int:
    """Return the place of the last word that belongs to the name that starts with the first of these.

    Initials may stand between (`Jane Q. R. Doe`), and behind a sure given name the first word that is no common one is
    the surname, whether listed or not. A name may also end with an initial (`Jane D.`).
    """
    last, known = 0, False
    for place, found in enumerate(words[1:5], start=1):
        word = found[0].rstrip(".")
        folded = names.folded(word)
        known = folded in names.surnames()
        initial = _is_initial(found[0])
        if initial and not found[0].endswith(".") and word in ("I", "A"):
            break  # the words, not initials
        between = [names.folded(other[0]) for other in words[1:place]]
        follows_given = (
            sure
            and all(_is_initial(other) or other in names.given() for other in between)
            and _may_be_surname(text, word, first=not between)
        )
        if not (known or initial or folded in names.given() or follows_given):
            break
        last = place
        if known:
            break
    while last > 1 and _is_initial(words[last][0]) and not _is_initial(words[last - 1][0]):
        last -= 1  # behind a surname a single letter is something else
    return last if sure or known else 0


def _may_be_surname(text: str, word: str, *, first: bool) -> bool:
    if word.lower() in NO_NAMES:
        return False
    # The full stop of an initial could also end the sentence.
    return first or not (starts_sentence(word) or word.lower() in common_words(text))


def _is_initial(word: str) -> bool:
    return len(word.rstrip(".")) == 1


def _with_initials(text: str, start: int) -> int:
    """Return where a name starts whose given name starts here, with the initials before it (`J. Peter Doe`)."""
    before = _INITIALS_BEFORE.search(text[max(0, start - 20) : start])
    return start - len(before[1]) if before else start


def _is_person(text: str, start: int, end: int) -> bool:
    """Tell whether what stands around a single given name speaks of a person."""
    return bool(_ACTS.match(text, end)) or bool(_WEAK_CUE.search(text[max(0, start - 14) : start]))
