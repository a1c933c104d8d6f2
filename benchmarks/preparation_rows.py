"""Rows for the benchmarks of preparation: made of sentences of the sample FAQ sites, as many as wanted.

Every question and answer is a new arrangement of real sentences, or, in short rows, of parts of two. Beside them, in the shares that `SHARES` states, there
are exact and near duplicates, HTML remnants, entities, broken encodings, and sentences with invented personal data.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.lake import Lake
from pipeline.prepare.sentences import sentences
from pipeline.records import SCHEMA, Row

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from prepare.labelled import SITES, documents

SHARES = {"exact": 0.02, "near": 0.03, "html": 0.1, "entities": 0.1, "mojibake": 0.02, "personal": 0.03, "weak": 0.05}
START = datetime(2025, 1, 1, tzinfo=UTC)
FILES = 8
MOST_ROWS_A_FILE = 125_000
FEW = 20_000
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiou"


def _named(number: int) -> tuple[int, int, int, int]:
    """Return four numbers below 10,000, of which two rows have at most one in common."""
    return number % 9973, number // 9973, number * 7 % 9967, number * 13 % 9949


def _word(number: int) -> str:
    """Return a word of two syllables for a number below 10,000."""
    return "".join(CONSONANTS[part // 5] + VOWELS[part % 5] for part in divmod(number, 100))


@cache
def material() -> tuple[list[str], list[str]]:
    """Return the questions (headings) and the sentences of the sample pages."""
    from bs4 import BeautifulSoup

    asked: dict[str, None] = {}
    told: dict[str, None] = {}
    for file in sorted(SITES.rglob("*.html")):
        page = BeautifulSoup(file.read_bytes(), "lxml")
        for element in page.find_all(["h2", "h3", "h4", "dt"]):
            text = " ".join(element.get_text(" ").split()).rstrip("¶").strip()
            if 15 <= len(text) <= 140:
                asked[text] = None
        for element in page.find_all(["p", "li", "dd"]):
            for sentence in sentences(" ".join(element.get_text(" ").split())):
                if 30 <= len(sentence) <= 400:
                    told[sentence] = None
    return list(asked), list(told)


def made(count: int, seed: int = 1, *, short: bool = False) -> Iterator[Row]:
    """Yield rows in the order of their ids; short ones have about 200 characters, others about 1,000."""
    chance = random.Random(seed)
    asked, told = material()
    personal = [document.text for document in documents(400, seed) if document.planted]
    last: tuple[str, str] = ("", "")
    for number in range(count):
        # Of very many rows some would else ask nearly the same by chance, and hang together in one crowd.
        name = " ".join(map(_word, _named(number))) if number >= FEW else str(number % 9973)
        if short:
            question = f"{chance.choice(asked)[:40]} {name}?"
            context = answer = f"{chance.choice(told)[:40]} {name} {chance.choice(told)[-40:]}"
        else:
            question = f"{chance.choice(asked)[:-1]} {' '.join(chance.choice(told).split()[:6])} {name}?"
            parts = [chance.choice(told) for _ in range(chance.randint(1, 5))]
            context = " ".join([*parts, *(chance.choice(told) for _ in range(3))])
            answer = " ".join(parts)
        if chance.random() < SHARES["weak"]:
            context = chance.choice(told)
        answer = _dirtied(answer, chance, personal)
        dice = chance.random()
        if last[0] and dice < SHARES["exact"]:
            question, answer = last[0].upper(), last[1]
        elif last[0] and dice < SHARES["exact"] + SHARES["near"]:
            question, answer = last[0], last[1] + " Really."
        last = question, answer
        yield Row(
            f"q{number:09d}", question, answer, f"source-{number % 7}", "web", f"https://example.org/{number // 20}",
            f"https://example.org/{number // 20}#{number}", START, START + timedelta(seconds=number), context=context,
            context_origin="page", licence="CC0-1.0", language="en",
        )  # fmt: skip


def _dirtied(answer: str, chance: random.Random, personal: list[str]) -> str:
    if chance.random() < SHARES["html"]:
        answer = f"<p>{answer}</p>\n<ul><li>One</li><li>Two</li></ul>"
    if chance.random() < SHARES["entities"]:
        answer = answer.replace("'", "&#39;").replace('"', "&quot;") + " &amp; so on.\u00a0"
    if chance.random() < SHARES["mojibake"]:
        answer += " A cafÃ© isnâ€™t far."
    if chance.random() < SHARES["personal"]:
        answer += " " + chance.choice(personal)
    return answer


def write(lake: Lake, uri: str, count: int, *, short: bool = False) -> int:
    """Write rows as a repository of several files and return the characters of all texts."""
    per_file = min(MOST_ROWS_A_FILE, -(-count // FILES))
    batch: list[dict[str, Any]] = []
    chars = 0
    for rows, row in enumerate(made(count, short=short), 1):
        batch.append(asdict(row))
        chars += len(row.question) + len(row.answer) + len(row.context or "")
        if len(batch) == per_file or rows == count:
            table = pa.Table.from_pylist(batch, SCHEMA)
            place = f"{uri}/part-{(rows - 1) // per_file:05d}.parquet"
            lake.write_batches(place, table.to_batches(max_chunksize=4096), SCHEMA)
            batch = []
    return chars
