from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluate.examples import Outcome
from pipeline.evaluate.metrics.base import Metric
from pipeline.evaluate.metrics.diversity import distinct
from pipeline.evaluate.metrics.groundedness import fragments
from pipeline.evaluate.metrics.registry import HEADLINES, all_metrics
from pipeline.evaluate.metrics.rouge_w import rouge_w, weighted_lcs
from pipeline.evaluate.syllables import english_syllables

from .builders import labelled, outcome

METRICS = all_metrics()
TEXTS = [
    "",
    "yes",
    "in the project folder",
    "The folder of the project.",
    "use C++ 3.11",
    "東京です",
    "no no no",
    "<b>x</b>",
]


def value(name: str, *outcomes: Outcome) -> float:
    return METRICS[name].value(outcomes)


@pytest.mark.parametrize("metric", METRICS.values(), ids=str)
class TestContract:
    def test_declares_itself(self, metric: Metric) -> None:
        for field in ("name", "title", "measures", "source", "unit"):
            assert len(getattr(metric, field)) >= (2 if field != "measures" else 15), field
        assert metric.higher_is_better in (True, False, None)
        assert metric.range[0] < metric.range[1]
        assert metric.__doc__

    def test_says_nothing_about_nothing(self, metric: Metric) -> None:
        assert math.isnan(metric.value([]))

    def test_stays_in_range_and_its_statistics_give_its_value(self, metric: Metric) -> None:
        for seed in range(12):
            outcomes = random_outcomes(seed)
            found = metric.value(outcomes)
            assert math.isnan(found) or metric.range[0] - 1e-9 <= found <= metric.range[1] + 1e-9
            rows = metric.statistics(outcomes)
            if rows is None:
                continue
            assert rows.shape[0] == len(outcomes)
            combined = metric.combine(rows.sum(axis=0, keepdims=True))[0]
            assert combined == pytest.approx(found, abs=1e-9, nan_ok=True)

    def test_order_of_answers_does_not_matter(self, metric: Metric) -> None:
        outcomes = random_outcomes(3)
        assert metric.value(outcomes[::-1]) == pytest.approx(metric.value(outcomes), abs=1e-9, nan_ok=True)


def random_outcomes(seed: int) -> list[Outcome]:
    rng = np.random.default_rng(seed)

    def pick() -> str:
        return str(rng.choice(TEXTS))

    free = [
        outcome(
            pick(),
            pick() or "something",
            question=f"q{place}",
            refusal=bool(rng.random() < 0.4),
            refused=bool(rng.random() < 0.4),
            alternates=(pick(),) if rng.random() < 0.3 else (),
            **({"log_likelihood": float(-9 * rng.random()), "tokens": 3} if rng.random() < 0.7 else {}),
        )
        for place in range(7)
    ]
    letters = ["a", "b", "c", "ab", "bc", ""]
    classified = [
        labelled(str(rng.choice(letters[:-1])), str(rng.choice(letters)), "a b" if place % 2 else "a b c", place)
        for place in range(7)
    ]
    return free + classified


def test_headlines_exist() -> None:
    assert set(HEADLINES) <= set(METRICS)


def test_the_whole_of_section_e1_and_e2_is_there() -> None:
    averages = {
        f"{kind}_{a}" for kind in ("precision", "recall", "f1") for a in ("binary", "macro", "micro", "weighted")
    }
    wanted = averages | {"accuracy", "hamming_loss", "subset_accuracy", "precision_at_1", "recall_at_3", "exact_match"}
    wanted |= {"token_f1", "bleu", "rouge_1", "rouge_2", "rouge_l", "rouge_w", "perplexity", "distinct_1", "distinct_2"}
    assert wanted | {"self_bleu", "flesch_reading_ease", "gunning_fog", "coherence"} <= set(METRICS)


def test_token_f1_by_hand() -> None:
    # 3 of 4 words of the answer, 3 of 3 of the reference (articles do not count): 2 * 3 / (4 + 3)
    assert value("token_f1", outcome("in the big project folder", "in the project folder")) == pytest.approx(6 / 7)
    assert value("token_f1", outcome("a a b b", "a b c", language="xx")) == pytest.approx(2 * 2 / 7)
    assert value("token_f1", outcome("", "folder")) == 0
    assert value("token_f1", outcome("nein", "ja", alternates=("nein",))) == 1


@pytest.mark.parametrize(
    ("answer", "reference", "language"),
    [("東京タワー", "東京", "ja"), ("Папка", "папка проекта", "ru"), ("हिन्दी", "हिन्दी में", "hi")],
)
def test_token_f1_sees_other_scripts(answer: str, reference: str, language: str) -> None:
    assert 0 < value("token_f1", outcome(answer, reference, language=language)) < 1


def test_exact_match_by_hand() -> None:
    answers = [outcome("The folder!", "folder"), outcome("C", "C++"), outcome("3.10", "3.1")]
    assert value("exact_match", *answers) == pytest.approx(1 / 3)


def test_rouge_by_hand() -> None:
    # Lin 2004: "police killed the gunman" against "police kill the gunman" and "the gunman kill police"
    first = outcome("police kill the gunman", "police killed the gunman")
    second = outcome("the gunman kill police", "police killed the gunman")
    assert value("rouge_l", first) == pytest.approx(0.75)
    assert value("rouge_l", second) == pytest.approx(0.5)
    assert value("rouge_1", second) == pytest.approx(0.75)
    assert value("rouge_2", second) == pytest.approx(1 / 3)


def test_rouge_w_prefers_neighbours() -> None:
    # Lin 2004, section 3.4: X = ABCDEFG, Y1 = ABCDHIK, Y2 = AHBKCID, with f(k) = k^2: WLCS 16 and 4
    reference, near, far = "a b c d e f g", "a b c d h i k", "a h b k c i d"
    assert weighted_lcs(reference.split(), near.split(), 2) == 16
    assert weighted_lcs(reference.split(), far.split(), 2) == 4
    assert rouge_w(near, reference, 2) == pytest.approx(4 / 7)
    assert rouge_w(far, reference, 2) == pytest.approx(2 / 7)
    assert rouge_w(near, reference, 1) == pytest.approx(rouge_w(far, reference, 1)) == pytest.approx(4 / 7)
    assert value("rouge_w", outcome("same words", "same words")) == pytest.approx(1)


def test_bleu_by_hand() -> None:
    # 1-grams 5/6, 2-grams 3/5, 3-grams 1/4, 4-grams 0/3 smoothed by sacrebleu's exp: 1/6; no brevity penalty
    expected = 100 * (5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25
    assert value("bleu", outcome("the cat sat on a mat", "the cat sits on a mat")) == pytest.approx(expected)
    assert value("bleu", outcome("東京タワーへ行く", "東京タワーへ行く", language="ja")) == pytest.approx(100)


def test_perplexity_by_hand() -> None:
    rows = [
        outcome("x", log_likelihood=-4 * math.log(2), tokens=4),
        outcome("y", log_likelihood=-2 * math.log(8), tokens=2),
    ]
    assert value("perplexity", *rows) == pytest.approx(2 ** (10 / 6))
    assert value("perplexity", *rows, outcome("not measured")) == pytest.approx(2 ** (10 / 6))


def test_diversity_by_hand() -> None:
    assert distinct(["a b a", "b"], 1) == pytest.approx(2 / 4)
    assert distinct(["a b a", "b"], 2) == pytest.approx(1)
    same = [outcome("one and the same answer", question=str(place)) for place in range(3)]
    assert value("self_bleu", *same) == pytest.approx(100)
    assert value("self_bleu", outcome("one two three four"), outcome("five six seven eight")) < 20


def test_refusals_by_hand() -> None:
    # two rightly refused, one wrongly refused, one wrongly answered, six rightly answered
    made = [(True, True)] * 2 + [(False, True)] + [(True, False)] + [(False, False)] * 6
    rows = [outcome("x", question=str(n), refusal=want, refused=did) for n, (want, did) in enumerate(made)]
    assert value("refusal_accuracy", *rows) == pytest.approx(0.8)
    assert value("refusal_precision", *rows) == pytest.approx(2 / 3)
    assert value("refusal_recall", *rows) == pytest.approx(2 / 3)
    assert value("refusal_f1", *rows) == pytest.approx(2 / 3)
    assert value("false_refusal_rate", *rows) == pytest.approx(1 / 7)
    assert math.isnan(value("refusal_recall", outcome("x")))


def test_classification_by_hand() -> None:
    # gold ab, a, b; predicted a, a, ab: per class a 2/3 and 2/2, b 1/1 and 1/2
    rows = [labelled("ab", "a", number=1), labelled("a", "a", number=2), labelled("b", "ab", number=3)]
    assert value("precision_macro", *rows) == pytest.approx((2 / 3 + 1) / 2)
    assert value("recall_macro", *rows) == pytest.approx((1 + 1 / 2) / 2)
    assert value("precision_micro", *rows) == pytest.approx(3 / 4)
    assert value("f1_micro", *rows) == pytest.approx(2 * 3 / 8)
    assert value("hamming_loss", *rows) == pytest.approx(2 / 9)  # three answers, three choices, c never named
    assert value("subset_accuracy", *rows) == pytest.approx(1 / 3)
    assert value("accuracy", *rows) == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert value("precision_at_1", *rows) == pytest.approx(2 / 3)  # the third names a first, and b is right
    assert value("recall_at_3", *rows) == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert value("precision_at_3", *rows) == pytest.approx((1 + 1 + 1) / 9)
    assert value("precision_at_1", labelled("a", "")) == 0


def test_binary_classification_by_hand() -> None:
    pairs = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"), ("a", "a")]
    rows = [labelled(gold, said, "a b", number) for number, (gold, said) in enumerate(pairs)]
    assert value("precision_binary", *rows) == value("recall_binary", *rows) == pytest.approx(2 / 3)
    assert math.isnan(value("f1_binary", labelled("a", "a", "a b c")))


def test_a_class_that_no_answer_names_is_wrong_not_ignored() -> None:
    assert value("f1_macro", labelled("a", ""), labelled("b", "b", number=1)) == pytest.approx(0.5)


def test_readability_by_hand() -> None:
    # 2 sentences, 8 words, 8 + 1 syllables (happy has two)
    text = "The cat sat here. It was very glad."
    assert english_syllables("very") == 2
    expected = 206.835 - 1.015 * 8 / 2 - 84.6 * 9 / 8
    assert value("flesch_reading_ease", outcome(text)) == pytest.approx(expected)
    assert value("gunning_fog", outcome(text)) == pytest.approx(0.4 * 4)
    code = text + " `int incomprehensibility = 0;`"
    assert value("flesch_reading_ease", outcome(code)) == pytest.approx(expected)
    assert math.isnan(value("flesch_reading_ease", outcome("日本語です", language="ja")))
    assert math.isnan(value("gunning_fog", outcome("Der Hund bellt.", language="de")))


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1),
        ("file", 1),
        ("table", 2),
        ("created", 3),
        ("people", 2),
        ("module", 2),
        ("information", 4),
        ("html", 4),
        ("management", 3),
        ("therefore", 2),
        ("being", 2),
        ("changes", 2),
        ("use", 1),
        ("client", 2),
        ("statement", 2),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert english_syllables(word) == count


def test_groundedness_by_hand() -> None:
    assert fragments(["the", "red", "car", "stops"], ["a", "red", "car", "and", "the", "red", "car"]) == [3]
    answer = outcome("in the project folder of Mars", context="It lies in the project folder.")
    assert value("groundedness", answer) == pytest.approx(4 / 6)
    assert math.isnan(value("groundedness", outcome("x", context=None)))


def test_coherence_tells_an_answer_from_another_topic() -> None:
    question = "How do I reset the password of my account?"
    near = outcome("Reset the password on the account page. The account page sends a new password.", question=question)
    far = outcome("Bananas ripen quickly. Trains leave on time.", question=question)
    assert value("coherence", near) > 3 * value("coherence", far)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=2, max_size=5))
def test_no_text_breaks_a_metric(texts: list[str]) -> None:
    outcomes = [outcome(text, texts[0] or "x", question=str(place)) for place, text in enumerate(texts)]
    for metric in METRICS.values():
        found = metric.value(outcomes)
        assert math.isnan(found) or metric.range[0] - 1e-9 <= found <= metric.range[1] + 1e-9, metric.name


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("The order is shipped from the Zürich depot", "The order is shipped from the Zurich depot", 5 / 6),
        ("The order is shipped from the Zurich depot", "The order is shipped from the Zürich depot", 7 / 8),
        ("The fee is 5 €", "The fee is 5 EUR", 6 / 7),
        ("The fee is 5 EUR", "The fee is 5 €", 8 / 9),
    ],
)
def test_without_a_language_both_texts_lose_their_articles_or_neither(
    answer: str, reference: str, score: float
) -> None:
    assert value("token_f1", outcome(answer, reference, language=None)) == pytest.approx(score)
    assert value("exact_match", outcome(answer.replace("The ", ""), answer, language=None)) == answer.isascii()
    assert value("exact_match", outcome("The “fee”", "the fee", language=None)) == 1
