from __future__ import annotations

import pytest

from pipeline.evaluate.baseline import baseline_outcomes, best_sentence, bm25
from pipeline.evaluate.examples import Example
from pipeline.evaluate.perturbations.base import Perturbation
from pipeline.evaluate.perturbations.registry import all_perturbations
from pipeline.evaluate.robustness import measure, perturbed
from pipeline.evaluate.text import sentences
from pipeline.refusal_texts import RefusalTexts

from .builders import example, outcome

KINDS = all_perturbations()
ASKED = example(
    question="How can I remove the file config.toml in version 3.11 with `rm -f`?",
    context="The file is removed by rm. It is gone then.",
    topic="files",
)
OTHERS = [
    example(
        question="Other",
        context="A file in another version is removed by hand. Cats like fish very much.",
        topic="cats",
    )
]


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
class TestContract:
    def test_declares_itself(self, kind: Perturbation) -> None:
        for field in ("name", "title", "imitates", "source"):
            assert len(getattr(kind, field)) > 3
        assert kind.changes in ("question", "context")
        assert 0 < kind.strength <= 1

    def test_changes_what_it_says_and_nothing_else(self, kind: Perturbation) -> None:
        changed = kind.apply(ASKED, 1, OTHERS)
        assert changed is not None
        assert (changed.reference, changed.question_id, changed.refusal) == (
            "In the project folder.",
            ASKED.question_id,
            False,
        )
        same = changed.context if kind.changes == "question" else changed.question
        assert same == (ASKED.context if kind.changes == "question" else ASKED.question)

    def test_is_the_same_at_every_run_and_follows_the_seed(self, kind: Perturbation) -> None:
        assert kind.apply(ASKED, 7, OTHERS) == kind.apply(ASKED, 7, OTHERS)
        assert all(kind.apply(ASKED, seed, OTHERS) != ASKED for seed in range(20))

    def test_leaves_what_the_question_is_about(self, kind: Perturbation) -> None:
        for seed in range(20):
            changed = kind.apply(ASKED, seed, OTHERS)
            assert changed is not None
            if kind.name != "word_order":
                for kept in ("config.toml", "3.11"):
                    assert kept in changed.question

    @pytest.mark.parametrize("question", ["", "?", "東京はどこ？", "Где файл?", "3.11", "a b", "   "])
    def test_any_question_is_survived(self, kind: Perturbation, question: str) -> None:
        changed = kind.apply(example(question=question, context=None), 1, ())
        assert changed is None or changed.question.strip()


def test_kinds_do_what_they_are_called() -> None:
    def asked(name: str, question: str) -> str:
        changed = KINDS[name].apply(example(question=question), 3)
        return changed.question if changed else question

    question = "How do I delete all messages in this folder?"
    assert asked("case", question).casefold() == question.casefold()
    assert asked("white_space", question).split() == question.split()
    assert sorted(asked("word_order", question).rstrip("?").split()) == sorted(question.rstrip("?").split())
    assert asked("paraphrase", question) == "What is the way to remove all messages in this folder?"
    assert any(character.isdigit() for character in asked("leet_speak", question))
    assert not asked("homoglyphs", question).isascii()
    assert "а" not in asked("homoglyphs", "где находится файл")
    typed = asked("typos", question)
    assert 0 < sum(a != b for a, b in zip(typed.split(), question.split(), strict=True)) <= 3


def test_nothing_to_change_is_not_applicable() -> None:
    assert KINDS["leet_speak"].apply(example(question="東京はどこですか？"), 1) is None
    assert KINDS["paraphrase"].apply(example(question="Kako da namestim to?"), 1) is None
    assert KINDS["distractors"].apply(ASKED, 1, [ASKED]) is None


def test_distractors_are_foreign_and_keep_the_context_whole() -> None:
    changed = KINDS["distractors"].apply(ASKED, 1, [*OTHERS, ASKED])
    assert changed is not None
    assert changed.context is not None
    assert str(ASKED.context) in changed.context
    assert set(sentences(changed.context)) - set(sentences(str(ASKED.context))) == set(
        sentences(str(OTHERS[0].context))
    )


def test_attacks_are_spread_and_skip_questions_to_refuse() -> None:
    asked = [example(question=f"How do I find entry {n} here?", refusal=n < 5) for n in range(20)]
    made = perturbed(list(KINDS.values()), asked, 2, 1)
    places = [place for changed, _ in made.values() for place, _ in changed]
    assert min(places) >= 5
    assert len(set(places)) > 6
    assert all(len(changed) == 2 for name, (changed, _) in made.items() if name != "distractors")


def test_robustness_measures_what_is_lost() -> None:
    asked = [example("folder", f"Where is item number {n}?") for n in range(8)]
    clean = [outcome("folder", "folder", question=item.question) for item in asked]
    kinds = [KINDS["typos"], KINDS["case"]]

    def ask(changed: list[Example]) -> list[str]:
        return [
            "folder" if item.question.casefold() in {e.question.casefold() for e in asked} else "?" for item in changed
        ]

    found = measure(clean, perturbed(kinds, asked, 4, 1), ask, lambda text: False, 300, 1)  # type: ignore[arg-type]
    by_name = {attack.name: attack for attack in found.attacks}
    assert (by_name["case"].score, by_name["case"].accuracy, by_name["case"].consistency) == (1, 1, 1)
    assert (by_name["typos"].score, by_name["typos"].accuracy, by_name["typos"].clean_accuracy) == (0, 0, 1)
    assert found.score == pytest.approx(0.5)


def test_a_model_that_was_never_right_has_no_robustness_score() -> None:
    asked = [example("folder", f"Where is item number {n}?") for n in range(4)]
    clean = [outcome("wrong", "folder", question=item.question) for item in asked]
    found = measure(
        clean, perturbed([KINDS["typos"]], asked, 4, 1), lambda c: ["wrong"] * len(c), lambda t: False, 300, 1
    )
    assert found.attacks[0].score is None
    assert found.attacks[0].consistency == 1
    assert found.score is None


def test_bm25_by_hand() -> None:
    # two documents of two words, one with the word: ln(1 + 1.5 / 1.5) = ln 2, times (1.2 + 1) / (1 + 1.2)
    assert bm25(["red"], [["red", "car"], ["blue", "car"]]) == pytest.approx([0.6931472, 0.0])
    assert bm25([], [["a"]]) == [0]
    assert bm25(["a"], []) == []


def test_baseline_takes_the_best_sentence_and_refuses_without_a_context() -> None:
    context = "Where is the config file? Trees grow slowly. The config file is in /etc. Rain falls."
    assert best_sentence("Where is the config file?", context) == "The config file is in /etc."
    taught = RefusalTexts("I lack the information.", {"de": "Das steht nicht da."})
    found = baseline_outcomes(
        [example(context=context), example(context=None), example(context=None, language="de")], taught
    )
    assert [item.refused for item in found] == [False, True, True]
    assert [item.prediction for item in found[1:]] == ["I lack the information.", "Das steht nicht da."]
