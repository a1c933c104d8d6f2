"""The one way to ask a model: used by evaluation, compliance, verification of a release and `llmops ask`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from pipeline.decoding import decode_plainly, end_tokens
from pipeline.encoding import PROMPT_TOKENS, Asked, PromptEncoder
from pipeline.errors import PipelineError
from pipeline.model_folder import folder_digest, refuse_unsafe_files
from pipeline.precision import asking_device, asking_dtype
from pipeline.prompts import template_for

__all__ = ["Answerer", "Asked", "Generated", "LogLikelihood", "folder_digest", "refuse_unsafe_files"]

IGNORED = -100


@dataclass(frozen=True, slots=True)
class LogLikelihood:
    """The summed natural-log probability of an answer's tokens, and how many there are (the end token included)."""

    total: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer, how many tokens it took, and whether the model ended it by itself rather than at the limit."""

    text: str
    tokens: int
    finished: bool


class Answerer:
    """A model that answers questions: greedy, batched by length, the same answer at every call."""

    def __init__(
        self, folder: Path, *, batch_size: int = 16, device: str = "auto", max_length: int = PROMPT_TOKENS
    ) -> None:
        """Load a model folder; `max_length` is the number of tokens that a prompt may have.

        Raises PipelineError when its files are unsafe or incomplete.
        """
        refuse_unsafe_files(folder)
        self.folder = folder
        self.batch_size = batch_size
        self.device = asking_device() if device == "auto" else device
        try:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
            self.seq2seq = bool(config.is_encoder_decoder)
            family: Any = AutoModelForSeq2SeqLM if self.seq2seq else AutoModelForCausalLM
            self.model: Any = family.from_pretrained(
                folder,
                config=config,
                dtype=asking_dtype(self.device),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
            )
        except (OSError, ValueError, KeyError, RuntimeError) as problem:
            raise PipelineError(
                f"The model cannot be loaded: {str(problem).splitlines()[0]}", where=str(folder)
            ) from problem
        self.model.to(self.device).eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.ends = end_tokens(self.model, self.tokenizer)
        decode_plainly(self.model, self.tokenizer, self.ends)
        template = template_for(self.tokenizer, "seq2seq" if self.seq2seq else "causal")
        self.encoder = PromptEncoder(self.tokenizer, template, max_length)
        # of a causal model, prompt and answer share them; T5 knows no such limit
        positions = None if self.seq2seq else getattr(config.get_text_config(), "max_position_embeddings", None)
        self.positions: int | None = positions

    @property
    def digest(self) -> str:
        """Return the digest of the folder that was loaded."""
        return folder_digest(self.folder)

    def answer(self, asked: Sequence[Asked], max_new_tokens: int = 64) -> list[str]:
        """Return an answer to each question, in their order."""
        return [answer.text for answer in self.generate(asked, max_new_tokens)]

    def generate(self, asked: Sequence[Asked], max_new_tokens: int = 64) -> list[Generated]:
        """Return an answer to each question with how it ended, in their order."""
        prompts = self._prompts(asked, [max_new_tokens] * len(asked))
        answers = [Generated("", 0, True)] * len(prompts)
        for batch in self._by_length([len(prompt) for prompt in prompts]):
            produced = self._generate([prompts[index] for index in batch], max_new_tokens)
            # a decoder's own start token may be the end token
            rows = [row[1:] if self.seq2seq else row for row in produced.tolist()]
            lengths = [next((place for place, token in enumerate(ids) if token in self.ends), len(ids)) for ids in rows]
            said = [ids[:tokens] for ids, tokens in zip(rows, lengths, strict=True)]
            texts = self.tokenizer.batch_decode(said, skip_special_tokens=True)
            for index, text, ids, tokens in zip(batch, texts, rows, lengths, strict=True):
                finished = tokens < len(ids) or len(ids) < max_new_tokens
                answers[index] = Generated(self.encoder.template.escaper.unescape(text.strip()), tokens, finished)
        return answers

    def log_likelihood(self, asked: Sequence[Asked], answers: Sequence[str]) -> list[LogLikelihood]:
        """Return how probable the model finds each answer after its question."""
        targets = self.encoder.targets(answers)
        prompts = self._prompts(asked, [len(target) for target in targets])
        results: list[LogLikelihood | None] = [None] * len(prompts)
        for batch in self._by_length([len(p) + len(t) for p, t in zip(prompts, targets, strict=True)]):
            scores = self._score([prompts[index] for index in batch], [targets[index] for index in batch])
            for index, score in zip(batch, scores, strict=True):
                results[index] = score
        return [result for result in results if result is not None]

    def _prompts(self, asked: Sequence[Asked], answers: Sequence[int]) -> list[list[int]]:
        """Return the ids of prompts that leave room for answers of so many tokens among the model's positions."""
        most = self.encoder.max_length
        limits = [most if self.positions is None else max(1, min(most, self.positions - length)) for length in answers]
        return [
            self.encoder.join(parts, limit=limit)
            for parts, limit in zip(self.encoder.parts(asked), limits, strict=True)
        ]

    def _by_length(self, lengths: list[int]) -> Iterator[list[int]]:
        order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]

    def _padded(self, rows: list[list[int]], value: int, *, left: bool) -> torch.Tensor:
        width = max(len(row) for row in rows)
        padding = [[value] * (width - len(row)) for row in rows]
        filled = [pad + row if left else row + pad for pad, row in zip(padding, rows, strict=True)]
        return torch.tensor(filled, device=self.device)

    @torch.inference_mode()
    def _generate(self, prompts: list[list[int]], max_new_tokens: int) -> Any:
        left = not self.seq2seq
        ids = self._padded(prompts, self.tokenizer.pad_token_id, left=left)
        mask = self._padded([[1] * len(prompt) for prompt in prompts], 0, left=left)
        produced = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=max_new_tokens,
        )
        return produced if self.seq2seq else produced[:, ids.shape[1] :]

    @torch.inference_mode()
    def _score(self, prompts: list[list[int]], targets: list[list[int]]) -> list[LogLikelihood]:
        if self.seq2seq:
            ids = self._padded(prompts, self.tokenizer.pad_token_id, left=False)
            mask = self._padded([[1] * len(prompt) for prompt in prompts], 0, left=False)
            labels = self._padded(targets, IGNORED, left=False)
            logits = self.model(input_ids=ids, attention_mask=mask, labels=labels).logits
        else:
            labels = self._padded(targets, IGNORED, left=True)
            logits = self._last_logits([p + t for p, t in zip(prompts, targets, strict=True)], labels.shape[1])
        losses = torch.nn.functional.cross_entropy(
            logits.float().transpose(1, 2), labels, ignore_index=IGNORED, reduction="none"
        )
        counts = (labels != IGNORED).sum(1)
        return [LogLikelihood(-float(loss), int(count)) for loss, count in zip(losses.sum(1), counts, strict=True)]

    def _last_logits(self, rows: list[list[int]], count: int) -> torch.Tensor:
        """Return what a causal model predicts for the last `count` tokens of each row, as (rows, count, vocabulary).

        Rows end together, so that the output layer, a fifth of a small model's arithmetic and most of its memory, runs
        over the answers only.
        """
        ids = self._padded(rows, self.tokenizer.pad_token_id, left=True)
        mask = self._padded([[1] * len(row) for row in rows], 0, left=True)
        known = inspect.signature(self.model.forward).parameters
        options: dict[str, Any] = {}
        if "position_ids" in known:
            options["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        if "logits_to_keep" in known:
            options["logits_to_keep"] = count + 1
        logits: torch.Tensor = self.model(input_ids=ids, attention_mask=mask, use_cache=False, **options).logits
        return logits[:, -count - 1 : -1]
