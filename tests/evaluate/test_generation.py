from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.answering import Answerer
from pipeline.evaluate.benchmarks_adapter import load_benchmark, run_benchmark
from pipeline.evaluate.examples import Example, Outcome, from_row
from pipeline.evaluate.generation import Responder
from pipeline.evaluate.reliability import repeated
from pipeline.lake import Lake

from . import tiny

EXAMPLES = [from_row(row) for row in tiny.rows()]


@pytest.fixture
def loads() -> list[str]:
    return []


@pytest.fixture
def ask(lake: Lake, learned: Path, loads: list[str]) -> Callable[[str], Responder]:
    def make(digest: str) -> Responder:
        def load() -> Answerer:
            loads.append(digest)
            return Answerer(learned, batch_size=4)

        return Responder(lake, digest, load)

    return make


@pytest.mark.model
def test_answers_are_kept_by_model_prompt_and_decoding(ask: Callable[[str], Responder], loads: list[str]) -> None:
    first = ask("model-a").answers(EXAMPLES, 24)
    assert first[0] == "The lamp is red."
    again = ask("model-a")
    assert again.answers(EXAMPLES[::-1], 24) == first[::-1]
    assert loads == ["model-a"], "a model whose answers are kept is not even loaded"
    assert (again.speed.generated, again.speed.cached) == (0, 10)
    ask("model-b").answers(EXAMPLES[:1], 24)
    shorter = ask("model-a").answers(EXAMPLES[:1], 3)
    assert loads == ["model-a", "model-b", "model-a"]
    assert first[0].startswith(shorter[0])
    assert shorter[0] != first[0]


@pytest.mark.model
def test_only_what_is_missing_is_asked(ask: Callable[[str], Responder]) -> None:
    ask("m").answers(EXAMPLES[:4], 24)
    responder = ask("m")
    responder.answers(EXAMPLES, 24)
    assert (responder.speed.generated, responder.speed.cached) == (6, 4)
    assert ask("m").answers([EXAMPLES[0], EXAMPLES[0]], 24) == ["The lamp is red."] * 2


@pytest.mark.model
def test_likelihoods_tell_the_learnt_answer_and_are_kept(ask: Callable[[str], Responder], loads: list[str]) -> None:
    right = ask("m").likelihoods(EXAMPLES[:2], [example.reference for example in EXAMPLES[:2]])
    wrong = ask("m").likelihoods(EXAMPLES[:2], [EXAMPLES[5].reference] * 2)
    assert all(good[0] / good[1] > bad[0] / bad[1] + 1 for good, bad in zip(right, wrong, strict=True))
    assert ask("m").likelihoods(EXAMPLES[:2], [example.reference for example in EXAMPLES[:2]]) == right
    assert len(loads) == 2


@pytest.mark.model
def test_repetition_in_batches_and_alone(learned: Path) -> None:
    answerer = Answerer(learned, batch_size=4)
    from pipeline.encoding import Asked

    def again(examples: list[Example], size: int) -> list[str]:
        answerer.batch_size = size
        return answerer.answer([Asked(e.context, e.question) for e in examples], max_new_tokens=24)

    outcomes = [Outcome(e, text) for e, text in zip(EXAMPLES, again(EXAMPLES, 4), strict=True)]
    found = repeated(outcomes, again, 4)  # type: ignore[arg-type]
    assert found is not None
    assert len(found.repetitions) == 3
    assert found.repetitions[0].identical == len(EXAMPLES)
    assert all(item.similarity > 0.95 for item in found.repetitions)
    assert found.deviation < 0.05


@pytest.mark.model
def test_benchmarks_of_every_kind(ask: Callable[[str], Responder], tmp_path: Path) -> None:
    choice = tmp_path / "colours.jsonl"
    choice.write_text(
        '{"question": "Which colour has the lamp?", "context": "The house is old. The lamp in the house is red.",'
        ' "choices": ["The lamp is red.", "The vase is silver."], "answer": 0}\n'
        '{"question": "Which colour has the chair?", "context": "The house is old. The chair in the house is blue.",'
        ' "choices": ["The vase is silver.", "The chair is blue."], "answer": "The chair is blue."}\n'
    )
    found = run_benchmark(load_benchmark(str(choice)), ask("m"), 8)
    assert [item.labels for item in found] == [("The lamp is red.",), ("The chair is blue.",)]
    assert found[0].ranking == ("The lamp is red.", "The vase is silver.")
    shipped = load_benchmark("sample:support_topics", 2)
    assert shipped.kind == "labels"
    assert all(item.labels is not None for item in run_benchmark(shipped, ask("m"), 8))
    free = tmp_path / "free.jsonl"
    free.write_text('{"question": "Which colour has the lamp?", "context": "x", "answer": "red"}\n')
    assert load_benchmark(str(free)).kind == "generation"
    assert run_benchmark(load_benchmark(str(free)), ask("m"), 8)[0].prediction
