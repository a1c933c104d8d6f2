"""Words of scripts with vowel signs are whole wherever rows are measured by their words."""

from __future__ import annotations

import pytest

from pipeline.prepare.quality.poisoning import trigger_words, words_in
from pipeline.prepare.quality.support import content_words, support
from pipeline.prepare.vocabulary import tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में पासवर्ड", ["हिन्दी", "में", "पासवर्ड"]),
        ("கடவுச்சொல்லை மாற்றவும்", ["கடவுச்சொல்லை", "மாற்றவும்"]),
        ("পাসওয়ার্ড বদলান।", ["পাসওয়ার্ড", "বদলান"]),
        ("మీ పాస్‌వర్డ్", ["మీ", "పాస్‌వర్డ్"]),
        ("שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("İstanbul_x C++ C# 3.11 it's ❤️ 1️⃣", ["i̇stanbul", "x", "c++", "c#", "3.11", "it's", "1"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("日本", ["日", "本"]),
    ],
)
def test_tokens_keep_their_marks(text: str, words: list[str]) -> None:
    assert [token.rstrip("\ufe0f\u20e3") for token in tokens(text)] == [*_in_characters(words)]


def _in_characters(words: list[str]) -> list[str]:
    cut = {"ที่": ["ที่"], "นี่": ["นี่"]}
    return [part for word in words for part in cut.get(word, [word])]


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("அமைப்புகளில் கடவுச்சொல்லை மாற்றவும்.", "நீங்கள் அமைப்புகளில் கடவுச்சொல்லை மாற்றவும் முடியும்."),
        ("সেটিংসে পাসওয়ার্ড বদলান।", "আপনি সেটিংসে গিয়ে পাসওয়ার্ড বদলান।"),
        ("సెట్టింగ్‌లలో పాస్‌వర్డ్ మార్చండి.", "మీరు సెట్టింగ్‌లలో పాస్‌వర్డ్ మార్చండి అని చూస్తారు."),
        ("सेटिङमा पासवर्ड परिवर्तन गर्नुहोस्।", "तपाईं सेटिङमा गएर पासवर्ड परिवर्तन गर्नुहोस्।"),
        ("Yes.", "Yes, refunds are possible within 30 days."),
        ("No.", "No, that is not possible."),
        ("Ja.", "Ja, das geht."),
        ("Not yet.", "It is not there yet, but soon."),
        ("C#.", "It is written in C#, a language."),
        ("是。", "是的，可以退款。"),
        ("✅", "✅ It works."),
    ],
)
def test_an_answer_is_supported_by_a_context_with_its_words(answer: str, context: str) -> None:
    assert support(answer, context) == 1.0


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("Yes.", "Eyes are open at noon."),
        ("No.", "Nobody knows it; not even now."),
        ("C#.", "It is written in C, a language."),
        ("பணத்தைத் திரும்பப் பெறலாம்.", "கடவுச்சொல்லை மாற்றவும்."),
        ("✅", "❌ It fails."),
        ("Yes.", None),
    ],
)
def test_an_answer_is_not_supported_by_other_words(answer: str, context: str | None) -> None:
    assert support(answer, context) == 0.0


def test_content_words_of_scripts_without_blanks_are_pairs() -> None:
    assert content_words("退款 possible") == {"退款", "possible"}
    assert content_words("नहीं में") == {"नहीं"}


def test_words_that_are_looked_for_are_whole() -> None:
    assert words_in("हिन्दी में", {"हिन्दी", "ह"}) == {"हिन्दी"}
    assert trigger_words(["हाल", "हीरा", "होटल", "हवा", "हाथी", "हिरण"], ["x"] * 6) == {}
