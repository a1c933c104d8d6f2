"""Tiny random models with a tokenizer trained on a corpus: every code path in seconds, and no knowledge at all.

They answer nothing that makes sense, whatever they are trained on in minutes; no figure about quality may rest on them.
They exist for tests, for trying a configuration, and for continuous integration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import TrainingError

FAMILIES = ("llama", "t5")
VOCABULARY = 2048
SEED = 0
SENTINELS = 20
SAMPLES = Path(__file__).resolve().parent.parent / "local" / "samples"
TEXT_FILES = (".txt", ".md", ".jsonl", ".html", ".json")
_TAG = re.compile(r"<[^>]{0,500}>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def corpus_of(path: Path | None) -> Iterator[str]:
    """Yield the texts that a tokenizer is trained on: a file, a folder, or the project's sample pages."""
    place = path or SAMPLES
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.suffix in TEXT_FILES)
    for file in files:
        yield _TAG.sub(" ", file.read_text(encoding="utf-8", errors="replace"))
    if not files:
        yield Path(__file__).read_text(encoding="utf-8")


def build(folder: Path, family: str, corpus: Iterable[str], *, seed: int = SEED, vocabulary: int = VOCABULARY) -> Path:
    """Write a tiny model of a family (`llama` or `t5`) with its tokenizer into a folder, and return the folder.

    Equal arguments give equal bytes. Raises TrainingError for an unknown family.
    """
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    if family not in FAMILIES:
        raise TrainingError(f"There is no tiny {family}", remedy=f"Use one of: {', '.join(FAMILIES)}")
    tokenizer = _tokenizer(family, corpus, vocabulary)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _llama(tokenizer) if family == "llama" else _t5(tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(family: str, corpus: Iterable[str], vocabulary: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "</s>", "<unk>"] if family == "t5" else ["<|pad|>", "<|end|>", "<|start|>"]
    sentinels = [f"<extra_id_{number}>" for number in range(SENTINELS)] if family == "t5" else []
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=special + sentinels,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    if family == "t5":
        raw.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token=special[0],
        eos_token=special[1],
        **({"unk_token": special[2]} if family == "t5" else {"bos_token": special[2]}),
    )
    if family == "llama":
        tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _llama(tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def _t5(tokenizer: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.1,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return T5ForConditionalGeneration(config)
