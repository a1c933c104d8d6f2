"""Answers and likelihoods of a model for many examples: batched, cached, and loaded only when something is missing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pipeline.evaluate.examples import Example
from pipeline.kept_answers import KeptAnswers
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import digest_of
from pipeline.stage import code_version

if TYPE_CHECKING:
    from pipeline.answering import Answerer

log = get_logger(__name__)
PROMPT_CODE = ("answering", "decoding", "encoding", "precision", "prompts", "special_tokens")


@dataclass
class Speed:
    """How much was worked rather than read from the cache."""

    generated: int = 0
    cached: int = 0
    seconds: float = 0.0
    load_seconds: float = 0.0

    @property
    def answers_per_second(self) -> float | None:
        """Return the throughput of generation, None when nothing was generated."""
        return self.generated / self.seconds if self.generated and self.seconds else None


@dataclass
class Responder:
    """A model that is asked; `load` is called at the first question whose answer is not kept, sealed with `key`.

    `decoding` is what decides the answers beside the model, the prompt and the code; they are kept by it.
    """

    lake: Lake
    digest: str
    load: Callable[[], Answerer]
    key: SecretStr | None = None
    decoding: Mapping[str, Any] = field(default_factory=dict)
    speed: Speed = field(default_factory=Speed)
    _answerer: Answerer | None = None

    @property
    def answerer(self) -> Answerer:
        """Return the loaded model."""
        if self._answerer is None:
            started = time.monotonic()
            self._answerer = self.load()
            self.speed.load_seconds = time.monotonic() - started
        return self._answerer

    def close(self) -> None:
        """Let the model's memory go."""
        self._answerer = None

    def answers(self, examples: Sequence[Example], max_new_tokens: int) -> list[str]:
        """Return the model's greedy answer to each example, in order."""
        decoding = {**self._way(), "strategy": "greedy", "max_new_tokens": max_new_tokens}
        keys = [_key(example.context, example.question) for example in examples]

        def work(missing: list[Example]) -> list[dict[str, Any]]:
            from pipeline.encoding import Asked

            asked = [Asked(example.context, example.question) for example in missing]
            answerer, started = self.answerer, time.monotonic()
            produced = answerer.answer(asked, max_new_tokens=max_new_tokens)
            self.speed.generated += len(missing)
            self.speed.seconds += time.monotonic() - started
            return [{"answer": text} for text in produced]

        found = self._cached("answers", decoding, keys, examples, work)
        return [str(found[key]["answer"]) for key in keys]

    def likelihoods(self, examples: Sequence[Example], texts: Sequence[str]) -> list[tuple[float, int]]:
        """Return the summed log-probability and the number of tokens of a text as the answer to each example."""
        pairs = list(zip(examples, texts, strict=True))
        keys = [_key(example.context, example.question, text) for example, text in pairs]

        def work(missing: list[tuple[Example, str]]) -> list[dict[str, Any]]:
            from pipeline.encoding import Asked

            asked = [Asked(example.context, example.question) for example, _ in missing]
            scores = self.answerer.log_likelihood(asked, [text for _, text in missing])
            return [{"total": score.total, "tokens": score.tokens} for score in scores]

        found = self._cached("likelihoods", self._way(), keys, pairs, work)
        return [(float(found[key]["total"]), int(found[key]["tokens"])) for key in keys]

    def _way(self) -> dict[str, Any]:
        return {**self.decoding, "code": code_version(*PROMPT_CODE)}

    def _cached(
        self,
        kind: str,
        decoding: dict[str, Any],
        keys: list[str],
        items: Sequence[Any],
        work: Callable[[list[Any]], list[dict[str, Any]]],
    ) -> dict[str, dict[str, Any]]:
        prefix = self.lake.uri("cache", kind, self.digest[:32], digest_of(decoding)[:16])
        cache = KeptAnswers(self.lake, prefix, self.key)
        found = cache.read()
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in found}
        self.speed.cached += len(keys) - len(missing) if kind == "answers" else 0
        if missing:
            log.info("asking the model", kind=kind, new=len(missing), kept=len(keys) - len(missing))
            made = dict(zip(missing, work(list(missing.values())), strict=True))
            cache.add(made)
            found |= made
        return found


def _key(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
