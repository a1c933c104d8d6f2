from __future__ import annotations

import pytest

from pipeline.errors import SettingsError
from pipeline.evaluate.refusal import is_refusal
from pipeline.prepare.language import detect
from pipeline.prepare.stage import parameters
from pipeline.refusal_texts import BUILT_IN, ENGLISH, RefusalTexts
from pipeline.settings import PrepareSettings, load


@pytest.mark.parametrize("language", BUILT_IN)
def test_each_built_in_sentence_is_of_its_language_and_told_as_a_refusal(language: str) -> None:
    assert detect(BUILT_IN[language], None) == language
    assert is_refusal(BUILT_IN[language])


def test_a_sentence_by_language() -> None:
    texts = RefusalTexts("No.", {"pt": "Não.", "de": "Nein."})
    assert [texts.of(code) for code in ("pt", "pt-BR", "PT_br", "de", "fr", "und", None)] == [
        "Não.", "Não.", "Não.", "Nein.", "No.", "No.", "No.",
    ]  # fmt: skip
    assert texts.every() == ("No.", "Nein.", "Não.")
    assert RefusalTexts("No.", {"es": "No."}).every() == ("No.",)


def test_a_wording_of_ones_own_is_for_all_languages_unless_it_is_translated() -> None:
    assert PrepareSettings().refusals() == RefusalTexts(ENGLISH, dict(BUILT_IN))
    assert PrepareSettings(refusal_text="Weiß ich nicht.").refusals() == RefusalTexts("Weiß ich nicht.")
    own = PrepareSettings(refusal_text="No idea.", refusal_texts={"de": "Keine Ahnung."})
    assert own.refusals() == RefusalTexts("No idea.", {"de": "Keine Ahnung."})
    assert PrepareSettings(refusal_texts={}).refusals() == RefusalTexts(ENGLISH)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"refusal_texts": {"German": "Nein."}}, "'German' is no language code"),
        ({"refusal_texts": {"de": " "}}, "the sentence for 'de' is empty"),
        ({"refusal_text": ""}, "refusal_text"),
    ],
)
def test_what_cannot_be_a_refusal_is_said(given: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(prepare=given)


def test_what_is_taught_decides_whether_rows_are_prepared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = parameters(PrepareSettings())
    assert parameters(PrepareSettings(refusal_texts=dict(BUILT_IN))) == plain
    assert parameters(PrepareSettings(refusal_text="No.")) != plain
    monkeypatch.setattr("pipeline.settings.data.BUILT_IN", {**BUILT_IN, "de": "Das steht nicht da."})
    assert parameters(PrepareSettings()) != plain
