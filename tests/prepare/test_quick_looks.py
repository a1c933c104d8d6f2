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

PEOPLE = [
    "_CUES",
    "_TITLE",
    "_LABEL",
    "_DEEDS",
    "_BY",
    "_ASKED",
    "_CLOSING",
    "_GREETING",
    "_BEFORE_ADDRESS",
    "_JAPANESE",
]
LONGEST_WORD = 20
CASES: list[tuple[Recogniser, str, re.Pattern[str]]] = [
    *((person.PersonRecogniser(), name, getattr(person, name)) for name in PEOPLE),
    *((address.AddressRecogniser(), name, getattr(address, name)) for name in ("_ENGLISH", "_FRENCH", "_SOUTHERN")),
    *((address.AddressRecogniser(), str(number), pattern) for number, pattern in enumerate(address._PATTERNS)),
]


def in_ascii_digits(text: str) -> str:
    """Return a text with ASCII's digits: quick looks know no others."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)


@pytest.mark.parametrize(
    ("recogniser", "pattern"), [(one, made) for one, _, made in CASES], ids=[name for _, name, _ in CASES]
)
def test_what_a_pattern_finds_is_seen_before(recogniser: Recogniser, pattern: re.Pattern[str]) -> None:
    texts: list[str] = []

    @examples(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern))
    def made(text: str) -> None:
        texts.append(in_ascii_digits(text).encode("utf-8", "ignore").decode())

    made()
    matched = [text for text in texts if max(map(len, text.split())) <= LONGEST_WORD and pattern.search(text)]
    assert len(matched) > 10
    seen = recogniser.worth(pa.array(matched, pa.string())).tolist()
    assert not [text for text, look in zip(matched, seen, strict=True) if not look and list(recogniser.find(text))]
