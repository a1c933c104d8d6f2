"""What people think of the answers: a blind mix to rate, their ratings, and how far raters agree."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, model_validator

from pipeline.evaluate.examples import Outcome

DIMENSIONS = {
    "relevance": "The answer is about what was asked",
    "logical_flow": "The answer follows from the context, step by step",
    "ease_of_understanding": "A customer gets it at once",
    "completeness": "Nothing that matters is missing",
}
SCALE = (1, 2, 3, 4, 5)
"""Likert scale: 1 poor, 5 excellent."""
Author = Literal["human", "candidate", "champion", "base"]


class Item(BaseModel):
    """An answer to rate, without its author; `item_id` says nothing about who wrote it."""

    item_id: str
    question: str
    context: str | None
    answer: str


class BlindMix(BaseModel):
    """What raters see (`items`) and what only the evaluation knows (`key`: item id to author and question)."""

    items: list[Item]
    key: dict[str, dict[str, str]]


class Rating(BaseModel):
    """One rater's Likert ratings of one item."""

    item_id: str
    relevance: int = Field(ge=1, le=5)
    logical_flow: int = Field(ge=1, le=5)
    ease_of_understanding: int = Field(ge=1, le=5)
    completeness: int = Field(ge=1, le=5)


class Sheet(BaseModel):
    """Everything one rater rated."""

    rater: str = Field(min_length=1, max_length=200)
    ratings: list[Rating] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Sheet:
        if len({rating.item_id for rating in self.ratings}) != len(self.ratings):
            raise ValueError("an item was rated twice")
        return self


def blind_mix(answers: Mapping[Author, Sequence[Outcome]], questions: int, seed: int) -> BlindMix:
    """Mix human references with models' answers to the same sampled questions, in an order that tells nothing.

    Answers that are equal word for word are shown once, under all their authors: rating a text twice would only
    measure the rater's patience.
    """
    first = next(iter(answers.values()))
    rng = random.Random(seed)  # noqa: S311
    places = sorted(rng.sample(range(len(first)), min(questions, len(first))))
    items: list[Item] = []
    key: dict[str, dict[str, str]] = {}
    for place in places:
        example = first[place].example
        texts: dict[str, list[str]] = {example.reference: ["human"]}
        for author, outcomes in answers.items():
            texts.setdefault(outcomes[place].prediction, []).append(author)
        for text, authors in texts.items():
            item = hashlib.sha256(f"{seed}\0{example.question_id}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
            items.append(Item(item_id=item[:12], question=example.question, context=example.context, answer=text))
            key[item[:12]] = {"authors": "+".join(sorted(set(authors))), "question_id": example.question_id}
    rng.shuffle(items)
    return BlindMix(items=items, key=key)


def summary(mix: BlindMix, sheets: Sequence[Sheet]) -> dict[str, Any]:
    """Return mean ratings by author and scale, the model against people, and the raters' agreement by scale.

    `agreement` has quadratically weighted Cohen's kappa (1968; mean over pairs of raters) and Krippendorff's alpha for
    ordinal data (2011), both None until two raters have rated the same items. For `against_people` see `differences`.
    """
    by_author: dict[str, dict[str, list[int]]] = {}
    for sheet in sheets:
        for rating in sheet.ratings:
            for author in _authors(mix, rating.item_id):
                scores = by_author.setdefault(author, {name: [] for name in DIMENSIONS})
                for name in DIMENSIONS:
                    scores[name].append(getattr(rating, name))
    return {
        "raters": len(sheets),
        "rated_items": len({rating.item_id for sheet in sheets for rating in sheet.ratings}),
        "means": {
            author: {name: float(np.mean(values)) for name, values in scores.items()}
            for author, scores in sorted(by_author.items())
        },
        "against_people": {
            author: differences(mix, sheets, author)
            for author in sorted(by_author)
            if author not in ("human", "unknown")
        },
        "agreement": {
            name: {"cohen_kappa": cohen_kappa(sheets, name), "krippendorff_alpha": krippendorff_alpha(sheets, name)}
            for name in DIMENSIONS
        },
    }


def differences(mix: BlindMix, sheets: Sequence[Sheet], author: str) -> dict[str, dict[str, float | int | None]]:
    """Return by scale how much better (above 0) an author's answers were rated than people's own, in Likert points.

    The unit is the question: the mean over raters of what one rater gave to both answers, so neither a severe rater nor
    a hard question counts as a difference. `low` and `high` are Student's 95 % interval over questions; None for fewer
    than two questions, or when all differences are equal, which tells nothing of their spread.
    """
    paired: dict[str, dict[str, list[int]]] = {name: {} for name in DIMENSIONS}
    for sheet in sheets:
        given = {(q, who): rating for rating in sheet.ratings for q, who in _places(mix, rating.item_id)}
        for (question, who), rating in given.items():
            human = given.get((question, "human"))
            if who == author and human is not None:
                for name in DIMENSIONS:
                    gap = getattr(rating, name) - getattr(human, name)
                    paired[name].setdefault(question, []).append(gap)
    return {name: _interval([float(np.mean(gaps)) for gaps in by.values()]) for name, by in paired.items()}


def _interval(gaps: Sequence[float]) -> dict[str, float | int | None]:
    from scipy import stats

    found: dict[str, float | int | None] = {"questions": len(gaps), "difference": None, "low": None, "high": None}
    if not gaps:
        return found
    mean = float(np.mean(gaps))
    found["difference"] = mean
    if len(gaps) > 1 and (spread := float(np.std(gaps, ddof=1))) > 0:
        half = float(stats.t.ppf(0.975, len(gaps) - 1)) * spread / float(np.sqrt(len(gaps)))
        widest = SCALE[-1] - SCALE[0]
        found["low"], found["high"] = max(-widest, mean - half), min(widest, mean + half)
    return found


def _authors(mix: BlindMix, item_id: str) -> list[str]:
    return mix.key.get(item_id, {}).get("authors", "unknown").split("+")


def _places(mix: BlindMix, item_id: str) -> list[tuple[str, str]]:
    question = mix.key.get(item_id, {}).get("question_id", "")
    return [(question, author) for author in _authors(mix, item_id)]


def _table(sheets: Sequence[Sheet], dimension: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    items = sorted({rating.item_id for sheet in sheets for rating in sheet.ratings})
    place = {item: column for column, item in enumerate(items)}
    table = np.full((len(sheets), len(items)), np.nan)
    for row, sheet in enumerate(sheets):
        for rating in sheet.ratings:
            table[row, place[rating.item_id]] = getattr(rating, dimension)
    return table


def cohen_kappa(sheets: Sequence[Sheet], dimension: str) -> float | None:
    """Return quadratically weighted Cohen's kappa, the mean over pairs of raters with two common items or more.

    None when there is no such pair, or when all ratings of every pair are one and the same (kappa is not defined then).
    """
    from sklearn.metrics import cohen_kappa_score

    table = _table(sheets, dimension)
    values = []
    for first, second in itertools.combinations(table, 2):
        both = ~np.isnan(first) & ~np.isnan(second)
        if both.sum() < 2 or len(set(first[both]) | set(second[both])) < 2:
            continue
        left, right = first[both].astype(int), second[both].astype(int)
        values.append(float(cohen_kappa_score(left, right, labels=list(SCALE), weights="quadratic")))
    return float(np.mean(values)) if values else None


def krippendorff_alpha(sheets: Sequence[Sheet], dimension: str) -> float | None:
    """Return Krippendorff's alpha for ordinal ratings; None where it is not defined (fewer than two values paired)."""
    import krippendorff

    if len(sheets) < 2:
        return None
    table = _table(sheets, dimension)
    paired = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    if paired.size == 0 or len(np.unique(paired[~np.isnan(paired)])) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal", value_domain=list(SCALE)))
