from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.evaluate.text import normalised, sentences, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat, sat!", ("the", "cat", "sat")),
        ("C++ and C# beat C", ("c++", "and", "c#", "beat", "c")),
        ("version 3.11.2, or 1,000 items", ("version", "3.11.2", "or", "1,000", "items")),
        ("don’t", ("don't",)),
        ("os.path and user@host.org", ("os.path", "and", "user@host.org")),
        ("Straße GROẞ", ("strasse", "gross")),
        ("हिन्दी में लिखें", ("हिन्दी", "में", "लिखें")),  # vowel signs are marks, which \w does not match
        ("東京タワー", ("東", "京", "タ", "ワ", "ー")),
        ("ภาษาไทย", ("ภ", "า", "ษ", "า", "ไ", "ท", "ย")),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", ("full", "width")),
        ("//", ("/", "/")),
        ("0'東'0", ("0", "東", "0")),
        ("  ", ()),
    ],
)
def test_words_of_every_script(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("The project folder.", "project folder", "en"),
        ("Der Projektordner", "projektordner!", "de"),
        ("L'eau", "eau", "fr"),
        ("Папка проекта.", "папка проекта", "ru"),
        ("プロジェクト・フォルダー。", "プロジェクトフォルダー", "ja"),
        ("مجلد المشروع.", "مجلد المشروع", "ar"),
        ("cafe\u0301", "café", "fr"),
    ],
)
def test_equal_answers_have_one_form(first: str, second: str, language: str) -> None:
    assert normalised(first, language) == normalised(second, language)


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("C", "C++", "en"),
        ("3.11", "3.1.1", "en"),
        ("19.95", "1995", "en"),
        ("/", "//", "en"),
        ("नहीं", "नही", "hi"),
        ("die", "der Hund", "de"),
        ("は", "が", "ja"),
    ],
)
def test_different_answers_keep_different_forms(first: str, second: str, language: str) -> None:
    assert normalised(first, language) != normalised(second, language)


def test_an_article_of_another_language_is_a_word() -> None:
    assert normalised("die now", "en") == "die now"
    assert normalised("a", "en") == "a"


@given(st.text(max_size=80))
@example("0@က")
@example("a 中.w")
@example("a ั")
@example("A་ั")
def test_normal_form_is_stable(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


def test_sentences_keep_versions_abbreviations_and_lists_whole() -> None:
    text = "Use Python 3.11, e.g. the one of Debian. It works! 是的。没有。\n\n- first item\n- second item"
    assert sentences(text) == [
        "Use Python 3.11, e.g. the one of Debian.",
        "It works!",
        "是的。",
        "没有。",
        "- first item",
        "- second item",
    ]


@given(st.text(alphabet="ab .!?\n。\"'", max_size=60))
def test_sentences_lose_no_words(text: str) -> None:
    # A mark that stands alone counts as a word only beside the marks that it stood beside, so letters are compared.
    assert _with_letters(words(" ".join(sentences(text)))) == _with_letters(words(text))


def _with_letters(found: tuple[str, ...]) -> list[str]:
    return [word for word in found if any(letter.isalnum() for letter in word)]
