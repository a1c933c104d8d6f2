"""Training throughput, side by side, on the same data and model, in one run:

- the usual tutorial: transformers' Trainer with everything padded to the maximum length,
- this project's trainer,
- a hand-written PyTorch loop over the very batches that this project's trainer makes (the limit),
- this project's trainer with batches packed into one line (causal models),
- this project's trainer with the lower layers frozen and their outputs kept (causal models with adapters).

    .venv/bin/python benchmarks/training.py [--architecture causal] [--steps 30] [--model FOLDER] [--clock processor]

Examples have the lengths of real FAQ rows (log-normal, mean about 228 tokens, 95th percentile about 335), answers up to
this project's limit (log-normal, median 40 tokens, at most 64). Each variant runs in a process of its own, so that its peak memory is its own. On a machine that does other work too, compare the
seconds of the processor (`--clock processor`, one thread) instead of those on the wall.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

MAXIMUM, BATCH, ANSWER = 512, 8, 64
PACKED = "ours, packed"
CLOCK = "BENCHMARK_CLOCK"
"""Environment variable that tells the variants' processes how to measure."""


def now() -> float:
    """Return the time in seconds: on the wall, or that this process spent on the processor."""
    return time.process_time() if os.environ.get(CLOCK) == "processor" else time.perf_counter()


def examples(count: int, architecture: str, vocabulary: int, seed: int) -> Any:
    """Random tokens with real lengths; the answer is the end of a causal example, a row of its own otherwise."""
    from pipeline.train.examples import IGNORED, Examples

    random = np.random.default_rng(seed)
    lengths = np.clip(random.lognormal(np.log(218), 0.26, count), 64, MAXIMUM).astype(int)
    tokens = [random.integers(5, vocabulary, length).astype(np.int32) for length in lengths]
    answers = np.clip(random.lognormal(np.log(40), 0.5, count), 8, ANSWER).astype(int)
    labels = []
    for row, answer in zip(tokens, answers, strict=True):
        if architecture == "causal":
            wanted = row.copy()
            wanted[:-answer] = IGNORED
            labels.append(wanted)
        else:
            labels.append(random.integers(5, vocabulary, answer).astype(np.int32))
    return Examples([f"{seed}-{n}" for n in range(count)], tokens, labels)


def build(folder: Path, architecture: str) -> Path:
    """A random model of about 8 million parameters."""
    from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

    if architecture == "causal":
        config = LlamaConfig(
            vocab_size=8192,
            hidden_size=256,
            intermediate_size=688,
            num_hidden_layers=8,
            num_attention_heads=4,
            tie_word_embeddings=True,
        )
        LlamaForCausalLM(config).save_pretrained(folder)
    else:
        sizes = {"d_model": 256, "d_kv": 64, "d_ff": 1024, "num_heads": 4, "num_layers": 4, "num_decoder_layers": 4}
        T5ForConditionalGeneration(
            T5Config(vocab_size=8192, decoder_start_token_id=0, pad_token_id=0, **sizes)
        ).save_pretrained(folder)
    return folder


def load(folder: Path, architecture: str) -> Any:
    """Load a model with its language head."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return (AutoModelForCausalLM if architecture == "causal" else AutoModelForSeq2SeqLM).from_pretrained(folder)


def hyper(steps: int, **changes: Any) -> Any:
    """Hyperparameters of this project for a number of steps."""
    from pipeline.settings import TrainSettings
    from pipeline.train.hyperparameters import Hyperparameters

    chosen = {
        "max_steps": steps,
        "epochs": float(steps),
        "batch_size": BATCH,
        "eval_steps": 10_000,
        "learning_rate": 1e-4,
        **changes,
    }
    return Hyperparameters.of(TrainSettings(**chosen))


def tutorial(folder: Path, architecture: str, data: Any, steps: int) -> tuple[float, int, int]:
    """The script that most tutorials show: pad to the maximum, default collator, Trainer."""
    import torch
    from transformers import Trainer, TrainingArguments

    model = load(folder, architecture)
    padded = []
    for row in range(len(data)):
        tokens, labels = data.tokens(row).tolist(), data.labels(row).tolist()
        padded.append(
            {
                "input_ids": tokens + [0] * (MAXIMUM - len(tokens)),
                "attention_mask": [1] * len(tokens) + [0] * (MAXIMUM - len(tokens)),
                "labels": labels + [-100] * ((MAXIMUM if architecture == "causal" else ANSWER) - len(labels)),
            }
        )
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            scratch,
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            learning_rate=1e-4,
            use_cpu=not torch.cuda.is_available(),
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=padded)
        started = now()
        trainer.train()
        return now() - started, steps * BATCH, data.targets()


def ours(folder: Path, architecture: str, data: Any, steps: int, **changes: Any) -> tuple[float, int, int]:
    """This project's trainer; the validation before and after training is not counted."""
    from pipeline.train.environment import accelerator_for, be_deterministic
    from pipeline.train.session import Session
    from pipeline.train.trainer import Trainer

    be_deterministic(0)
    spent: list[float] = []
    measured = Trainer._step

    def timed(self: Trainer, step: int, rows: np.ndarray) -> None:
        started = now()
        measured(self, step, rows)
        spent.append(now() - started)

    Trainer._step = timed  # type: ignore[method-assign]
    validation = data.subset(range(2))
    session = Session(folder, architecture, data, validation, accelerator=accelerator_for("auto"))  # type: ignore[arg-type]
    started = now()
    _, progress = session.fit(hyper(steps, **{"method": "full", **changes}))
    whole = now() - started
    if changes.get("lora_layers"):
        return whole, progress.examples, progress.answer_tokens
    return sum(spent), progress.examples, progress.answer_tokens


def limit(folder: Path, architecture: str, data: Any, steps: int) -> tuple[float, int, int]:
    """A bare loop over the same batches: forward, backward, clip, step."""
    import torch

    from pipeline.train.batching import Loader, epoch_order

    model = load(folder, architecture).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    loader = Loader(data, architecture, 0)  # type: ignore[arg-type]
    settings = hyper(steps, method="full")
    order = epoch_order(data.lengths, BATCH, settings.seed + 1, 0)[:steps]
    batches = [loader.batch(rows) for rows in order]
    started = now()
    for batch in batches:
        if architecture == "causal":
            hidden = model.model(input_ids=batch.token_ids, use_cache=False).last_hidden_state
            wanted = batch.labels[:, 1:]
            kept = wanted != -100
            loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[:, :-1][kept]), wanted[kept])
        else:
            loss = model(
                input_ids=batch.token_ids, attention_mask=batch.mask, labels=batch.labels, use_cache=False
            ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    seconds = now() - started
    return seconds, sum(len(rows) for rows in order), sum(data.targets(rows) for rows in order)


def child(name: str, folder: str, architecture: str, steps: int, out: str) -> None:
    """Run one variant and write its figures."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import AutoConfig

    place = Path(folder)
    vocabulary = min(8192, AutoConfig.from_pretrained(place).vocab_size)
    data = examples(steps * BATCH, architecture, vocabulary, seed=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name == "tutorial":
        seconds, count, tokens = tutorial(place, architecture, data, steps)
    elif name == "limit":
        seconds, count, tokens = limit(place, architecture, data, steps)
    elif name in ("ours", PACKED):
        seconds, count, tokens = ours(place, architecture, data, steps, packing=name == PACKED)
    else:
        seconds, count, tokens = ours(place, architecture, data, 3 * steps, method="lora", lora_layers=2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    Path(out).write_text(json.dumps([seconds, count, tokens, peak / 1024]))


def main() -> None:
    """Run every variant and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=("causal", "seq2seq"), default="causal")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", help="A model folder; a random one of about 8M parameters by default.")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    options = parser.parse_args()
    os.environ[CLOCK] = options.clock
    if options.clock == "processor":
        os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait would spend time of the processor too
    names = ["tutorial", "ours", "limit"]
    if options.architecture == "causal":
        names += [PACKED, "adapters on the top 2 layers, 3 epochs"]
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.model or str(build(Path(scratch) / "model", options.architecture))
        for name in names:
            out = f"{scratch}/result.json"
            process = multiprocessing.get_context("spawn").Process(
                target=child, args=(name, folder, options.architecture, options.steps, out)
            )
            process.start()
            process.join()
            figures[name] = json.loads(Path(out).read_text())
    print(f"{'variant':<42}{'examples/s':>12}{'answer tokens/s':>17}{'peak MB':>10}")
    for name, (seconds, count, tokens, peak) in figures.items():
        print(f"{name:<42}{count / seconds:>12.2f}{tokens / seconds:>17.1f}{peak:>10.0f}")
    speed = {name: count / seconds for name, (seconds, count, _, _) in figures.items()}
    print(f"\nours against the tutorial: {speed['ours'] / speed['tutorial']:.2f} x (wanted: 3)")
    print(f"ours against the limit:    {speed['ours'] / speed['limit']:.2f}   (wanted: 0.9)")


if __name__ == "__main__":
    main()
