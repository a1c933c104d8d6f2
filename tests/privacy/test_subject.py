from __future__ import annotations

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.audit import AuditLog
from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.privacy.subject import ERASED, Subject, replaced
from pipeline.privacy.suppression import Suppressed, suppress

JANE = Subject.of(["jane.roe@example.org", "Jane Roe", "HELP-1", "https://x.example/faq#3", "Šárka Nová"])
NAMED = [
    "Write to jane.roe@example.org.",
    "JANE  ROE said so",
    "(Jane\nRoe)",
    "HELP-1",
    "as in HELP-1, and",
    "- HELP-1",
    "https://x.example/faq#3",
    "<a href='mailto:jane.roe@example.org'>",
    "šárka nová",
    *(f"Ask Jane{blank}Roe." for blank in "\u00a0\u202f\u2009\u3000\u2028\x0b\x1c\x85"),
    unicodedata.normalize("NFD", "Frag Šárka Nová."),
    "\u0160a\u0301rka\u00a0Nova\u0301",
]
OTHERS = [
    "HELP-12",
    "XHELP-1",
    "HELP-1-2",
    "a.jane.roe@example.org",
    "jane.roe@example.org.uk",
    "Jane Roes",
    "Mary-Jane Roe",
    "Jane. Roe",
    "Jane Roe\u0301",
    "Sarka Nova",
    "",
]


@pytest.mark.parametrize("text", NAMED)
def test_names_are_found_as_wholes_in_any_case(text: str) -> None:
    assert JANE.mentioned(text)
    assert pc.match_substring_regex(pa.array([text]), JANE.arrow_pattern)[0].as_py()
    assert ERASED in JANE.redacted(text)
    assert not JANE.mentioned(JANE.redacted(text))


@pytest.mark.parametrize("text", OTHERS)
def test_other_peoples_names_stay(text: str) -> None:
    assert not JANE.mentioned(text)
    assert not pc.match_substring_regex(pa.array([text]), JANE.arrow_pattern)[0].as_py()
    assert JANE.redacted(text) == text


def test_a_name_that_was_given_decomposed_is_found_in_both_forms(lake: Lake) -> None:
    name = unicodedata.normalize("NFD", "José Núñez")
    jose = Subject.of([name])
    for text in ("Frag José Núñez!", f"Frag {name}!"):
        assert jose.mentioned(text)
        assert jose.redacted(text) == f"Frag {ERASED}!"
        assert pc.match_substring_regex(pa.array([text]), jose.arrow_pattern)[0].as_py()
    plain = Subject.of(["Jose Nunez"])
    assert not plain.mentioned(name)
    assert not pc.match_substring_regex(pa.array([name]), plain.arrow_pattern)[0].as_py()
    digest = suppress(lake, "erasure-1", jose, [])
    audit = AuditLog(lake)
    audit.append("erasure_started", actor="officer", subject="erasure-1", data={"suppressed": digest})
    suppressed = Suppressed.load(lake, audit.trail())
    assert suppressed.hides("q", ["Frag José Núñez!"])
    assert suppressed.hides("q", [f"Frag {name}!"])
    assert not suppressed.hides("q", ["Frag Jose Nunez!"])


def test_neighbouring_names_are_all_redacted() -> None:
    assert JANE.redacted("Jane Roe Jane Roe, Jane Roe") == f"{ERASED} {ERASED}, {ERASED}"


def test_character_references_hide_nothing() -> None:
    assert JANE.mentioned("jane&#46;roe&#64;example.org")
    assert JANE.redacted("jane&#46;roe&#64;example.org") == ERASED


def test_a_name_that_would_match_everybody_is_refused() -> None:
    for names in (["Al"], [], ["Jane Roe", " "]):
        with pytest.raises(SettingsError, match="fewer than 4"):
            Subject.of(names)


def test_passages_are_replaced_in_html_too() -> None:
    assert replaced("<p>a &lt;b&gt; &amp; c</p> and a <b> & c", ["a <b> & c"]) == f"<p>{ERASED}</p> and {ERASED}"


def test_suppressed_subjects_are_recognised_but_cannot_be_read(lake: Lake) -> None:
    audit = AuditLog(lake)
    assert not Suppressed.load(lake, audit.trail())
    digest = suppress(lake, "erasure-1", JANE, ["q1"])
    kept = lake.read(lake.objects(lake.uri("privacy", "suppressed"))[0].uri).decode().casefold()
    assert "jane" not in kept
    assert "help" not in kept
    assert not Suppressed.load(lake, audit.trail()), "what nobody recorded hides nothing"
    audit.append("erasure_started", actor="officer", subject="erasure-1", data={"suppressed": digest})
    suppressed = Suppressed.load(lake, audit.trail())
    assert [len(entry.names) for entry in suppressed.entries] == [5]
    for text in NAMED:
        assert suppressed.hides("q9", [None, text]), text
    for text in OTHERS:
        if text not in ("Jane. Roe",):  # words are compared without the marks around them
            assert not suppressed.hides("q9", [text]), text
    assert suppressed.hides("q1", [])
