"""The published model's answers beside the reviewed ones, from one kind of machine and from two."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.answering import Asked, LogLikelihood
from pipeline.publish.likeness import between_processors, unlike

ASKED = [Asked("c", "How long?"), Asked("c", "How much?")]
LONG = "A parcel takes at least three and at most ten working days to arrive at your door by post"
OTHER = "It depends."


class Model:
    """Finds every text as probable as it is told, in nats a token."""

    def __init__(self, nats: dict[str, float]) -> None:
        self.nats = nats

    def log_likelihood(self, asked: Any, answers: list[str]) -> list[LogLikelihood]:
        return [LogLikelihood(-4 * self.nats[text], 4) for text in answers]


def found(reviewed: str, answer: str, nats: dict[str, float], *, exact: bool) -> Asked | None:
    model: Any = Model(nats)
    return unlike(model, ASKED, ["Five.", reviewed], ["Five.", answer], exact=exact)


def test_on_processors_the_answers_are_equal_to_the_letter() -> None:
    assert found(LONG, LONG, {}, exact=True) is None
    assert found(LONG, LONG + ".", {}, exact=True) == ASKED[1]


def test_on_a_gpu_a_word_may_differ() -> None:
    assert found(LONG, LONG.replace("post", "mail"), {}, exact=False) is None


def test_on_a_gpu_a_tie_may_have_fallen_the_other_way() -> None:
    assert found(LONG, OTHER, {LONG: 0.31, OTHER: 0.30}, exact=False) is None


def test_on_a_gpu_an_answer_that_the_model_would_not_give_is_another_models() -> None:
    assert found(LONG, OTHER, {LONG: 1.9, OTHER: 0.30}, exact=False) == ASKED[1]


@pytest.mark.parametrize(
    ("facts", "device", "both"),
    [
        ({}, "cpu", True),
        ({"asked_on": {"device": "cpu", "dtype": "float32"}}, "cpu", True),
        ({"asked_on": {"device": "cuda", "dtype": "bfloat16"}}, "cpu", False),
        ({"asked_on": {"device": "cpu", "dtype": "float32"}}, "cuda", False),
        ({}, "cuda", False),
    ],
)
def test_the_devices_of_both_sides_count(facts: dict[str, Any], device: str, both: bool) -> None:
    assert between_processors(facts, device) is both


def test_the_release_goes_by_what_the_evaluation_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    from pipeline.errors import Refused
    from pipeline.publish.checks import reference_check

    class Published(Model):
        device = "cpu"

        def answer(self, asked: Any, max_new_tokens: int) -> list[str]:
            return [LONG.replace("post", "mail")] * len(asked)

    monkeypatch.setattr("pipeline.answering.Answerer", lambda folder, **options: Published({}))
    rows = pa.Table.from_pylist([{"question": "q", "context": "c", "candidate": LONG}])
    for device, refused in (("cpu", True), ("cuda", False)):
        evaluation = SimpleNamespace(
            parameters={}, facts={"asked_on": {"device": device}}, output=lambda name: SimpleNamespace(uri=name)
        )
        attempt: Any = SimpleNamespace(
            inputs={"evaluation": evaluation}, lake=SimpleNamespace(read_table=lambda *_, **__: rows)
        )
        check = reference_check(attempt)
        if refused:
            with pytest.raises(Refused, match="does not answer as the reviewed one did"):
                check(SimpleNamespace())  # type: ignore[arg-type]
        else:
            check(SimpleNamespace())  # type: ignore[arg-type]
