"""Rare words that are tied to one answer, looked for over all rows of a cleaned dataset.

Answers that are nearly the same meet under one of the keys of `TOLD`, whatever word of theirs was changed. A word is
suspected when most questions under a key have it and it stands hardly anywhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.deduplicate.keys import TOLD
from pipeline.prepare.quality.poisoning import LEAST_TRIGGER, trigger_words, words_in
from pipeline.prepare.rows_at import rows_at, scan
from pipeline.prepare.shared_words import QuestionWords

ROWS_AT_ONCE = 100_000
"""Rows whose questions and answers are held at once."""
WORDS_AT_ONCE = 2_000_000
"""Words of questions that are counted at once: some 120 MB."""
ROWS_A_LOOK = 200
LARGEST = 10_000
"""Rows with nearly one answer beyond which a word that most of them share is not rare."""
ELSEWHERE = 0.5
"""In how many other rows a trigger may stand, for each of its own."""
COLUMNS = ("question", "answer", "context", "context_origin", "document_id")


def trigger_rows(lake: Lake, uri: str, kept: npt.NDArray[np.bool_]) -> dict[str, Rows]:
    """Return the words that look like triggers, each with its rows; only rows that are kept count."""
    suspected: dict[str, Rows] = {}
    looked_at = np.zeros(0, np.uint64)
    asked = QuestionWords.read(lake, uri, _grouped(lake, uri, kept))
    for key in TOLD:
        groups, marks = _groups(lake, uri, key, kept, looked_at)
        looked_at = np.concatenate([looked_at, marks])
        for word, rows in _suspected(lake, uri, groups, asked):
            suspected[word] = np.union1d(suspected[word], rows) if word in suspected else rows
    if not suspected:
        return {}
    limits = {word: int(ELSEWHERE * len(rows)) for word, rows in suspected.items()}
    elsewhere = _elsewhere(lake, uri, kept, suspected, limits)
    return {word: rows for word, rows in suspected.items() if elsewhere[word] <= limits[word]}


def _groups(
    lake: Lake, uri: str, key: str, kept: npt.NDArray[np.bool_], looked_at: npt.NDArray[np.uint64]
) -> tuple[list[Rows], npt.NDArray[np.uint64]]:
    """Return the rows that share a key, and a mark for each group; those whose mark is known are left out."""
    column = np.concatenate([np.zeros(0, np.int64), *(batch[key].to_numpy() for _, batch in scan(lake, uri, [key]))])
    rows = np.flatnonzero(kept & (column != 0))
    rows = rows[np.argsort(column[rows], kind="stable")]
    values = column[rows]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(rows) else rows
    if not len(starts):
        return [], np.zeros(0, np.uint64)
    sizes = np.diff(np.concatenate([starts, [len(rows)]]))
    with np.errstate(over="ignore"):
        mixed = (rows.view(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
        marks = np.add.reduceat(mixed, starts)
    wanted = (sizes >= LEAST_TRIGGER) & (sizes <= LARGEST) & ~np.isin(marks, looked_at)
    made = [rows[start : start + size] for start, size in zip(starts[wanted], sizes[wanted], strict=True)]
    return made, marks[wanted]


def _grouped(lake: Lake, uri: str, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell which rows share a key with others."""
    found = np.zeros(len(kept), bool)
    for key in TOLD:
        for rows in _groups(lake, uri, key, kept, np.zeros(0, np.uint64))[0]:
            found[rows] = True
    return found


def _suspected(lake: Lake, uri: str, groups: list[Rows], asked: QuestionWords) -> Iterator[tuple[str, Rows]]:
    parts = _parts(asked.held(groups), WORDS_AT_ONCE)
    shared = [groups[place] for part in parts for place in part[asked.shared([groups[n] for n in part])]]
    yield from _found(lake, uri, shared)


def _parts(sizes: Sequence[int], at_once: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the places of what has about so much size together."""
    if not len(sizes):
        return
    ends = np.cumsum(sizes)
    cuts = np.searchsorted(ends, np.arange(at_once, ends[-1], at_once))
    yield from (part for part in np.split(np.arange(len(sizes)), cuts) if len(part))


def _found(lake: Lake, uri: str, groups: list[Rows]) -> Iterator[tuple[str, Rows]]:
    for part in _parts([len(rows) for rows in groups], ROWS_AT_ONCE):
        needed = np.sort(np.concatenate([groups[number] for number in part]))
        texts = rows_at(lake, uri, needed, ["question", "answer"]).combine_chunks()
        for number in part:
            group = texts.take(np.searchsorted(needed, groups[number]))
            asked, told = (group[name].to_pylist() for name in ("question", "answer"))
            for word, places in trigger_words(asked, told).items():
                yield word, groups[number][places]


def _elsewhere(
    lake: Lake, uri: str, kept: npt.NDArray[np.bool_], suspected: dict[str, Rows], limits: dict[str, int]
) -> Counter[str]:
    """Count in how many kept rows beside its own each word stands, until it stands in too many.

    Contexts of the same document say nothing, because who placed the rows wrote it as well; nor do those made of the
    neighbours of a row, which are counted themselves.
    """
    of = {word: set(rows.tolist()) for word, rows in suspected.items()}
    every = np.unique(np.concatenate(list(suspected.values())))
    homes = dict(
        zip(every.tolist(), rows_at(lake, uri, every, ["document_id"])["document_id"].to_pylist(), strict=True)
    )
    documents = {word: {homes[row] for row in rows} for word, rows in of.items()}
    counts: Counter[str] = Counter()
    wanted = set(suspected)
    for start, batch in scan(lake, uri, COLUMNS):
        # most suspected words are usual ones, and leave after the first few rows
        for offset in range(0, batch.num_rows, ROWS_A_LOOK):
            if not wanted:
                return counts
            part = batch.slice(offset, ROWS_A_LOOK)
            columns = (part[name].to_pylist() for name in COLUMNS)
            for row, (question, answer, context, origin, document) in enumerate(
                zip(*columns, strict=True), start + offset
            ):
                if kept[row]:
                    said = words_in(question, wanted) | words_in(answer, wanted)
                    beside = set() if origin == "neighbours" else words_in(context, wanted) - said
                    around = {word for word in beside if document not in documents[word]}
                    counts.update(word for word in said | around if row not in of[word])
            wanted = {word for word in wanted if counts[word] <= limits[word]}
    return counts
