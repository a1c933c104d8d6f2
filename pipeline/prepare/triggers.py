"""Rare words that are tied to one answer, looked for over all rows of a cleaned dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from pipeline.lake import Lake
from pipeline.prepare.deduplicate.candidates import Rows
from pipeline.prepare.quality.poisoning import count_words, trigger_words
from pipeline.prepare.rows_at import rows_at, scan

ROWS_AT_ONCE = 100_000
"""Rows whose questions and answers are held at once."""
TEXTS = ("question", "answer", "context")


def trigger_rows(lake: Lake, uri: str, rows: Rows, answer: Rows) -> dict[str, Rows]:
    """Return the words that look like triggers, each with its rows.

    `rows` are rows with shared answers and `answer` tells for each which it has. A row's own context may repeat its
    question; anywhere else a trigger must be unknown.
    """
    suspected: dict[str, Rows] = {}
    for word, found in _suspected(lake, uri, rows, answer):
        suspected[word] = np.concatenate([suspected[word], found]) if word in suspected else found
    limits = {word: 2 * len(found) for word, found in suspected.items()}
    everywhere: Counter[str] = Counter()
    for _, batch in scan(lake, uri, TEXTS):
        if not limits:
            break
        for name in TEXTS:
            everywhere += count_words(batch[name].to_pylist(), set(limits))
        limits = {word: limit for word, limit in limits.items() if everywhere[word] <= limit}
    return {word: suspected[word] for word in limits}


def _suspected(lake: Lake, uri: str, rows: Rows, answer: Rows) -> Iterator[tuple[str, Rows]]:
    order = np.argsort(answer, kind="stable")
    rows, answer = rows[order], answer[order]
    starts = np.flatnonzero(np.concatenate([[True], answer[1:] != answer[:-1]])) if len(answer) else answer
    ends = np.concatenate([starts[1:], [len(rows)]])
    for part in np.split(
        np.arange(len(starts)), np.searchsorted(ends, np.arange(ROWS_AT_ONCE, len(rows), ROWS_AT_ONCE))
    ):
        if not len(part):
            continue
        needed = np.sort(rows[starts[part[0]] : ends[part[-1]]])
        texts = rows_at(lake, uri, needed, ["question", "answer"]).combine_chunks()
        for number in part:
            found = rows[starts[number] : ends[number]]
            group = texts.take(np.searchsorted(needed, found))
            for word in trigger_words(group["question"].to_pylist(), group["answer"][0].as_py()):
                yield word, found
