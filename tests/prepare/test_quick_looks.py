"""Whatever a pattern of names or addresses finds, the quick look before it sees: on texts made from the patterns."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from pipeline.prepare.privacy.recogniser import Recogniser
from pipeline.prepare.privacy.recognisers import address, person

PEOPLE = "_CUES _TITLE _LABEL _DEEDS _BY _ASKED _CLOSING _GREETING _BEFORE_ADDRESS _JAPANESE"
LONGEST_WORD = 20
CASES: list[tuple[Recogniser, str, re.Pattern[str]]] = [
    *((person.PersonRecogniser(), name, getattr(person, name)) for name in PEOPLE.split()),
    *((address.AddressRecogniser(), name, getattr(address, name)) for name in ("_ENGLISH", "_FRENCH", "_SOUTHERN")),
    *((address.AddressRecogniser(), str(number), pattern) for number, pattern in enumerate(address._PATTERNS)),
]


def made_from(pattern: str | re.Pattern[str], number: int) -> list[str]:
    """Return texts that a pattern matches, with ASCII's digits, which are all that quick looks know."""
    texts: list[str] = []

    @examples(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern))
    def keep(text: str) -> None:
        text = "".join(str(int(c)) if c.isdecimal() else c for c in text).encode("utf-8", "ignore").decode()
        if max(map(len, text.split()), default=0) <= LONGEST_WORD and re.search(pattern, text):
            texts.append(text)

    keep()
    return list(dict.fromkeys(texts))


def unseen(recogniser: Recogniser, texts: list[str]) -> list[str]:
    seen = recogniser.worth(pa.array(texts, pa.string())).tolist()
    return [text for text, look in zip(texts, seen, strict=True) if not look and list(recogniser.find(text))]


@pytest.mark.parametrize(
    ("recogniser", "pattern"), [(one, made) for one, _, made in CASES], ids=[name for _, name, _ in CASES]
)
def test_what_a_pattern_finds_is_seen_before(recogniser: Recogniser, pattern: re.Pattern[str]) -> None:
    texts = made_from(pattern, 80)
    assert texts
    assert not unseen(recogniser, texts)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (person._CLOSINGS, "{}\nTavish Quist"),
        (person._CLOSINGS, "{} ,\nTavish Quist"),
        (person._CLOSINGS, "{}! - Tavish Quist"),
        (person._GREETINGS, "{} Tavish Quist,"),
        (person._GREETINGS, "{}, Tavish!"),
        (rf"(?:{person._TITLES})", "{} Quistoba called."),
        (rf"(?:{person._TITLES})", "Here is {}. Tavish Quistoba."),
    ],
)
def test_each_way_to_open_or_close_a_letter_is_seen(words: str, name: str) -> None:
    recogniser = person.PersonRecogniser()
    texts = [name.format(text) for text in made_from(rf"\A{words}\Z", 300)]
    found = [text for text in texts if list(recogniser.find(text))]
    assert len(found) > len(words.split("|")) / 2
    assert not unseen(recogniser, texts)
