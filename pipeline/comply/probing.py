"""One generation pass a model for the probes of all checks: gathered, made unique, batched, and kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import SecretStr

from pipeline.comply.probe import Probe
from pipeline.comply.subject import ModelFiles, Reply
from pipeline.encoding import PROMPT_TOKENS
from pipeline.errors import PipelineError
from pipeline.kept_answers import KeptAnswers
from pipeline.log import get_logger
from pipeline.manifest import digest_of
from pipeline.stage import code_version

if TYPE_CHECKING:
    from pipeline.answering import Answerer
    from pipeline.lake import Lake

log = get_logger(__name__)
PROMPT_CODE = ("answering", "decoding", "encoding", "precision", "prompts", "special_tokens")


class Prober:
    """Asks a model, at most once for each probe; replies are kept in the lake by the digest of the model's files."""

    def __init__(
        self, lake: Lake | None, batch_size: int, key: SecretStr | None = None, prompt_tokens: int = PROMPT_TOKENS
    ) -> None:
        """Without a lake nothing is kept; `key`, the audit trail's, seals what is. Prompts are at most that long."""
        self._lake = lake
        self._key = key
        self._batch_size = batch_size
        self._prompt_tokens = prompt_tokens

    def ask(self, model: ModelFiles, probes: Iterable[Probe]) -> dict[Probe, Reply]:
        """Return the reply to each probe.

        Raises PipelineError when the model cannot be loaded or asked, whatever the cause: a model from outside may
        break the library that loads it in any way.
        """
        wanted = list(dict.fromkeys(probes))
        kept = self._kept(model)
        replies = {probe: kept[key] for probe in wanted if (key := _key(probe)) in kept}
        missing = [probe for probe in wanted if probe not in replies]
        if missing:
            made = self._generate(model, missing)
            self._keep(model, made)
            replies |= made
        return replies

    def _generate(self, model: ModelFiles, probes: Sequence[Probe]) -> dict[Probe, Reply]:
        from pipeline.encoding import Asked

        started = time.monotonic()
        answerer = self._load(model)
        replies: dict[Probe, Reply] = {}
        for limit in sorted({probe.max_new_tokens for probe in probes}):
            group = [probe for probe in probes if probe.max_new_tokens == limit]
            try:
                found = answerer.generate([Asked(probe.context, probe.question) for probe in group], limit)
            except Exception as problem:
                raise PipelineError(
                    f"The model breaks while it answers: {type(problem).__name__}: {_line(problem)}", where=model.name
                ) from problem
            replies |= {
                probe: Reply(answer.text, answer.finished, answer.tokens)
                for probe, answer in zip(group, found, strict=True)
            }
        log.info("probes answered", model=model.name, probes=len(probes), seconds=round(time.monotonic() - started, 1))
        return replies

    def _load(self, model: ModelFiles) -> Answerer:
        from pipeline.answering import Answerer

        try:
            return Answerer(model.folder, batch_size=self._batch_size, max_length=self._prompt_tokens)
        except PipelineError:
            raise
        except Exception as problem:
            raise PipelineError(
                f"The model cannot be loaded: {type(problem).__name__}: {_line(problem)}", where=model.name
            ) from problem

    def _store(self, model: ModelFiles) -> KeptAnswers | None:
        from pipeline.answering import folder_digest

        if self._lake is None:
            return None
        from pipeline.precision import answering_environment

        digest = model.output.digest if model.output else folder_digest(model.folder)
        code = code_version(*PROMPT_CODE)
        way = digest_of({**answering_environment(), "code": code, "prompt": self._prompt_tokens})
        place = self._lake.uri("cache", "probes", digest[:32], way[:16])
        return KeptAnswers(self._lake, place, self._key)

    def _kept(self, model: ModelFiles) -> dict[str, Reply]:
        store = self._store(model)
        return {key: Reply(**reply) for key, reply in store.read().items()} if store else {}

    def _keep(self, model: ModelFiles, replies: dict[Probe, Reply]) -> None:
        store = self._store(model)
        if store is not None:
            store.add(
                {
                    _key(probe): {"text": reply.text, "finished": reply.finished, "tokens": reply.tokens}
                    for probe, reply in replies.items()
                }
            )


def _key(probe: Probe) -> str:
    parts = json.dumps([probe.context, probe.question, probe.max_new_tokens], ensure_ascii=False)
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def _line(problem: Exception) -> str:
    return (str(problem).splitlines() or [""])[0][:300]
