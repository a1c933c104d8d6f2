from __future__ import annotations

from pipeline.publish.ask import best


def test_the_passage_that_fits_the_question_is_taken() -> None:
    passages = ["Items can be returned within 30 days.", "Invoices are sent by e-mail.", "Shipping takes two days."]
    assert best("How long does shipping take?", passages) == passages[2]
    assert best("When can items be returned?", passages) == passages[0]


def test_of_equals_the_first_is_taken() -> None:
    assert best("nothing fits", ["a b", "c d"]) == "a b"
