"""The base model's tokenizer: fetched without the weights, and small enough to travel to Spark's executors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pipeline.encoding import PromptEncoder
from pipeline.errors import LakeError, PipelineError
from pipeline.lake import Lake
from pipeline.manifest import Manifest, content_digest
from pipeline.model_folder import file_digest
from pipeline.prompts import Architecture, PromptTemplate, template_for
from pipeline.whole_file import replacing

WEIGHTS = (".safetensors", ".safetensors.index.json")


@dataclass(frozen=True)
class FastTokenizer:
    """The part of a tokenizer that turns text into ids; pickles as its JSON and needs no transformers to run.

    Executors start in a fraction of a second with it, where importing transformers takes several.
    """

    fast: Tokenizer
    eos_token_id: int
    control_ids: frozenset[int]

    def __call__(self, texts: Sequence[str], add_special_tokens: bool = False, **_: Any) -> dict[str, list[list[int]]]:
        """Return the ids of texts, in the shape in which transformers' tokenizers answer."""
        encoded = self.fast.encode_batch_fast(texts, add_special_tokens=add_special_tokens)
        return {"input_ids": [item.ids for item in encoded]}


@dataclass(frozen=True)
class ModelText:
    """How one base model reads text: its tokenizer and its template, with a digest over both."""

    tokenizer: FastTokenizer
    template: PromptTemplate
    architecture: Architecture
    digest: str

    def encoder(self, max_length: int) -> PromptEncoder:
        """Return the encoder that training, evaluation and serving share."""
        return PromptEncoder(self.tokenizer, self.template, max_length)


def fetch(lake: Lake, base: Manifest, cache: Path) -> ModelText:
    """Load the tokenizer of a base model from the lake, through a cache keyed by its content.

    Raises LakeError when the lake holds other files than the manifest promises, and PipelineError when the model has
    no fast tokenizer or none that ends its answers.
    """
    output = base.output("model")
    files = [file for file in output.files if not file.path.endswith(WEIGHTS)]
    digest = content_digest(files)
    folder = cache / "tokenizers" / digest[:24]
    for file in files:
        _ensure(lake, f"{output.uri}/{file.path}", folder / file.path, file.sha256)
    return load(folder, base.facts.get("architecture"), digest)


def _ensure(lake: Lake, uri: str, path: Path, sha256: str) -> None:
    """Have a file of the lake at a local path, where no other bytes than the promised ones ever appear."""
    if path.is_file() and file_digest(path) == sha256:
        return
    with replacing(path) as fetched:
        lake.download(uri, fetched)
        if file_digest(fetched) != sha256:
            raise LakeError(
                "A file of the base model's tokenizer is not what its manifest says",
                where=uri,
                remedy="Find out who writes to the lake, delete the manifest beside it, and run its stage again",
            )


def load(folder: Path, architecture: str | None, digest: str) -> ModelText:
    """Load a tokenizer from a model folder. Raises PipelineError when it cannot be used."""
    from transformers import AutoTokenizer

    if architecture not in ("causal", "seq2seq"):
        raise PipelineError(
            f"The architecture of the base model is {architecture!r}",
            where=str(folder),
            remedy="It must be causal or seq2seq; set model.architecture",
        )
    try:
        slow: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        fast = Tokenizer.from_str(slow.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError) as problem:
        raise PipelineError(
            f"The base model has no fast tokenizer: {str(problem).splitlines()[0]}",
            where=str(folder),
            remedy="The model needs a tokenizer.json; convert it with transformers' save_pretrained",
        ) from None
    if slow.eos_token_id is None:
        raise PipelineError("The tokenizer has no end token, so no answer could ever end", where=str(folder))
    fast.no_padding()
    fast.no_truncation()
    added = json.loads(fast.to_str())["added_tokens"]
    # unknown characters of ordinary text become the unknown token: it controls nothing
    control = {token["id"] for token in added if token["special"]} - {slow.unk_token_id}
    template = template_for(slow, architecture)  # type: ignore[arg-type]
    return ModelText(FastTokenizer(fast, slow.eos_token_id, frozenset(control)), template, architecture, digest)  # type: ignore[arg-type]
