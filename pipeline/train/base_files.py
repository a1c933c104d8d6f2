"""Which files of a folder or a repository are the base model: configuration, tokenizer, and one copy of the weights.

Many repositories carry a second copy in another layout.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from pipeline.errors import TrainingError

CONFIGURATION = ("*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt")
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
MAX_INDEX = 50_000_000
"""Bytes; the indices of the largest models there are have a tenth of it."""
_NAME = re.compile(r"\w[\w.-]*\.safetensors", re.ASCII)


def weight_files(folder: Path) -> list[str]:
    """Return the names of a model's weight files, sorted: those that its index names, or the single file without one.

    They need not be there. Whatever else lies beside them (Mistral's `consolidated.safetensors`, a half-precision copy)
    is no part of what `from_pretrained` loads. Raises TrainingError when the index cannot be read or names anything
    but files of the same folder.
    """
    index = folder / INDEX
    if not index.is_file():
        return [SINGLE]
    try:
        if index.stat().st_size > MAX_INDEX:
            raise ValueError("it is too large")
        names = {str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()}
        strange = sorted(name for name in names if not _NAME.fullmatch(name))
        if strange or not names:
            raise ValueError(f"it names {strange[0][:80]!r}" if strange else "it names no file")
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as problem:
        raise TrainingError(
            f"The index of the base model's weights cannot be used: {str(problem)[:160]}",
            where=index.name,
            remedy="Write the model with transformers' save_pretrained",
        ) from None
    return sorted(names)


def model_files(folder: Path) -> list[Path]:
    """Return the files of a folder that make the model: those of its weights that are there, then the others."""
    weights = [folder / name for name in weight_files(folder) if (folder / name).is_file()]
    return weights + [file for pattern in CONFIGURATION for file in sorted(folder.glob(pattern))]


def copy_model(source: Path, folder: Path) -> None:
    """Copy a model's weights, configuration and tokenizer. Raises TrainingError when there are no safetensors."""
    files = model_files(source)
    if not set(weight_files(source)) & {file.name for file in files}:
        raise TrainingError(
            f"The base model has no safetensors weights ({SINGLE}, or what {INDEX} names)",
            where=str(source),
            remedy="Convert them once with transformers' save_pretrained; pickled weights are refused",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
