"""Safetensors files read without the library that would load them: header, layout, and numbers that are no numbers.

The format is eight bytes of header length (little endian), a JSON header, and the tensors' bytes without gaps
(https://github.com/huggingface/safetensors). The library checks the layout when it loads; NaN and infinity it does not.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

MAX_HEADER = 100_000_000
"""The limit that the safetensors library has set itself, in bytes."""
CHUNK = 1 << 22
WIDTHS = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}
# All bits of the exponent set means infinity or no number (IEEE 754); E4M3 has no infinity and one pattern for NaN.
EXPONENTS: dict[str, tuple[Any, int]] = {
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
    "F32": (np.uint32, 0x7F800000),
    "F64": (np.uint64, 0x7FF0000000000000),
    "F8_E5M2": (np.uint8, 0x7C),
    "F8_E4M3": (np.uint8, 0x7F),
}


class BadWeights(ValueError):
    """A file that is no proper safetensors file; the text says why."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's place: its type, its shape, and where its bytes begin and end in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def size(self) -> int:
        """Return the number of values."""
        return prod(self.shape)


def read_header(file: Path) -> list[Tensor]:
    """Return the tensors of a file by their place; raises BadWeights when anything about the layout is wrong."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        if len(start) < 8:
            raise BadWeights("it is shorter than a header")
        length = struct.unpack("<Q", start)[0]
        if length > MAX_HEADER:
            raise BadWeights(f"its header claims {length:,} bytes, more than the {MAX_HEADER:,} allowed")
        if length < 2 or 8 + length > size:
            raise BadWeights("its header is longer than the file")
        raw = stream.read(length)
    tensors = sorted(_tensors(_json(raw), 8 + length), key=lambda tensor: (tensor.begin, tensor.end, tensor.name))
    place = 8 + length
    for tensor in tensors:
        if tensor.begin != place:
            kind = "overlaps the one before it" if tensor.begin < place else "leaves a gap before it"
            raise BadWeights(f"the tensor {tensor.name[:80]!r} {kind}")
        place = tensor.end
    if place != size:
        raise BadWeights(f"{size - place:,} bytes belong to no tensor" if place < size else "it ends too early")
    return tensors


def non_finite(file: Path, tensor: Tensor) -> int:
    """Return how many values of a tensor are infinite or no number, read in chunks."""
    if tensor.dtype not in EXPONENTS or tensor.size == 0:
        return 0
    kind, mask = EXPONENTS[tensor.dtype]
    found = 0
    with file.open("rb") as stream:
        stream.seek(tensor.begin)
        left = tensor.end - tensor.begin
        while left:
            data = stream.read(min(CHUNK, left))
            if not data:
                raise BadWeights("it ends too early")
            left -= len(data)
            bits = np.frombuffer(data, dtype=kind)
            found += int(np.count_nonzero((bits & kind(mask)) == kind(mask)))
    return found


def all_zero(file: Path, tensor: Tensor) -> bool:
    """Tell whether every byte of a tensor is nought, stopping at the first that is not."""
    with file.open("rb") as stream:
        stream.seek(tensor.begin)
        left = tensor.end - tensor.begin
        while left:
            data = stream.read(min(CHUNK, left))
            if not data or data.strip(b"\0"):
                return False
            left -= len(data)
    return True


def _json(raw: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise BadWeights("a name stands twice in its header")
        return found

    if raw[:1] != b"{":
        raise BadWeights("its header is no JSON object")
    try:
        header = json.loads(raw, object_pairs_hook=unique)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise BadWeights("its header is no JSON") from None
    assert isinstance(header, dict)
    return header


def _tensors(header: dict[str, Any], offset: int) -> list[Tensor]:
    found = []
    for name, entry in header.items():
        if name == "__metadata__":
            if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
                raise BadWeights("its metadata is not text by name")
            continue
        found.append(_tensor(name, entry, offset))
    return found


def _tensor(name: str, entry: Any, offset: int) -> Tensor:
    shown = name[:80]
    if not isinstance(entry, dict):
        raise BadWeights(f"the tensor {shown!r} has no description")
    dtype, shape, offsets = entry.get("dtype"), _naturals(entry.get("shape")), _naturals(entry.get("data_offsets"))
    if not isinstance(dtype, str) or dtype not in WIDTHS:
        raise BadWeights(f"the tensor {shown!r} is of an unknown type")
    if shape is None or offsets is None or len(offsets) != 2:
        raise BadWeights(f"the shape or place of the tensor {shown!r} is not made of whole numbers")
    if offsets[1] - offsets[0] != prod(shape) * WIDTHS[dtype]:
        raise BadWeights(f"the tensor {shown!r} does not fill its place")
    return Tensor(name, dtype, tuple(shape), offset + offsets[0], offset + offsets[1])


def _naturals(value: Any) -> list[int] | None:
    whole = isinstance(value, list) and all(
        isinstance(part, int) and not isinstance(part, bool) and part >= 0 for part in value
    )
    return value if whole else None
