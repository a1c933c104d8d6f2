"""Weights that are data and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from pipeline.comply import weights
from pipeline.comply.check import Check, Limits, Result, Threshold, verdict
from pipeline.comply.subject import ModelFiles, Subject

ALLOWED = frozenset(
    {".safetensors", ".json", ".jinja", ".txt", ".model", ".md", ".html", ".svg", ".png", ".css", ".license", ""}
)
ALLOWED_NAMES = frozenset({".gitattributes", "LICENSE", "NOTICE", "merges.txt"})
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"\x1f\x8b", b"\x89HDF", b"GGUF")
PROGRAM_STARTS = (b"\x7fELF", b"MZ", b"#!")
INDEX = "model.safetensors.index.json"
# One of two tied matrices may be left out of a file, and loading fills it from the other.
TIED = frozenset({"lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"})


class WeightFiles(Check):
    """Only safetensors, well formed, finite, and of the base model's shape."""

    slug = "weight_files"
    title = "Weight files"
    proves = (
        "No file can run code when it is read: safetensors only, no pickles, programs, links or archives, whatever "
        "they are called. Headers are well formed and within limits, no weight is NaN or infinite, and there is no "
        "tensor that the base model does not have."
    )
    risks = ("supply-chain", "data-and-model-poisoning")
    severity = "critical"
    remedy = (
        "Write the model with save_pretrained (safetensors) from a healthy training run, and nothing else beside it"
    )
    thresholds: ClassVar[Mapping[str, Threshold]] = {
        "max_bad_values": Threshold(0, "weights that may be NaN or infinite"),
        "max_zero_share": Threshold(0.5, "share of the weight matrices that may be nothing but zeros"),
    }
    before_loading = True
    waivable = False

    def judge(self, subject: Subject, limits: Limits) -> Result:
        """Look at every file of the folder, then into the weights."""
        problems = list(_file_problems(subject.candidate))
        tensors, broken = _layout(subject.candidate)
        problems += broken
        measured: dict[str, Any] = {"files": sum(1 for _ in files(subject.candidate.folder)), "tensors": len(tensors)}
        if not broken:
            problems += _values(tensors, limits, measured)
            problems += _against_base(tensors, subject.base, measured)
        good = f"{measured['files']} files, {measured['tensors']} tensors: safetensors only, well formed and finite"
        return verdict(problems, good, measured, [{"problem": problem} for problem in problems])


def files(folder: Path) -> Iterator[Path]:
    """Yield everything in a folder that is not a plain folder, links included, sorted."""
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())


def _file_problems(model: ModelFiles) -> Iterator[str]:
    for path in files(model.folder):
        name = path.relative_to(model.folder).as_posix()
        if path.is_symlink() or not path.is_file():
            yield f"{name} is a link or a special file"
        elif path.suffix.lower() not in ALLOWED and path.name not in ALLOWED_NAMES:
            yield f"{name} is of a kind that no model needs ({path.suffix.lower() or 'no suffix'}); it may run code"
        else:
            yield from _content(path, name)


def _content(path: Path, name: str) -> Iterator[str]:
    with path.open("rb") as stream:
        start = stream.read(64)
    if start.startswith(PICKLE_STARTS):
        yield f"{name} is a pickle or an archive, whatever it is called"
    elif start.startswith(PROGRAM_STARTS):
        yield f"{name} is a program"


def _layout(model: ModelFiles) -> tuple[dict[str, tuple[Path, weights.Tensor]], list[str]]:
    tensors: dict[str, tuple[Path, weights.Tensor]] = {}
    problems = []
    for path in sorted(model.folder.rglob("*.safetensors")):
        name = path.relative_to(model.folder).as_posix()
        if path.is_symlink() or not path.is_file():
            continue
        try:
            for tensor in weights.read_header(path):
                if tensor.name in tensors:
                    problems.append(f"the tensor {tensor.name} stands in two files")
                tensors[tensor.name] = (path, tensor)
        except (weights.BadWeights, OSError) as problem:
            problems.append(f"{name} is no proper safetensors file: {problem}")
    if not tensors and not problems:
        problems.append("there are no safetensors weights")
    problems += _index(model, tensors)
    return tensors, problems


def _index(model: ModelFiles, tensors: dict[str, tuple[Path, weights.Tensor]]) -> list[str]:
    index = model.path(INDEX)
    if not index.is_file():
        return []
    try:
        places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        wanted = {str(name): str(file) for name, file in places.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError):
        return [f"{INDEX} cannot be read"]
    outside = sorted({file for file in wanted.values() if PurePosixPath(file).name != file})
    problems = [f"{INDEX} leads out of the folder: {file[:80]}" for file in outside]
    missing = sorted(name for name, file in wanted.items() if name not in tensors or tensors[name][0].name != file)
    if missing and not outside:
        problems.append(f"{INDEX} promises {len(missing)} tensors that are not there, such as {missing[0][:80]}")
    return problems


def _values(tensors: dict[str, tuple[Path, weights.Tensor]], limits: Limits, measured: dict[str, Any]) -> Iterator[str]:
    bad = {name: count for name, (path, tensor) in tensors.items() if (count := weights.non_finite(path, tensor))}
    measured["bad_values"] = sum(bad.values())
    if measured["bad_values"] > limits["max_bad_values"]:
        worst = max(bad, key=lambda name: bad[name])
        yield f"{sum(bad.values())} weights in {len(bad)} tensors are NaN or infinite, such as in {worst}"
    matrices = [(path, tensor) for path, tensor in tensors.values() if len(tensor.shape) > 1 and tensor.size]
    zero = sum(weights.all_zero(path, tensor) for path, tensor in matrices)
    measured["zero_matrices"] = zero
    if matrices and zero / len(matrices) > limits["max_zero_share"]:
        yield f"{zero} of {len(matrices)} weight matrices are nothing but zeros"


def _against_base(
    tensors: dict[str, tuple[Path, weights.Tensor]], base: ModelFiles | None, measured: dict[str, Any]
) -> list[str]:
    if base is None:
        measured["compared_with_base"] = False
        return []
    expected, broken = _layout(base)
    if broken:
        return [f"the base model's weights cannot be compared: {broken[0]}"]
    measured["compared_with_base"] = True
    extra = sorted(set(tensors) - set(expected) - TIED)
    missing = sorted(set(expected) - set(tensors) - TIED)
    reshaped = sorted(
        name for name in set(tensors) & set(expected) if tensors[name][1].shape != expected[name][1].shape
    )
    problems = []
    if extra:
        problems.append(f"{len(extra)} tensors are unknown to the base model, such as {extra[0][:80]}")
    if missing:
        problems.append(f"{len(missing)} tensors of the base model are missing, such as {missing[0][:80]}")
    if reshaped:
        problems.append(f"{len(reshaped)} tensors have another shape than the base model's, such as {reshaped[0][:80]}")
    return problems
