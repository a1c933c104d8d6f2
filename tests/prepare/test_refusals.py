from __future__ import annotations

from typing import Any

from pipeline.prepare.assemble import context_of_refusal
from pipeline.prepare.refusals import Lesson, lesson

ANSWER = "Press the blue button beside the display for five seconds."
OTHER = next(name for name in (f"q{n}" for n in range(1000)) if lesson(name, True) is Lesson.OTHER)


def row(name: str, context: str, **changed: Any) -> dict[str, Any]:
    usual = {"answer": ANSWER, "split": "train", "language": "en", "document_id": name, "cluster_id": name}
    return {"question_id": name, "context": context, **usual, **changed}


def test_a_refusal_is_never_taught_beside_a_passage_that_holds_the_answer() -> None:
    weak = row(OTHER, "Nothing about it.")
    telling = row("a", f"First of all: {ANSWER}")
    unrelated = row("b", "Invoices are sent at the end of every month.")
    assert context_of_refusal(weak, [telling, unrelated], 0, 0.4) == unrelated["context"]
    assert context_of_refusal(weak, [telling], 0, 0.4) is None


def test_a_refusals_passage_is_of_its_split_and_language_and_about_something_else() -> None:
    weak = row(OTHER, "Nothing about it.")
    wrong = [
        row("a", "Validation text.", split="validation"),
        row("b", "Ein Text.", language="de"),
        row("c", "The same page.", document_id=OTHER),
        row("d", "The same question.", cluster_id=OTHER),
    ]
    assert context_of_refusal(weak, wrong, 2, 0.4) is None
    assert context_of_refusal(weak, [*wrong, row("e", "Fine.")], 2, 0.4) == "Fine."
