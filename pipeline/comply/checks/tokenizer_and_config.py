"""Configuration and tokenizer that describe a model and do nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.comply import tokenizer_likeness, weights
from pipeline.comply.base_likeness import differences
from pipeline.comply.check import Check, Limits, Result, verdict
from pipeline.comply.subject import ModelFiles, Subject

MAX_JSON = 200_000_000
MAX_DEPTH = 60
CODE_KEYS = frozenset(
    {"auto_map", "custom_pipelines", "trust_remote_code", "custom_generate", "custom_args", "tool_parser"}
)
KERNEL_KEYS = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})
PLAIN_ATTENTION = frozenset({"eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"})
PATH_KEYS = frozenset({"tokenizer_file", "vocab_file", "merges_file", "spm_file", "gguf_file", "adapter_path"})
STEERING = frozenset(
    {
        *("forced_bos_token_id", "forced_eos_token_id", "forced_decoder_ids", "suppress_tokens", "bad_words_ids"),
        *("begin_suppress_tokens", "sequence_bias", "force_words_ids", "constraints", "min_new_tokens", "min_length"),
        *(
            "prefix_allowed_tokens_fn",
            "watermarking_config",
            "assistant_model",
            "prompt_lookup_num_tokens",
            "stop_strings",
        ),
    }
)
LAYER_KEYS = ("num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer")
_URL = re.compile(r"https?://|www\.|javascript:", re.IGNORECASE)


class TokenizerAndConfig(Check):
    """No code by configuration, the base model's tokenizer, sizes that fit the weights."""

    slug = "tokenizer_and_config"
    title = "Tokenizer and configuration"
    proves = (
        "No configuration asks for code of its own, for kernels from a repository or for files elsewhere; generation "
        "is not steered by forced or forbidden tokens; the tokenizer reads and writes texts as the base model's does; "
        "and the sizes in the configuration are those of the weights, so that loading takes no more memory than those."
    )
    risks = ("supply-chain", "data-and-model-poisoning")
    severity = "critical"
    remedy = "Take configuration and tokenizer from the base model as it was published"
    before_loading = True
    waivable = False

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Read every JSON file, then compare with weights and base model."""
        content, problems = _documents(subject.candidate)
        for name, document in content.items():
            problems += [f"{name}: {problem}" for problem in dict.fromkeys(_code(document))]
        config = content.get("config.json")
        if not isinstance(config, dict):
            problems.append("there is no config.json")
        else:
            problems += _sizes(subject.candidate, config)
        base, _ = _documents(subject.base) if subject.base else ({}, [])
        problems += _steering(content, base)
        problems += _tokenizer(content)
        if subject.base is not None:
            problems += differences(content, base)
            folders = subject.candidate.folder, subject.base.folder
            problems += tokenizer_likeness.differences(*folders, content, base)
        measured = {"documents": len(content), "compared_with_base": subject.base is not None}
        return verdict(problems, "no code, no steering, the base model's tokenizer", measured)


def _documents(model: ModelFiles) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    problems = []
    for path in sorted(model.folder.rglob("*.json")):
        name = path.relative_to(model.folder).as_posix()
        if path.is_symlink() or not path.is_file():
            continue
        try:
            found[name] = _read(path)
        except (ValueError, OSError, RecursionError) as problem:
            problems.append(f"{name} cannot be read: {str(problem)[:120]}")
    return found, problems


def _read(path: Path) -> Any:
    if path.stat().st_size > MAX_JSON:
        raise ValueError(f"it has {path.stat().st_size:,} bytes")
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice, two programs may read different values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{twice[0][:40]!r} stands twice")
    return found


def _code(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield "it is nested too deep"
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _key(str(key), inner)
            if not (key in ("vocab", "model_max_length") or isinstance(inner, str | int | float | bool)):
                yield from _code(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _code(inner, depth + 1)


def _key(key: str, value: Any) -> Iterator[str]:
    if key in CODE_KEYS and value:
        yield f"it asks for code of its own ({key})"
    elif key in KERNEL_KEYS and isinstance(value, str) and value not in PLAIN_ATTENTION:
        yield f"it asks for a kernel from elsewhere ({value[:60]})"
    elif key in PATH_KEYS and isinstance(value, str) and ("/" in value or "\\" in value or ".." in value):
        yield f"it leads to a file elsewhere ({key})"


def _sizes(model: ModelFiles, config: dict[str, Any]) -> Iterator[str]:
    """Compare the configuration with the weights that are there: a small file must not ask for a large model."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(model.folder.glob("*.safetensors")):
        try:
            shapes |= {tensor.name: tensor.shape for tensor in weights.read_header(path)}
        except (weights.BadWeights, OSError):
            return
    hidden = config.get("hidden_size", config.get("d_model"))
    layers = max((n for n in (config.get(key) for key in LAYER_KEYS) if isinstance(n, int)), default=None)
    embedding = next((s for n, s in shapes.items() if n.endswith(("embed_tokens.weight", "shared.weight"))), None)
    if embedding and len(embedding) == 2 and (config.get("vocab_size"), hidden) != embedding:
        yield f"config.json says {config.get('vocab_size')} x {hidden} embeddings, the weights have {embedding}"
    numbers = {int(n) for name in shapes for n in re.findall(r"(?:layers|block|h)\.(\d+)\.", name)}
    if numbers and layers is not None and layers != max(numbers) + 1:
        yield f"config.json says {layers} layers, the weights have {max(numbers) + 1}"


def _steering(content: dict[str, Any], base: dict[str, Any]) -> Iterator[str]:
    for name in ("generation_config.json", "config.json"):
        document, expected = content.get(name), base.get(name)
        if not isinstance(document, dict):
            continue
        allowed = expected if isinstance(expected, dict) else {}
        for key in sorted(STEERING & set(document)):
            if document[key] not in (None, 0, [], {}, False) and document[key] != allowed.get(key):
                yield f"{name} steers what the model may say ({key})"


def _tokenizer(content: dict[str, Any]) -> Iterator[str]:
    mine = content.get("tokenizer.json")
    if isinstance(mine, dict):
        yield from _decoder(mine.get("decoder"))
        yield from _normalizer(mine.get("normalizer"))


def _decoder(decoder: Any) -> Iterator[str]:
    """A decoder may put any text in the place of a token: into every answer, after the model has spoken."""
    for part in _parts(decoder):
        replaced = part.get("content")
        if part.get("type") == "Replace" and isinstance(replaced, str) and len(replaced.strip()) > 1:
            yield f"tokenizer.json writes {replaced[:40]!r} into answers"


def _normalizer(normalizer: Any) -> Iterator[str]:
    for part in _parts(normalizer):
        written = part.get("content", part.get("prepend"))
        if isinstance(written, str) and (len(written.split()) > 1 or _URL.search(written)):
            yield f"tokenizer.json writes {written[:40]!r} into questions"


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, list):
                for entry in inner:
                    yield from _parts(entry)
