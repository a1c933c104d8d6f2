"""What lies in the lake, sorted by how personal data can be taken out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.lake import Lake, ObjectInfo
from pipeline.manifest import Manifest, load_manifest

MODEL_STAGES = ("base-model", "pretrain", "train", "tune")
MODEL_OUTPUTS = ("model", "adapter")
SUPPRESSED = "privacy/suppressed/"
MANIFEST = re.compile(r"^(?P<stage>[^/]+)/(?P<key>[0-9a-f]{24})/manifest\.json$")
TEXTS = (".json", ".jsonl", ".html", ".htm", ".txt", ".md", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".log", ".svg")


class Kind(StrEnum):
    """How personal data is taken out of an object."""

    RAW = "raw"
    """As a source sent it: deleted whole, since an altered original would be a lie."""
    CACHE = "cache"
    """Can be made again at any time: deleted whole."""
    ROWS = "rows"
    """Parquet: rows are taken out."""
    TEXT = "text"
    """JSON and other text: records are taken out, passages replaced."""
    MANIFEST = "manifest"
    """Written again for what it names."""
    MODEL = "model"
    """Weights and tokenizers: never touched; the model is named as affected."""
    AUDIT = "audit"
    """Append-only and free of personal data by contract: never touched, only checked."""
    OTHER = "other"
    """Binary, or the list of erased subjects: only checked."""


@dataclass
class Inventory:
    """The objects of a lake by kind, and the manifests that name them."""

    objects: dict[Kind, list[ObjectInfo]] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)

    def of(self, *kinds: Kind) -> list[ObjectInfo]:
        """Return the objects of some kinds, sorted by URI."""
        return sorted((info for kind in kinds for info in self.objects.get(kind, [])), key=lambda info: info.uri)

    def naming(self, uris: Iterable[str]) -> list[Manifest]:
        """Return the manifests whose outputs hold any of these objects."""
        wanted = set(uris)
        return [manifest for manifest in self.manifests.values() if not wanted.isdisjoint(files_of(manifest))]

    def descendants(self, ancestors: Iterable[str]) -> list[Manifest]:
        """Return the manifests that were made, directly or not, from these (URIs), these themselves included."""
        found = set(ancestors)
        grown = True
        while grown:
            new = {
                uri
                for uri, manifest in self.manifests.items()
                if uri not in found and any(source.uri in found for source in manifest.inputs.values())
            }
            found |= new
            grown = bool(new)
        return [manifest for uri, manifest in self.manifests.items() if uri in found]


def files_of(manifest: Manifest) -> Iterator[str]:
    """Yield the URIs of a manifest's files."""
    for output in manifest.outputs.values():
        for file in output.files:
            yield f"{output.uri}/{file.path}"


def take(lake: Lake) -> Inventory:
    """List the lake once. Raises LakeError at a manifest that cannot be read: nothing may be overlooked."""
    inventory = Inventory()
    for info in lake.objects(lake.root):
        kind = _kind(lake.key(info.uri))
        inventory.objects.setdefault(kind, []).append(info)
        if kind is Kind.MANIFEST:
            inventory.manifests[info.uri] = load_manifest(lake, info.uri)
    return inventory


def _kind(key: str) -> Kind:
    parts = key.split("/")
    if parts[0] in (Kind.RAW, Kind.CACHE, Kind.AUDIT):
        return Kind(parts[0])
    if key.startswith(SUPPRESSED):  # an erasure that edited an entry's ids would let an erased subject back in
        return Kind.OTHER
    if MANIFEST.match(key):
        return Kind.MANIFEST
    inside = parts[4] if len(parts) > 5 and parts[2] == "attempts" else ""
    if parts[0] == "checkpoints" or (parts[0] in MODEL_STAGES and inside in MODEL_OUTPUTS):
        return Kind.MODEL
    if key.endswith(".parquet"):
        return Kind.ROWS
    return Kind.TEXT if key.endswith(TEXTS) else Kind.OTHER
