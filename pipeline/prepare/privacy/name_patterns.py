# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What names look like, for the recognisers of people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.recogniser import Span

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĶĹĻĽĿŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽȘȚА-ЯЁІЇЄҐΑ-ΩΆΈΉΊΌΎΏ"
LOWER = "a-zà-öø-ÿ\u0101-\u017fșț\u1ea1-\u1ef9а-яёіїєґά-ώΐΰ"
WORD = rf"(?:(?:Mc|Mac|O['’]|D['’]|L['’])?[{UPPER}](?:[{LOWER}]+|\.)(?:[-'’][{UPPER}][{LOWER}]+)*)"
PARTICLE = r"(?:van der|van den|van de|von der|van|von|zu|de la|de los|del|de|da|dos|do|di|der|den|ter|ten|al|el|bin|ibn|le|la|y|e|Ní|Ó|af|av)"
NO_NAMES = names.never()
"""What stands in a name's place but is none."""
_INITIAL_THEN = re.compile(rf"(?<= [{UPPER}]\.) (\w+)")
_MADE_WORD = re.compile(r"\w{3,}(?:tion|tions|ment|ments|ware|ness|ings|ages|ities|ability)")

_OF_SOMEBODY = re.compile(
    r"\b(?:mr|mrs|ms|miss|dr|prof|he|she|him|his|her|hers|who|colleague|coworker|manager|boss|wife|husband|partner|friend|brother|sister|son|daughter|mother|father|mum|mom|dad|tenant|patient"
    r"|employee|nurse|doctor|lawyer|teacher|student|assistant|secretary|receptionist|landlord|neighbou?r|in person|mobile|cell)\b|[\w-]@[\w-]",
    re.IGNORECASE,
)
_SENTENCE = 120
"""Characters at each side of a name in which its sentence is looked at."""


def is_thing(name: str) -> bool:
    """Tell whether a phrase names a thing, an organisation or a place: one of its words is one, and no surname."""
    words = [names.folded(word.strip(".,'’")) for word in name.split()]
    made = any(_MADE_WORD.fullmatch(word) or word in names.things() for word in words)
    return made and names.surnames().isdisjoint(words[1:])


def is_public(name: str) -> bool:
    """Tell whether a name starts with that of a brand or a public figure."""
    words = [names.folded(word.strip(".,'’")) for word in name.split()]
    return any("_".join(words[:number]) in names.public() for number in (2, 3))


class Cue(Enum):
    """What a phrase stands beside, from what only a person has to what companies and products have just as often."""

    HUMAN = "human"
    """my wife, patient, was born"""
    DEED = "deed"
    """spoke to, cannot log in: a phrase that starts with the name of a brand is none"""
    ROLE = "role"
    """driver, client: a phrase with a word of brands is none"""
    ADDED = "added"
    """add … to: things are, too, that are called like people (Ginger Paste)"""
    DEALING = "dealing"
    """approved by, contact: a word must be on the lists, or the sentence must speak of a person otherwise"""


def may_be_person(text: str, start: int, end: int, cue: Cue) -> bool:
    """Tell whether a phrase behind such a cue is rather a person than a company, a product or an authority."""
    words = [names.folded(word.strip(".,'’")) for word in text[start:end].split()]
    if cue is Cue.HUMAN or words[0] in names.given():
        return True
    brands = names.organisations()
    if cue is not Cue.ADDED and words[0] in names.ambiguous() and words[0] not in brands:
        return True
    if not brands.isdisjoint(words[:1] if cue is Cue.DEED else words):
        return False
    if cue is not Cue.DEALING or not names.surnames().isdisjoint(words[1:]):
        return True
    if words[0] in names.surnames_first() or (words[0] in names.surnames() and any(map(_is_given, words[1:]))):
        return True  # the order in which Chinese, Korean and Vietnamese names are written
    first, last = max(0, start - _SENTENCE), end + _SENTENCE
    before = max(text.rfind("\n", first, start), text.rfind(". ", first, start), first)
    ends = [place for place in (text.find("\n", end, last), text.find(". ", end, last)) if place >= 0]
    return bool(_OF_SOMEBODY.search(text, before, start) or _OF_SOMEBODY.search(text, end, min([*ends, last])))


def _is_given(word: str) -> bool:
    return word in names.given() or word in names.ambiguous()


def named(text: str, start: int, end: int, score: float, *, private: bool = False) -> Iterator[Span]:
    """Yield the name at a place that a cue points to, up to the first word that can be none.

    Names of brands and public figures are left out unless they start like a person's and the cue says that it is a
    private one's (`private`).
    """
    kept = start
    ended = _INITIAL_THEN.search(text, start, end)
    if ended and ended[1].lower() in NO_NAMES:
        end = ended.start(1) - 1  # the full stop ends the sentence too
    if is_thing(text[start:end]):
        return
    for word in re.finditer(r"\S+", text[start:end]):
        plain = word[0].strip(".,'’")
        initial = len(plain) == 1 and word[0].endswith(".")
        if plain[:1].isupper() and not initial and (plain.lower() in NO_NAMES or not plain):
            break
        kept = start + word.end()
    value = text[start:kept]
    value = re.sub(rf"(?: {PARTICLE})+$", "", value)
    if len(value) > 1 and not value.isupper():
        # A full stop after a word of letters ends the sentence, not the name.
        trimmed = value.rstrip(".") if len(value.rstrip(".").split()[-1]) > 2 else value
        if (private and _is_given(names.folded(trimmed.split()[0]))) or not is_public(trimmed):
            yield Span(start, start + len(trimmed), score)
