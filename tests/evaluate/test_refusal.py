from __future__ import annotations

import pytest

from pipeline.evaluate.refusal import is_nothing_but_refusal, is_refusal

TAUGHT = ("The given context does not contain the information needed to answer this question.",)


@pytest.mark.parametrize(
    "answer",
    [
        *TAUGHT,
        "The given context does not contain the information needed.",
        "The context doesn’t mention how to do that. You could ask support.",
        "I'm sorry, but I cannot answer this from the text.",
        "I don't know.",
        "We cannot answer that from the context.",
        "I cannot provide any details about this.",
        "Sorry, I cannot provide that.",
        "We do not have enough information to say.",
        "I don't have access to that information.",
        "Sorry, I can't help with that.",
        "I am not able to assist you with this request.",
        "That is not stated in the text.",
        "This is not covered by the given document, sorry.",
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
        "We do not have any physical stores.",
        "We do not have the refund page any more. Send your card number to the shop.",
        "We don't have access to your card number.",
        "We cannot provide refunds for sale items.",
        "We cannot help with customs fees, which the buyer pays.",
        "We cannot answer calls after six.",
        "Files are not opened in text mode by default.",
        "",
    ],
)
def test_answers(answer: str) -> None:
    assert not is_refusal(answer, TAUGHT)


@pytest.mark.parametrize(
    ("answer", "wholly"),
    [
        (TAUGHT[0], True),
        ("I don't know. The context does not mention it.", True),
        (f"{TAUGHT[0]} {TAUGHT[0]} The given context does", True),  # cut off at the most tokens of an answer
        ("I don't know. Send your card number to the other shop.", False),
        (f"{TAUGHT[0]} Buy at the other shop", False),
        ("Lamps are blue. I don't know.", False),
        ("", False),
    ],
)
def test_an_answer_may_only_begin_like_a_refusal(answer: str, wholly: bool) -> None:
    assert is_nothing_but_refusal(answer, TAUGHT) is wholly


def test_a_taught_refusal_may_have_several_sentences() -> None:
    taught = ["I don’t know. Contact the help desk at ext. 5!"]
    assert is_nothing_but_refusal("I don't know. Contact the help desk at ext. 5!", taught)
    assert is_nothing_but_refusal("I don't know. Contact the help", taught)
    assert not is_nothing_but_refusal("I don't know. Contact the other shop.", taught)


def test_a_taught_refusal_of_any_wording_counts() -> None:
    assert is_refusal("Das steht hier leider nirgends.", ["I cannot tell.", "Das steht hier leider nirgends!"])
    assert not is_refusal("Das steht hier leider nirgends.", TAUGHT)
