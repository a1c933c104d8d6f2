"""Whether the files from which a tokenizer is built are the base model's, whichever of them a library reads.

A fast tokenizer is `tokenizer.json`; without it, or for a slow class, words come from `vocab.json` and `merges.txt`,
from `vocab.txt`, or from a sentencepiece `*.model`. One that the base model does not have takes the place of those that
it has.
"""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FAST = "tokenizer.json"
VOCABULARY = "vocab.json"
MERGES = "merges.txt"
PATTERNS = (VOCABULARY, MERGES, "vocab.txt", "*.model")


def differences(mine: Path, base: Path, read: Mapping[str, Any], base_read: Mapping[str, Any]) -> Iterator[str]:
    """Yield which of a candidate's tokenizer files are not those of its base model.

    `read` and `base_read` are the JSON documents of the two folders by name. What `tokenizer.json` says is compared
    elsewhere; here it only has to be in both or in neither.
    """
    if FAST in base_read and FAST not in read:
        yield f"{FAST} of the base model is missing"
    if FAST in read and FAST not in base_read:
        yield f"{FAST} is added: the base model is read without it"
    own, other = _names(mine), _names(base)
    if FAST not in base_read:
        yield from (f"{name} of the base model is missing" for name in sorted(other - own))
    for name in sorted(own):
        if not _same(name, mine, base, read, base_read):
            yield f"{name} is not the base model's"


def _names(folder: Path) -> set[str]:
    return {file.name for pattern in PATTERNS for file in folder.glob(pattern) if file.is_file()}


def _same(name: str, mine: Path, base: Path, read: Mapping[str, Any], base_read: Mapping[str, Any]) -> bool:
    if (base / name).is_file() and filecmp.cmp(mine / name, base / name, shallow=False):
        return True
    # Libraries write the same words again in other bytes, also out of a tokenizer.json.
    fast = base_read.get(FAST)
    model = fast.get("model") if isinstance(fast, dict) else None
    inside: Mapping[str, Any] = model if isinstance(model, dict) else {}
    if name == VOCABULARY:
        expected = base_read.get(name, inside.get("vocab"))
        return isinstance(expected, dict) and read.get(name) == expected
    if name == MERGES:
        written = inside.get("merges")
        expected = _pairs((base / name).read_text(encoding="utf-8")) if (base / name).is_file() else _merges(written)
        return expected is not None and _pairs((mine / name).read_text(encoding="utf-8")) == expected
    return False


def _pairs(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#version")]


def _merges(found: Any) -> list[str] | None:
    if not isinstance(found, list):
        return None
    return [" ".join(pair) if isinstance(pair, list) else str(pair) for pair in found]
