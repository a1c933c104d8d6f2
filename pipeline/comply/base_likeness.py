"""Whether a candidate's configuration and tokenizer mean what its base model's mean, however they were saved.

Saving a model with another version of its library renames keys and writes defaults out. So files are not compared as
they are: only what changes how a text is read, when an answer ends and how weights are used is, in its present name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# What a tokenizer.json may hold that does not change how a text is read.
NEUTRAL = frozenset({"padding", "truncation", "version"})
SHAPE = (
    *("model_type", "architectures", "num_attention_heads", "num_key_value_heads", "hidden_act", "is_decoder"),
    *("head_dim", "rms_norm_eps", "layer_norm_epsilon", "tie_word_embeddings", "sliding_window", "attention_bias"),
    *("relative_attention_num_buckets", "relative_attention_max_distance", "feed_forward_proj"),
)
ENDS = ("eos_token_id", "bos_token_id", "decoder_start_token_id")
UNWANTED = ("quantization_config", "compression_config", "pruned_heads")
DECODING: Mapping[str, tuple[Any, ...]] = {
    "do_sample": (False,),
    "temperature": (1.0,),
    "top_p": (1.0,),
    "top_k": (50, 0),
    "num_beams": (1,),
    "repetition_penalty": (1.0,),
    "no_repeat_ngram_size": (0,),
    "length_penalty": (1.0,),
}
TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "cls_token", "mask_token")
PREFIXES = ("add_bos_token", "add_eos_token", "add_prefix_space", "do_lower_case")
ANY_CLASS = frozenset({"TokenizersBackend", "PreTrainedTokenizerFast", ""})
Documents = Mapping[str, Any]


def differences(mine: Documents, base: Documents) -> Iterator[str]:
    """Yield what the candidate's JSON files say that its base model's do not."""
    yield from _shown("config.json", _config(_of(mine, "config.json"), _of(base, "config.json"), base))
    name = "generation_config.json"
    yield from _shown(name, _generation(_of(mine, name), _of(base, name), base))
    yield from _tokenizer(_of(mine, "tokenizer.json"), _of(base, "tokenizer.json"))
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        yield from _shown(name, _special_tokens(_of(mine, name), base))
    yield from _shown("tokenizer_config.json", _reading(mine, base))
    yield from _added(mine, base)


def _shown(name: str, keys: Iterator[str]) -> Iterator[str]:
    found = list(dict.fromkeys(keys))
    if found:
        yield f"{name} differs from the base model's in: {', '.join(found)}"


def _of(documents: Documents, name: str) -> dict[str, Any]:
    found = documents.get(name)
    return found if isinstance(found, dict) else {}


def _config(mine: dict[str, Any], other: dict[str, Any], base: Documents) -> Iterator[str]:
    if not mine or not other:
        return
    for key in SHAPE:
        if key in other and key in mine and mine[key] != other[key]:
            yield key
    yield from (key for key in SHAPE[:3] if key in other and key not in mine)
    yield from (key for key in UNWANTED if mine.get(key) and mine.get(key) != other.get(key))
    if _positions(mine) != _positions(other):
        yield "rope_parameters"
    yield from _ends(mine, base)


def _positions(config: dict[str, Any]) -> tuple[float | None, str, tuple[tuple[str, str], ...]]:
    """Return base, kind and factors of rotary positions, in whichever of their two places they are kept."""
    kept: dict[str, Any] = {}
    for key in ("rope_scaling", "rope_parameters"):
        value = config.get(key)
        kept |= value if isinstance(value, dict) else {}
    theta = kept.pop("rope_theta", config.get("rope_theta"))
    kind = str(kept.pop("rope_type", kept.pop("type", "default")))
    kept.pop("type", None)
    base = float(theta) if isinstance(theta, int | float) else None
    return base, kind, tuple(sorted((key, str(value)) for key, value in kept.items() if value is not None))


def _generation(mine: dict[str, Any], other: dict[str, Any], base: Documents) -> Iterator[str]:
    for key, defaults in DECODING.items():
        value = mine.get(key)
        if value is not None and value not in defaults and value != other.get(key):
            yield key
    yield from _ends(mine, base)


def _ends(mine: dict[str, Any], base: Documents) -> Iterator[str]:
    """An answer may end at any token at which the base model's answers may, and at no other."""
    ids = {str(t.get("content")): t.get("id") for t in _listed(_of(base, "tokenizer.json").get("added_tokens"))}
    for key in ENDS:
        allowed: set[Any] = set()
        for name in ("config.json", "generation_config.json"):
            allowed |= _ids(_of(base, name).get(key))
        token = _text(_of(base, "tokenizer_config.json").get(key.removesuffix("_id")))
        if token in ids:
            allowed.add(ids[token])
        if not _ids(mine.get(key)) <= allowed:
            yield key


def _ids(value: Any) -> set[Any]:
    if value is None:
        return set()
    values = value if isinstance(value, list) else [value]
    return {str(one) if isinstance(one, dict | list) else one for one in values}


def _tokenizer(mine: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    if not mine or not other:
        return
    changed = sorted(key for key in (set(mine) | set(other)) - NEUTRAL if mine.get(key) != other.get(key))
    if changed:
        yield f"tokenizer.json differs from the base model's in: {', '.join(changed)}"


def _special_tokens(mine: dict[str, Any], base: Documents) -> Iterator[str]:
    expected = {**_of(base, "special_tokens_map.json"), **_of(base, "tokenizer_config.json")}
    for key in TOKENS:
        value = _text(mine.get(key))
        if value is not None and value != _text(expected.get(key)):
            yield key


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _reading(mine: Documents, base: Documents) -> Iterator[str]:
    own, other = _of(mine, "tokenizer_config.json"), _of(base, "tokenizer_config.json")
    if not own or not other:
        return
    yield from (key for key in PREFIXES if own.get(key) is not None and own.get(key) != other.get(key))
    names = {str(config.get("tokenizer_class") or "").removesuffix("Fast") for config in (own, other)}
    if len(names - {name.removesuffix("Fast") for name in ANY_CLASS}) > 1 or (
        len(names) > 1 and str(own.get("tokenizer_class") or "") not in ANY_CLASS
    ):
        yield "tokenizer_class"


def _added(mine: Documents, base: Documents) -> Iterator[str]:
    """Tokens that are added beside the tokenizer must be those that it has, at their own places."""
    tokenizer = _of(base, "tokenizer.json")
    known = {str(token.get("content")): token.get("id") for token in _listed(tokenizer.get("added_tokens"))}
    for text, number in _of(base, "added_tokens.json").items():
        known.setdefault(text, number)
    decoder = _of(mine, "tokenizer_config.json").get("added_tokens_decoder")
    beside = [(str(text), number) for text, number in _of(mine, "added_tokens.json").items()]
    placed = decoder.items() if isinstance(decoder, dict) else ()
    inside = [(_text(token) or "", int(number)) for number, token in placed if str(number).isdigit()]
    for name, pairs in (("added_tokens.json", beside), ("tokenizer_config.json", inside)):
        wrong = sorted(text for text, number in pairs if known.get(text) != number)
        if wrong and (tokenizer or not _of(base, name)):
            yield f"{name} adds tokens that the base model does not have, such as {wrong[0][:40]!r}"


def _listed(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
