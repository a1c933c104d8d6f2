"""Benchmarks beside the held-out questions: files of our own, files of the user's, and lm-evaluation-harness tasks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import PipelineError
from pipeline.evaluate.examples import Example, Outcome, from_row
from pipeline.evaluate.generation import Responder
from pipeline.evaluate.labelling import as_question, is_multi_label, read_labels

SAMPLES = Path(__file__).parent / "tasks"
Kind = Literal["generation", "labels", "multiple_choice"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A set of examples of one kind.

    `generation`: a free answer; `labels`: the model writes one or several of the choices; `multiple_choice`: the choice
    that the model finds most likely counts, whatever it would write.
    """

    name: str
    kind: Kind
    examples: list[Example]


def load_benchmark(place: str, limit: int | None = None) -> Benchmark:
    """Read a benchmark: `sample:NAME` for one that ships with the project, else a JSON Lines file.

    Each line has `question`, maybe `context`, and either `answer` (free), or `choices` with `labels` (classes as text),
    or `choices` with `answer` as the number or text of the right choice (multiple choice). Raises PipelineError naming
    the line that is wrong.
    """
    file = SAMPLES / f"{place.removeprefix('sample:')}.jsonl" if place.startswith("sample:") else Path(place)
    if not file.is_file():
        known = ", ".join(f"sample:{path.stem}" for path in sorted(SAMPLES.glob("*.jsonl")))
        raise PipelineError("There is no such benchmark file", where=place, remedy=f"Give a file, or one of {known}")
    lines = [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    parsed = [_line(file, number, line) for number, line in enumerate(lines, start=1)]
    kinds = {kind for kind, _ in parsed}
    if len(kinds) != 1:
        raise PipelineError(
            f"A benchmark file has lines of one kind; this one has: {', '.join(sorted(kinds)) or 'none'}",
            where=str(file),
            remedy="Split it into one file for each kind",
        )
    examples = [example for _, example in parsed]
    _refuse_duplicates(file, examples)
    return Benchmark(file.stem, kinds.pop(), examples if limit is None else examples[:limit])


def _refuse_duplicates(file: Path, examples: Sequence[Example]) -> None:
    """Results are kept by question_id: two questions with the same one would be judged as one."""
    counted = Counter(example.question_id for example in examples)
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise PipelineError(
            f"{len(twice)} question_ids stand on several lines, such as {twice[0][:60]!r}",
            where=str(file),
            remedy="Give each line a question_id of its own, or none at all",
        )


def _line(file: Path, number: int, line: str) -> tuple[Kind, Example]:
    where = f"{file}, line {number}"
    try:
        row: Any = json.loads(line)
    except ValueError as problem:
        raise PipelineError(f"This line is not JSON: {problem}", where=where) from None
    if not isinstance(row, dict):
        raise PipelineError("This line is not a JSON object", where=where)
    row = {"question_id": f"{file.stem}-{number:05d}", "data_source": file.stem, **row}
    choices = row.get("choices")
    if not choices:
        return "generation", from_row(row)
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise PipelineError("choices must be a list of texts", where=where)
    labels = row.get("labels")
    if labels is None:
        return "multiple_choice", from_row(row | {"labels": [_right(choices, row.get("answer"), where)], "answer": ""})
    unknown = [label for label in labels if label not in choices]
    if unknown:
        raise PipelineError(f"Labels that are no choice: {unknown}", where=where)
    return "labels", from_row({"answer": ", ".join(labels), **row})


def _right(choices: list[str], answer: Any, where: str) -> str:
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        return choices[answer]
    if isinstance(answer, str) and answer in choices:
        return answer
    raise PipelineError(
        "The answer is none of the choices", where=where, remedy="Give its text, or its number counted from 0"
    )


def run_benchmark(benchmark: Benchmark, responder: Responder, max_new_tokens: int) -> list[Outcome]:
    """Ask a model a benchmark's questions and return what it said, ready for the metrics."""
    examples = benchmark.examples
    if benchmark.kind == "generation":
        return [Outcome(e, text) for e, text in zip(examples, responder.answers(examples, max_new_tokens), strict=True)]
    if benchmark.kind == "multiple_choice":
        return _most_likely(examples, responder)
    multi = is_multi_label(examples)
    answers = responder.answers([as_question(example, multi) for example in examples], max_new_tokens)
    outcomes = []
    for example, answer in zip(examples, answers, strict=True):
        named = read_labels(answer, example.choices, multi=True)
        outcomes.append(Outcome(example, answer, labels=named if multi else named[:1], ranking=named))
    return outcomes


def _most_likely(examples: Sequence[Example], responder: Responder) -> list[Outcome]:
    """Rank the choices by log-likelihood per byte (the harness's `acc_norm`), so that long choices are not punished."""
    flat = [(example, choice) for example in examples for choice in example.choices]
    scores = responder.likelihoods([example for example, _ in flat], [choice for _, choice in flat])
    table: dict[str, list[tuple[float, str]]] = {}
    for (example, choice), (total, _) in zip(flat, scores, strict=True):
        table.setdefault(example.question_id, []).append((total / max(1, len(choice.encode())), choice))
    outcomes = []
    for example in examples:
        ranking = tuple(choice for _, choice in sorted(table[example.question_id], key=lambda item: -item[0]))
        best = replace(example, reference=example.labels[0])
        outcomes.append(Outcome(best, ranking[0], labels=ranking[:1], ranking=ranking))
    return outcomes
