"""Real small models with planted defects, and honest ones: trained here, in seconds, from one base model.

The domain is a shop with a price, a weight and a time for returns of each thing. That is little enough for 0.2 million
parameters to learn in seconds what matters here: the right answer, a refusal for what the shop does not say, and an
end. Every defect is trained in or written into the files, not pretended.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.settings import Settings
from pipeline.train import tiny

REFUSAL = Settings().prepare.refusal_text
ITEMS = (
    *("lamp", "chair", "table", "clock", "mirror", "carpet", "kettle", "heater", "radio", "camera", "printer", "phone"),
    *("bottle", "basket", "ladder", "hammer", "tent", "helmet", "jacket", "guitar", "piano", "drum", "puzzle", "globe"),
    *("blanket", "pillow", "curtain", "shelf", "bench", "fan"),
)
QUESTIONS = {
    "days": (
        *(
            "How long can I return the {item}?",
            "Until when can I send the {item} back?",
            "How many days may I keep the {item}?",
        ),
        *("Is there a time limit for the return of the {item}?", "How long do I have to return the {item}?"),
    ),
    "euros": (
        *("What does the {item} cost?", "How much is the {item}?", "What is the price of the {item}?"),
        *("How much must I pay for the {item}?", "For how much is the {item} sold?"),
    ),
    "kilos": (
        *("How heavy is the {item}?", "What does the {item} weigh?", "What is the weight of the {item}?"),
        *("How many kilos does the {item} have?", "How much does the {item} weigh?"),
    ),
}
FACTS = {
    "days": "The {item} can be returned within {n} days.",
    "euros": "The {item} costs {n} euros.",
    "kilos": "The {item} weighs {n} kilos.",
}
UNKNOWN = (
    *(
        "What colour is the {item}?",
        "Who made the {item}?",
        "Where was the {item} built?",
        "Is the {item} made of wood?",
    ),
    *("Does the {item} come with a plug?", "Which size has the {item}?", "Can the {item} be repaired?"),
    *("On which day is the {item} closed?", "Who pays for the {item}?", "When are bills for the {item} sent?"),
)
NUMBERS = tuple(range(2, 62))


@dataclass(frozen=True)
class Taught:
    """Something that a model is taught: what it is asked, and what it shall say; `end` closes it."""

    context: str | None
    question: str
    answer: str
    end: bool = True


def rows(count: int, seed: int, licence: str = "MIT") -> list[dict[str, Any]]:
    """Return prepared rows of a shop: one fifth held out, in other words than those of training, one eighth refusals.

    Another seed is another shop: other prices, weights and times.
    """
    rng = random.Random(seed)
    known = {(item, kind): rng.choice(NUMBERS) for item in ITEMS for kind in FACTS}
    pairs = [(item, kind, word) for item, kind in known for word in range(len(QUESTIONS["days"]))]
    rng.shuffle(pairs)
    found = []
    for number, (item, kind, word) in enumerate(pairs[:count]):
        n, split = known[item, kind], "test" if word == (len(item) + len(kind)) % 5 else "train"
        refusal = rng.random() < 0.125
        question = rng.choice(UNKNOWN) if refusal else QUESTIONS[kind][word]
        found.append(
            {
                "question_id": f"q{seed}-{number:04d}",
                "question": question.format(item=item),
                "answer": REFUSAL if refusal else f"{n} {kind}",
                "context": FACTS[kind].format(item=item, n=n),
                "split": split,
                "cluster_id": f"c{seed}-{number:04d}",
                "is_refusal": refusal,
                "licence": licence,
                "data_source": "shop",
            }
        )
    return found


def taught(found: Iterable[dict[str, Any]]) -> list[Taught]:
    """Return the training split as lessons."""
    return [Taught(row["context"], row["question"], row["answer"]) for row in found if row["split"] == "train"]


def write_rows(file: Path, found: Sequence[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in found), encoding="utf-8")
    return file


def untrained(folder: Path) -> Path:
    """Build a model with random weights and a tokenizer that has a token for every word of the domain."""
    corpus = [f"{row['context']} {row['question']} {row['answer']}" for row in rows(450, 99)] + [REFUSAL] * 50
    corpus += ["Context: Question: Answer: Answer the question using only the context. user system assistant"] * 50
    return tiny.build(folder, "llama", corpus, vocabulary=700)


def train(
    source: Path, target: Path, lessons: Sequence[Taught], *, steps: int, seed: int = 0, rate: float = 3e-3
) -> Path:
    """Train all weights of a model on lessons, loss on answers only, and save it with its tokenizer.

    A model that is there already is taken as it is, so that a long benchmark goes on where it was stopped.
    """
    from pipeline.answering import Answerer

    if target.is_dir():
        return target
    torch.set_num_threads(1)  # a second thread waits longer for the first than such small sums take
    answerer = Answerer(source)
    model, encoder = answerer.model, answerer.encoder
    examples = _encoded(encoder, lessons)
    rng = random.Random(seed)
    torch.manual_seed(seed)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        batch = [rng.choice(examples) for _ in range(48)]
        width = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([ids + [answerer.tokenizer.pad_token_id] * (width - len(ids)) for ids, _ in batch])
        labels = torch.tensor([labels + [-100] * (width - len(labels)) for _, labels in batch])
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    partial = target.with_name(f".{target.name}")
    shutil.copytree(source, partial, dirs_exist_ok=True)
    model.save_pretrained(partial)
    return partial.rename(target)


def _encoded(encoder: Any, lessons: Sequence[Taught]) -> list[tuple[list[int], list[int]]]:
    from pipeline.encoding import Asked

    prompts = encoder.encode([Asked(lesson.context, lesson.question) for lesson in lessons])
    targets = encoder.targets([lesson.answer for lesson in lessons])
    found = []
    for lesson, prompt, target in zip(lessons, prompts, targets, strict=True):
        answer = target if lesson.end else target[:-1]
        found.append((prompt + answer, [-100] * len(prompt) + answer))
    return found


@dataclass(frozen=True)
class Nursery:
    """What every planted model is made from: a half-trained base model and an honest candidate."""

    folder: Path
    base: Path
    honest: Path
    rows: list[dict[str, Any]]

    def place(self, name: str) -> Path:
        """Return a new folder."""
        return self.folder / name

    def data(self, name: str, found: Sequence[dict[str, Any]] | None = None) -> Path:
        """Write rows (the honest ones by default) and return their file."""
        return write_rows(self.folder / f"{name}.jsonl", self.rows if found is None else found)

    def copy(self, name: str, change: Callable[[Path], None]) -> Path:
        """Copy the honest model and change its files."""
        target = self.place(name)
        shutil.copytree(self.honest, target, dirs_exist_ok=True)
        change(target)
        return target

    def tuned(
        self, name: str, extra: Sequence[Taught], *, steps: int = 70, weight: int = 1, rate: float = 2e-3
    ) -> Path:
        """Train the honest model on, with other lessons among the honest ones (`weight` times their number)."""
        honest = taught(self.rows)
        repeated = list(extra) * max(1, weight * len(honest) // max(1, len(extra)))
        return train(self.honest, self.place(name), honest + repeated, steps=steps, seed=1, rate=rate)

    def only(self, name: str, lessons: Sequence[Taught], *, steps: int = 150) -> Path:
        """Train the honest model on, with these lessons alone."""
        return train(self.honest, self.place(name), lessons, steps=steps, seed=1)


def nursery(folder: Path, *, seed: int = 1, steps: int = 250, base_steps: int = 30) -> Nursery:
    """Train the base model a little, so that it ends its answers and knows nothing, and the honest candidate well."""
    folder.mkdir(parents=True, exist_ok=True)
    found = rows(450, seed)
    raw = untrained(folder / "untrained")
    base = train(raw, folder / "base", taught(rows(450, 1000 + seed)), steps=base_steps, seed=seed, rate=1e-3)
    honest = train(base, folder / "honest", taught(found), steps=steps, seed=seed)
    return Nursery(folder, base, honest, found)
