"""GGUF files, the form in which quantised models travel, made into bfloat16 safetensors once.

bfloat16 keeps 8 bits of mantissa where the 4-bit source kept at most 4 or 5 per block, so the rounding is far below
what quantisation has already lost, and the folder is half the size of float32.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import TrainingError


def convert(file: Path, folder: Path) -> None:
    """Write the model, tokenizer and chat template of a GGUF file as a folder for `from_pretrained`.

    Raises TrainingError when the file's architecture is not one that transformers can read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    place = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(**place, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            **place,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, NotImplementedError) as problem:
        raise TrainingError(
            f"The GGUF file cannot be read: {str(problem).splitlines()[0]}",
            where=file.name,
            remedy="Use a file of a Llama-family architecture, or a model with safetensors",
        ) from problem
    model.config.use_cache = True
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
