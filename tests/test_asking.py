"""Every place that asks a model shows it as much of a context as training does."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from pipeline.answering import Answerer, Asked
from pipeline.comply import stage as comply_stage
from pipeline.comply.policy import load_policy
from pipeline.comply.probing import Prober
from pipeline.encoding import prompt_limit
from pipeline.evaluate import stage as evaluate_stage
from pipeline.evaluate.evaluation import _responder
from pipeline.evaluate.examples import Example, from_row
from pipeline.evaluate.generation import Responder
from pipeline.lake import Lake
from pipeline.publish import ask as asking
from pipeline.publish import checks
from pipeline.settings import PROJECT_ROOT, EvaluateSettings, FeatureSettings, Settings
from pipeline.train import tiny
from pipeline.train.probe import _ask


class Loaded(Exception):
    """A model would have been loaded."""


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The prompt lengths that models are loaded with, instead of loading them."""
    found: list[int] = []

    def load(folder: Path, *, max_length: int, **options: Any) -> None:
        found.append(max_length)
        raise Loaded

    monkeypatch.setattr("pipeline.answering.Answerer", load)
    return found


def by_evaluation(settings: Settings, lake: Lake) -> None:
    _responder(settings, lake, SimpleNamespace(digest="d", local=lambda *_: Path("m"))).load()  # type: ignore[arg-type]


def by_compliance(settings: Settings, lake: Lake) -> None:
    Prober(lake, 1, None, prompt_limit(settings.features.max_length))._load(SimpleNamespace(folder=Path("m"), name="m"))  # type: ignore[arg-type]


def by_selection(settings: Settings, lake: Lake) -> None:
    _ask(Path("m"), [], [], 1, 8, prompt_limit(settings.features.max_length))


def by_release(settings: Settings, lake: Lake) -> None:
    rows = pa.Table.from_pylist([{"question": "q", "context": "c", "candidate": "a"}])
    evaluation = SimpleNamespace(
        parameters=evaluate_stage.parameters(settings), facts={}, output=lambda name: SimpleNamespace(uri=name)
    )
    attempt: Any = SimpleNamespace(
        inputs={"evaluation": evaluation}, lake=SimpleNamespace(read_table=lambda *_, **__: rows)
    )
    checks.reference_check(attempt)(Path("m"))


def by_a_question(settings: Settings, lake: Lake) -> None:
    asking.ask(settings, "q", context="c", source="s")


@pytest.mark.parametrize("place", [by_evaluation, by_compliance, by_selection, by_release, by_a_question])
@pytest.mark.parametrize(("learnt", "asked"), [(320, 512), (2048, 2048)])
def test_prompts_are_as_long_as_in_training(
    place: Callable[[Settings, Lake], None],
    learnt: int,
    asked: int,
    lake: Lake,
    lengths: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SimpleNamespace(
        alias="a", head=lambda _: "c", release=lambda _: {"version": "v1"}, cached=lambda _: Path("m")
    )
    monkeypatch.setattr(asking, "ModelStore", lambda settings: store)
    with pytest.raises(Exception, match="Loaded") if place is by_compliance else pytest.raises(Loaded):
        place(Settings(features=FeatureSettings(max_length=learnt)), lake)
    assert lengths == [asked]


def test_the_length_of_prompts_is_a_parameter_of_evaluation_and_compliance() -> None:
    long = Settings(features=FeatureSettings(max_length=2048))
    assert evaluate_stage.parameters(long)["prompt_tokens"] == 2048
    inputs: Any = {name: SimpleNamespace(facts={}) for name in ("base", "prepared")}
    policy = load_policy(long.policy_file)
    day = comply_stage.date(2026, 1, 1)
    assert comply_stage._parameters(long, policy, day, inputs)["prompt_tokens"] == 2048


def test_the_shipped_settings_let_answers_become_as_long_as_the_model_learnt_them() -> None:
    for name in ("llmops.toml", "llmops.production.toml"):
        shipped = tomllib.loads((PROJECT_ROOT / name).read_text())
        features = FeatureSettings(**shipped.get("features", {}))
        assert EvaluateSettings(**shipped.get("evaluate", {})).max_new_tokens >= features.max_answer_tokens


def test_answers_are_kept_by_the_length_of_prompts(lake: Lake) -> None:
    class Told:
        def __init__(self, text: str) -> None:
            self.text = text

        def answer(self, asked: list[Asked], max_new_tokens: int) -> list[str]:
            return [self.text] * len(asked)

        def log_likelihood(self, asked: list[Asked], answers: list[str]) -> list[Any]:
            return [SimpleNamespace(total=-float(len(self.text)), tokens=1)] * len(asked)

    example: Example = from_row({"question_id": "q", "question": "q", "answer": "a", "context": "c"})
    for tokens, text in ((512, "short"), (2048, "much longer")):
        responder = Responder(lake, "m", lambda text=text: Told(text), decoding={"prompt_tokens": tokens})  # type: ignore[arg-type,misc]
        assert responder.answers([example], 8) == [text]
        assert responder.likelihoods([example], ["a"]) == [(-len(text), 1)]


@pytest.mark.model
def test_a_prompt_leaves_room_for_the_answer_among_the_positions(tmp_path: Path) -> None:
    folder = tiny.build(tmp_path / "tiny", "llama", ["How long does it take?"] * 40, vocabulary=300)
    answerer = Answerer(folder, max_length=2048)
    assert answerer.positions == 1024
    asked = [Asked("word " * 2000, "How long?")]
    assert [len(prompt) for prompt in answerer._prompts(asked, [24])] == [1000]
    assert answerer._prompts(asked, [24])[0][-5:] == answerer.encoder.encode(asked)[0][-5:]
    assert len(answerer.generate(asked, 2)) == len(answerer.log_likelihood(asked, ["ten days"])) == 1
