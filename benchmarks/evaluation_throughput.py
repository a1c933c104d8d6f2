"""Answers per second in evaluation: batched and sorted by length, against `generate` one by one; and that both agree.

python benchmarks/evaluation_throughput.py --model FOLDER --rows FILE.jsonl [--questions 32] [--batch-size 16]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from pipeline.answering import Answerer
from pipeline.encoding import Asked


def main() -> None:
    """Ask the same questions three ways and print what each took."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", type=Path, required=True)
    arguments.add_argument("--rows", type=Path, required=True)
    arguments.add_argument("--questions", type=int, default=32)
    arguments.add_argument("--batch-size", type=int, default=16)
    arguments.add_argument("--tokens", type=int, default=64)
    given = arguments.parse_args()
    lines = given.rows.read_text(encoding="utf-8").splitlines()[: given.questions]
    asked = [Asked(row.get("context") or row["answer"], row["question"]) for row in map(json.loads, lines)]
    answerer = Answerer(given.model, batch_size=1)
    answerer.answer(asked[:1], max_new_tokens=4)
    found = {}
    for name, size in (("one by one", 1), (f"batches of {given.batch_size}", given.batch_size)):
        answerer.batch_size = size
        started = time.perf_counter()
        found[name] = answerer.answer(asked, max_new_tokens=given.tokens), time.perf_counter() - started
    (alone, slow), (together, fast) = found.values()
    for name, (_, seconds) in found.items():
        print(f"{name:>16}: {seconds:7.1f} s, {len(asked) / seconds:6.2f} answers/s")
    same = sum(first == second for first, second in zip(alone, together, strict=True))
    print(f"{slow / fast:.1f} times as fast; {same} of {len(asked)} answers identical")


if __name__ == "__main__":
    main()
