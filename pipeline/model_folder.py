"""A model's folder before it is loaded: files that could run code, and one digest over all files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pipeline.errors import PipelineError

UNSAFE_SUFFIXES = (
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".pkl",
    ".pickle",
    ".joblib",
    ".npy",
    ".h5",
    ".msgpack",
    ".py",
    ".so",
)


def refuse_unsafe_files(folder: Path) -> None:
    """Refuse a model folder that could run code when it is loaded: pickled weights, Python files, remote code.

    Raises PipelineError naming the file.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in UNSAFE_SUFFIXES or path.is_symlink():
            raise PipelineError(
                "The model folder holds a file that could run code or lead elsewhere",
                where=path.name,
                remedy="Keep safetensors weights, JSON configuration and tokenizer files only",
            )
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise PipelineError("A file of the model is not valid JSON", where=path.name) from None
        if isinstance(content, dict) and content.get("auto_map"):
            raise PipelineError(
                "The model asks for code of its own (auto_map)", where=path.name, remedy="Use a built-in architecture"
            )
    if not any(folder.glob("*.safetensors")):
        raise PipelineError("The model folder holds no safetensors weights", where=str(folder))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """Return one SHA-256 over the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()
