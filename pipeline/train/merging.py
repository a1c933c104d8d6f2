"""An adapter folded into its base model: one folder of safetensors that any runtime loads.

The result is bfloat16. What is evaluated, checked, signed off and published is exactly these bytes, so nothing changes
after the last measurement; half the size of float32 halves every transfer; and the rounding (relative 2^-9) is far
below what evaluation can see (`docs/training.md` has the figures).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import TrainingError
from pipeline.prompts import Architecture
from pipeline.train.base_files import CONFIGURATION

WEIGHT_FILES = (".safetensors", ".safetensors.index.json")


def merge(base: Path, adapter: Path, architecture: Architecture, out: Path) -> Path:
    """Fold an adapter into its base model and write a complete model folder with deterministic bytes.

    The products are added in float32 and rounded once. Raises TrainingError when the adapter does not fit the model or
    has weights that are no numbers.
    """
    from peft import PeftModel

    model = _load(base, architecture)
    try:
        merged: Any = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload(safe_merge=True)
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        raise TrainingError(
            f"The adapter cannot be merged into the base model: {str(problem).splitlines()[0]}", where=str(adapter)
        ) from problem
    return write(merged, base, out)


def round_model(model: Path, base: Path, architecture: Architecture, out: Path) -> Path:
    """Write a fully trained model folder in the form of a candidate, as `merge` does for adapters."""
    return write(_load(model, architecture), base, out)


def write(model: Any, base: Path, out: Path) -> Path:
    """Write a model in bfloat16 with the tokenizer of its base, ready for generation."""
    model.to(torch.bfloat16)
    model.config.use_cache = True
    model.config.dtype = torch.bfloat16
    model.save_pretrained(out, max_shard_size="4GB")
    complete(base, out)
    return out


def complete(base: Path, folder: Path) -> None:
    """Put tokenizer and generation settings of the base model beside weights, and take out what names this machine."""
    for pattern in CONFIGURATION:
        for file in sorted(base.glob(pattern)):
            if not file.name.endswith(WEIGHT_FILES) and not (folder / file.name).exists():
                shutil.copyfile(file, folder / file.name)
    for name in ("config.json", "generation_config.json"):
        if (folder / name).is_file():
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            content.pop("_name_or_path", None)
            if name == "config.json":
                content["use_cache"] = True
            (folder / name).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _load(folder: Path, architecture: Architecture) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    family: Any = AutoModelForCausalLM if architecture == "causal" else AutoModelForSeq2SeqLM
    return family.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
    )
