"""What of a model learns: all of it, or low-rank adapters beside its linear layers (LoRA, QLoRA).

LoRA: Hu et al., 2021 (arXiv:2106.09685). QLoRA: Dettmers et al., 2023 (arXiv:2305.14314).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import TrainingError
from pipeline.precision import computes_bfloat16
from pipeline.prompts import Architecture
from pipeline.train.hyperparameters import Hyperparameters
from pipeline.train.memory import out_of_memory


def load_base(folder: Path, architecture: Architecture, hyper: Hyperparameters, device: torch.device) -> Any:
    """Load the base model for training: safetensors only, no remote code.

    float32 on the CPU, where it is fastest; on GPUs that have it the frozen weights of LoRA are bfloat16, and QLoRA's
    are 4-bit NormalFloat. Raises TrainingError when the folder holds no model that can be loaded.
    """
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    family: Any = AutoModelForCausalLM if architecture == "causal" else AutoModelForSeq2SeqLM
    half = computes_bfloat16(device)
    options: dict[str, Any] = {"dtype": torch.bfloat16 if half and hyper.method != "full" else torch.float32}
    if hyper.method == "qlora":
        options |= {"quantization_config": _four_bits(half), "device_map": {"": device}}
    try:
        model = family.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, local_files_only=True, **options
        )
    except (OSError, ValueError, RuntimeError) as problem:
        raise TrainingError(
            f"The base model cannot be loaded: {str(problem).splitlines()[0]}", where=str(folder)
        ) from problem
    return model if hyper.method == "qlora" else model.to(device)


def attach(model: Any, architecture: Architecture, hyper: Hyperparameters) -> Any:
    """Freeze what does not learn and return the model to train: the model itself, or the adapter around it.

    Raises TrainingError when the adapters do not fit into memory.
    """
    if hyper.method == "full":
        for parameter in model.parameters():
            parameter.requires_grad_(True)
        return model
    from peft import LoraConfig, TaskType, get_peft_model, prepare_model_for_kbit_training

    if hyper.method == "qlora":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    targets = _targets(model, hyper.lora_layers)
    torch.manual_seed(hyper.seed)
    config = LoraConfig(
        r=hyper.lora_rank,
        lora_alpha=hyper.lora_alpha,
        lora_dropout=hyper.lora_dropout,
        target_modules=targets,
        task_type=TaskType.CAUSAL_LM if architecture == "causal" else TaskType.SEQ_2_SEQ_LM,
        bias="none",
    )
    try:
        return get_peft_model(model, config)
    except (RuntimeError, MemoryError) as problem:
        if not out_of_memory(problem):
            raise
        raise TrainingError(
            "The adapters do not fit into memory", where=f"lora_rank = {hyper.lora_rank}", remedy="Lower the rank"
        ) from problem


def plain(model: Any) -> Any:
    """Return the transformers model inside an adapter, or the model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    """Return the parameters that learn, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def save(model: Any, hyper: Hyperparameters, folder: Path) -> Path:
    """Write what was learnt, with deterministic bytes: the adapter alone, or the whole model for full fine-tuning."""
    folder.mkdir(parents=True, exist_ok=True)
    if hyper.method == "full":
        model.save_pretrained(folder)
    else:
        model.save_pretrained(folder, save_embedding_layers=False)
        _normalise(folder / "adapter_config.json")
        (folder / "README.md").unlink(missing_ok=True)
    return folder


def _normalise(config: Path) -> None:
    """Take out of the adapter's configuration what differs from run to run: paths and the order of sets."""
    content = json.loads(config.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = None
    for name, value in content.items():
        if name == "target_modules" and isinstance(value, list):
            content[name] = sorted(value)
    config.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _targets(model: Any, count: int | None) -> list[str]:
    """Return the linear layers that adapters go beside: all but the output layer, of the top `count` layers of a stack.

    An encoder and a decoder have stacks of their own, of lengths of their own; of a stack with fewer layers, all. What
    reads pictures or sounds has no adapters: texts never reach it.
    """
    head, text = model.get_output_embeddings(), _text_part(model)
    linear = [name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear) and part is not head]
    reached = [name for name in linear if name.startswith(text)]
    if count is None:
        # Last names stand for all layers of that name, so they will not do where others are to be left out.
        return sorted({name.rpartition(".")[2] for name in reached} if len(reached) == len(linear) else reached)
    chosen: list[str] = []
    for stack, total in _stacks(model).items():
        top = tuple(f"{stack}.{place}." for place in range(max(0, total - count), total))
        chosen += [name for name in linear if name.startswith(top)]
    return sorted(chosen)


def shorter_stacks(model: Any, count: int | None) -> dict[str, int]:
    """Return the stacks that have fewer than `count` layers, with how many they have: there, all of them learn."""
    found = _stacks(plain(model)).items() if count is not None else ()
    return {name: total for name, total in found if total < (count or 0)}


def _stacks(model: Any) -> dict[str, int]:
    """Return the stacks of layers that texts go through, by the names of their lists, with their lengths."""
    names, text = ("block", "layers", "h"), _text_part(model)
    return {
        name: len(part)
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.ModuleList) and name.rpartition(".")[2] in names and name.startswith(text)
    }


def _text_part(model: Any) -> str:
    """Return how the names of all that a text goes through begin; of an encoder and a decoder, that is everything."""
    decoder = None if model.config.is_encoder_decoder else model.get_decoder()
    return next((f"{name}." for name, part in model.named_modules() if name and part is decoder), "")


def _four_bits(half: bool) -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if half else torch.float16,
    )
