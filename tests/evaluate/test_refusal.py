from __future__ import annotations

import pytest

from pipeline.evaluate.refusal import is_refusal

TAUGHT = ("The given context does not contain the information needed to answer this question.",)


@pytest.mark.parametrize(
    "answer",
    [
        *TAUGHT,
        "The given context does not contain the information needed.",
        "The context doesn’t mention how to do that. You could ask support.",
        "I'm sorry, but I cannot answer this from the text.",
        "I don't know.",
        "There is not enough information to answer the question.",
        "This is not mentioned in the provided passage.",
        "Der Kontext enthält nicht die nötigen Informationen.",
        "Le contexte ne contient pas cette information.",
        "El contexto no contiene la respuesta.",
        "Контекст не содержит ответа.",
        "上下文中没有相关信息。",
        "本文には記載されていません。",
    ],
)
def test_refusals(answer: str) -> None:
    assert is_refusal(answer, TAUGHT)


@pytest.mark.parametrize(
    "answer",
    [
        "The file does not contain a header.",
        "You cannot answer the call while the phone is locked.",
        "SQLite does not provide a network interface, so no server is needed.",
        "There is no such function; write one yourself.",
        "Use the context menu. The context does not contain the entry by default.",
        "Information about orders is kept for ten years.",
        "You do not need to know the password.",
        "",
    ],
)
def test_answers(answer: str) -> None:
    assert not is_refusal(answer, TAUGHT)


def test_a_taught_refusal_of_any_wording_counts() -> None:
    assert is_refusal("Das steht hier leider nirgends.", ["I cannot tell.", "Das steht hier leider nirgends!"])
    assert not is_refusal("Das steht hier leider nirgends.", TAUGHT)
