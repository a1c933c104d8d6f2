"""Answers per second in evaluation: batched and sorted by length, against `generate` one by one; and that both agree.

    python benchmarks/evaluation_throughput.py --model FOLDER --rows FILE.jsonl [--questions 32] [--batch-sizes 16 32]

The ways take turns in every round, so that other work on the machine meets all of them; the ratio is that of the sums.
A last way reads what an earlier evaluation kept, as a second run of the pipeline does.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from pipeline.answering import Answerer
from pipeline.encoding import Asked
from pipeline.evaluate.examples import Example
from pipeline.evaluate.generation import Responder
from pipeline.lake import open_lake
from pipeline.settings import LakeSettings


def one_by_one(answerer: Answerer, asked: list[Asked], tokens: int) -> list[str]:
    """Ask as one does without this project: a prompt, a call of the model's own `generate`, the next prompt."""
    found = []
    for prompt in answerer.encoder.encode(asked):
        ids = torch.tensor([prompt])
        with torch.inference_mode():
            made = answerer.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=tokens,
                do_sample=False,
                pad_token_id=answerer.tokenizer.pad_token_id,
            )[0]
        text = answerer.tokenizer.decode(made if answerer.seq2seq else made[len(prompt) :], skip_special_tokens=True)
        found.append(answerer.encoder.template.escaper.unescape(text.strip()))
    return found


def batched(answerer: Answerer, asked: list[Asked], tokens: int, size: int) -> list[str]:
    """Ask as the evaluation does."""
    answerer.batch_size = size
    return answerer.answer(asked, max_new_tokens=tokens)


def kept(answerer: Answerer, asked: list[Asked], tokens: int, folder: str) -> list[str]:
    """Ask through the evaluation's cache in the lake."""
    examples = [Example(str(place), one.question, one.context, "") for place, one in enumerate(asked)]
    lake = open_lake(LakeSettings(uri=folder))
    return Responder(lake, answerer.digest, lambda: answerer).answers(examples, tokens)


def main() -> None:
    """Ask the same questions in every way and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=32)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    lines = given.rows.read_text(encoding="utf-8").splitlines()[: given.questions]
    asked = [Asked(row.get("context") or row["answer"], row["question"]) for row in map(json.loads, lines)]
    answerer = Answerer(given.model, device="cpu")
    answerer.answer(asked[:1], max_new_tokens=4)
    ways: dict[str, Callable[[], list[str]]] = {"one by one": lambda: one_by_one(answerer, asked, given.tokens)}
    for size in given.batch_sizes:
        ways[f"batches of {size}"] = lambda size=size: batched(answerer, asked, given.tokens, size)  # type: ignore[misc]
    spent: dict[str, float] = dict.fromkeys(ways, 0.0)
    said: dict[str, list[str]] = {}
    for _ in range(given.rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            said[name] = way()
            spent[name] += time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        kept(answerer, asked, given.tokens, folder)
        started = time.perf_counter()
        said["kept"] = kept(answerer, asked, given.tokens, folder)
        spent["kept"] = (time.perf_counter() - started) * given.rounds
    print(f"{len(asked)} questions, {given.rounds} rounds, load of the machine {os.getloadavg()[0]:.1f}")
    for name, seconds in spent.items():
        same = sum(first == second for first, second in zip(said["one by one"], said[name], strict=True))
        print(
            f"{name:>14}: {seconds / given.rounds:7.2f} s, {given.rounds * len(asked) / seconds:8.2f} answers/s, "
            f"{spent['one by one'] / seconds:6.1f} times, {same} of {len(asked)} answers identical"
        )


if __name__ == "__main__":
    main()
