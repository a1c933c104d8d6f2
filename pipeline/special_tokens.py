"""The tokens of a tokenizer that are no text: what begins one, and what has a meaning of its own inside."""

from __future__ import annotations

from typing import Any


def begin_token(tokenizer: Any) -> int | None:
    """Return the token that a tokenizer puts before every text, or None.

    It goes by what the tokenizer does: where a post-processor adds the token, as in Llama 3, no attribute says so.
    """
    ids = tokenizer("x")["input_ids"]
    return int(ids[0]) if ids and ids[0] == tokenizer.bos_token_id else None


def control_ids(tokenizer: Any) -> frozenset[int]:
    """Return the ids of the control tokens, but for the one of unknown characters, which controls nothing."""
    found = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    return frozenset({*found, *tokenizer.all_special_ids} - {tokenizer.unk_token_id})


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Return every string that the tokenizer reads as one control token.

    The named ones (end, padding) are not all: code models also reserve words like `<filename>`, which documentation
    uses as ordinary text.
    """
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(sorted({*tokenizer.all_special_tokens, *added}))
