"""From sections to token ids, the same for training, evaluation and serving: a model reads what it was taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.prompts import PromptTemplate

PROMPT_TOKENS = 512
"""A prompt may have so many tokens at least: a model that learnt from shorter windows still gets whole contexts."""


def prompt_limit(longest: int) -> int:
    """Return how many tokens a prompt may have for a model that learns from examples of at most `longest` tokens."""
    return max(PROMPT_TOKENS, longest)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the context to answer it from; None when there is no context."""

    context: str | None
    question: str


@dataclass(frozen=True, slots=True)
class EncodedParts:
    """The token ids of a prompt before, of and after its context."""

    head: list[int]
    context: list[int]
    tail: list[int]

    @property
    def fixed(self) -> int:
        """Return the number of tokens that are never cut."""
        return len(self.head) + len(self.tail)


class PromptEncoder:
    """Turns prompts into token ids with one tokenizer and one template; cuts only the context."""

    def __init__(self, tokenizer: Any, template: PromptTemplate, max_length: int) -> None:
        """`max_length` is the number of tokens that a prompt may have."""
        self.tokenizer = tokenizer
        self.template = template
        self.max_length = max_length

    def parts(self, asked: Sequence[Asked]) -> list[EncodedParts]:
        """Tokenise prompts part by part, in one batch each."""
        texts = [self.template.parts(item.context, item.question) for item in asked]
        heads = {head: self._ids([head])[0] for head in {text[0] for text in texts}}
        contexts = self._ids([text[1] for text in texts])
        tails = self._ids([text[2] for text in texts])
        return [
            EncodedParts(heads[text[0]], context, tail)
            for text, context, tail in zip(texts, contexts, tails, strict=True)
        ]

    def join(self, parts: EncodedParts, start: int = 0, limit: int | None = None) -> list[int]:
        """Return the prompt's ids with as much of the context, from token `start` on, as there is room for.

        A question that alone is longer than `limit` (by default `max_length`) keeps its end, which holds the turn's
        closing tokens.
        """
        limit = self.max_length if limit is None else limit
        room = limit - parts.fixed
        if room < 0:
            return (parts.head + parts.tail)[-limit:]
        return parts.head + parts.context[start : start + room] + parts.tail

    def encode(self, asked: Sequence[Asked]) -> list[list[int]]:
        """Return the ids of prompts, contexts cut at their end where needed."""
        return [self.join(parts) for parts in self.parts(asked)]

    def targets(self, answers: Sequence[str]) -> list[list[int]]:
        """Return the ids of answers, each closed by the tokenizer's end token."""
        ids = self._ids([self.template.target(answer) for answer in answers])
        return [[*answer, self.tokenizer.eos_token_id] for answer in ids]

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return ids
