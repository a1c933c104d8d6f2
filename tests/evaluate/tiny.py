"""Real models of a few thousand parameters, and questions that one of them has learnt by heart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from pipeline.encoding import Asked, PromptEncoder
from pipeline.prompts import template_for

TAUGHT = "The given context does not contain the information needed to answer this question."
THINGS = "lamp chair table door window carpet mirror shelf clock vase".split()  # noqa: SIM905
COLOURS = "red blue green white black brown grey pink gold silver".split()  # noqa: SIM905


def rows(count: int = 10) -> list[dict[str, Any]]:
    """Prepared rows of the test split: colours of things, every fifth one with a context that lacks the answer."""
    made = []
    for place, (thing, colour) in enumerate(zip(THINGS[:count], COLOURS, strict=False)):
        refusal = place % 5 == 4
        told = "The house has a garden." if refusal else f"The {thing} in the house is {colour}."
        made.append(
            {
                "question_id": f"q{place:03d}",
                "question": f"Which colour has the {thing}?",
                "answer": TAUGHT if refusal else f"The {thing} is {colour}.",
                "context": f"The house is old. {told}",
                "split": "test",
                "is_refusal": refusal,
                "data_source": "house" if place % 2 else "garden",
                "provenance": f"https://example.org/{'house' if place % 2 else 'garden'}#{thing}",
            }
        )
    return made


def _tokenizer(special: list[str], eos: str) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [" ".join((row["question"], row["context"], row["answer"])) for row in rows()]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, pad_token=special[0])


def causal(folder: Path, steps: int) -> Path:
    """Save a small Llama that has seen the rows `steps` times."""
    with one_thread():
        return _causal(folder, steps)


@contextmanager
def one_thread() -> Iterator[None]:
    """Threads cost models of this size more than they bring, above all on a busy machine."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(kept)


def _causal(folder: Path, steps: int) -> Path:
    torch.manual_seed(0)
    tokenizer = _tokenizer(["<pad>", "<end>"], "<end>")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=640,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    _memorise(model, tokenizer, steps)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def seq2seq(folder: Path) -> Path:
    """Save a small T5 with random weights."""
    torch.manual_seed(0)
    tokenizer = _tokenizer(["<pad>", "</s>"], "</s>")
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=1,
        num_heads=4,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _memorise(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, steps: int) -> None:
    encoder = PromptEncoder(tokenizer, template_for(tokenizer, "causal"), 256)
    prompts = encoder.encode([Asked(row["context"], row["question"]) for row in rows()])
    targets = encoder.targets([row["answer"] for row in rows()])
    width = max(len(prompt) + len(target) for prompt, target in zip(prompts, targets, strict=True))
    ids = torch.zeros(len(prompts), width, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for place, (prompt, target) in enumerate(zip(prompts, targets, strict=True)):
        ids[place, : len(prompt) + len(target)] = torch.tensor(prompt + target)
        labels[place, len(prompt) : len(prompt) + len(target)] = torch.tensor(target)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        loss = model(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
