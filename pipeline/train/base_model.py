"""Stage `base-model`: the foundation model as a safe, local-to-the-lake folder, fetched and converted once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pipeline import model_cache
from pipeline.errors import TrainingError
from pipeline.lake import Lake
from pipeline.manifest import Manifest
from pipeline.settings import Settings
from pipeline.stage import Attempt, run_stage
from pipeline.train.base_admission import admission, refuse_hostile_files, refuse_unlisted_revision
from pipeline.train.base_source import BaseSource, resolve

STAGE = "base-model"
CHECKS = ("file_digests", "weight_files", "chat_template", "tokenizer_and_config")
"""The checks of files, which decide whether a base model is admitted; what one of them lets through may change."""
PACKAGES = (
    *("train/base_model", "train/base_source", "train/base_files", "train/base_admission"),
    *("train/gguf_weights", "train/hub_source", "train/tiny"),
    *(f"comply/checks/{name}" for name in CHECKS),
    *("comply/weights", "comply/base_likeness", "comply/tokenizer_likeness", "comply/detect/injections"),
    *(f"comply/jinja_{name}" for name in ("code", "costs", "reach", "triggers")),
)


def run(settings: Settings, lake: Lake, *, run_id: str) -> Manifest:
    """Resolve `settings.model` and return the manifest whose output `model` any later stage loads.

    Raises TrainingError when the model does not exist or is of another architecture than asked, and Refused when the
    policy does not list the revision that was named or the files are not safe to use.
    """
    source = resolve(settings.model)
    refuse_unlisted_revision(settings, source)
    with tempfile.TemporaryDirectory(dir=_scratch(settings), prefix="base-") as scratch:
        folder = Path(scratch) / "model"

        def work(attempt: Attempt) -> None:
            source.materialise(folder)
            attempt.facts.update(_facts(settings, source, folder))
            if source.kind == "tiny":
                attempt.warn("The base model is a tiny preset with random weights: its answers mean nothing")
            attempt.lake.upload_folder(folder, attempt.uri("model"))

        manifest = run_stage(
            lake,
            STAGE,
            work,
            run_id=run_id,
            parameters={
                **source.identity(),
                "licence": settings.model.licence,
                "architecture": settings.model.architecture,
                "admission": admission(settings, source),
            },
            packages=PACKAGES,
        )
        if folder.is_dir():
            model_cache.keep(settings, folder, manifest.output("model"))
    return manifest


def _scratch(settings: Settings) -> Path:
    folder = settings.state_dir / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _facts(settings: Settings, source: BaseSource, folder: Path) -> dict[str, Any]:
    from safetensors import safe_open

    from pipeline.answering import refuse_unsafe_files

    refuse_unsafe_files(folder)
    refuse_hostile_files(settings, source, folder)
    config = _configuration(folder)
    architecture = "seq2seq" if config.is_encoder_decoder else "causal"
    asked = settings.model.architecture
    if asked not in ("auto", architecture):
        raise TrainingError(
            f"The base model is {architecture}, but model.architecture asks for {asked}", where=source.reference
        )
    parameters = 0
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (not a mapping)
                count = 1
                for side in tensors.get_slice(name).get_shape():
                    count *= side
                parameters += count
    return {
        "name": source.reference,
        "kind": source.kind,
        "revision": source.revision,
        "licence": settings.model.licence,
        "architecture": architecture,
        "model_type": config.model_type,
        "parameters": parameters,
        "bytes": sum(file.stat().st_size for file in folder.glob("*.safetensors")),
        "dtype": str(config.dtype).removeprefix("torch."),
        "sha256": source.revision,
    }


def _configuration(folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError) as problem:
        raise TrainingError(
            f"The base model's configuration cannot be read: {str(problem).splitlines()[0]}", where=str(folder)
        ) from problem
