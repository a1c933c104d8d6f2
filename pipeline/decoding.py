"""How an answer is decoded: greedily, by the model's own probabilities, up to any token that ends it."""

from __future__ import annotations

from typing import Any

from transformers import GenerationConfig


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return the tokens that end an answer: the tokenizer's, and those that the model's own configuration names.

    Instruction-tuned models often end their turn with a token that is not the tokenizer's end of text.
    """
    named = model.generation_config.eos_token_id
    ends = [tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])]
    return frozenset(int(token) for token in ends if token is not None)


def decode_plainly(model: Any, tokenizer: Any, ends: frozenset[int]) -> None:
    """Take the folder's own way of decoding away from a model, all but the ids of special tokens.

    What `generate` is not told it takes from the folder's `generation_config.json`: penalties for repetition, forced
    and forbidden tokens, least lengths. An answer has to repeat its context, and models are compared as they are.
    """
    own = model.generation_config
    model.generation_config = GenerationConfig(
        do_sample=False,
        num_beams=1,
        bos_token_id=own.bos_token_id,
        decoder_start_token_id=own.decoder_start_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted(ends) or None,
    )
