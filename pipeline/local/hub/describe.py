"""What the API says about a repository at a revision: files, card, configuration, parameters."""

from __future__ import annotations

import json
import math
import sqlite3
import struct
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline.local.hub import cards, revisions, trees
from pipeline.local.hub.blobs import BlobStore
from pipeline.local.hub.gitobjects import lfs_pointer
from pipeline.local.hub.repositories import Repository
from pipeline.local.hub.revisions import Commit
from pipeline.local.hub.trees import Content

MAX_SAFETENSORS_HEADER = 25_000_000
"""The largest header, in bytes, that safetensors itself and the Hub's client accept."""
_MAX_METADATA_FILE = 2 << 20
_LISTED = frozenset(
    {
        "_id",
        "id",
        "modelId",
        "private",
        "gated",
        "downloads",
        "likes",
        "tags",
        "pipeline_tag",
        "library_name",
        "createdAt",
    }
)
_LISTED_IN_FULL = _LISTED | {"author", "sha", "lastModified", "siblings", "disabled"}


@dataclass(frozen=True)
class Selection:
    """Which fields a caller asked for; without any wish a single repository shows all, a list the short ones."""

    expand: frozenset[str] = frozenset()
    blobs: bool = False
    listing: bool = False
    full: bool = False
    card_data: bool = False
    config: bool = False

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields asked for."""
        if self.expand:
            wanted: Collection[str] = self.expand | {"_id", "id"}
        elif self.listing:
            wanted = set(_LISTED_IN_FULL if self.full else _LISTED)
            wanted |= {"cardData"} if self.card_data else set()
            wanted |= {"config"} if self.config else set()
        else:
            return fields
        return {name: value for name, value in fields.items() if name in wanted}


def describe(
    db: sqlite3.Connection, blobs: BlobStore, repository: Repository, commit: Commit, selection: Selection
) -> dict[str, Any]:
    """Return a repository's information at a commit in the form of `GET /api/models/{name}`."""
    known = trees.contents_of(db, repository.id)
    files = {path: known[oid] for path, oid in trees.files_of(db, repository.id, commit.tree).items()}
    newest = revisions.resolve(db, repository.id, revisions.DEFAULT_BRANCH)
    fields: dict[str, Any] = {
        "_id": f"{repository.id:024x}",
        "id": repository.name,
        "author": repository.namespace,
        "sha": commit.oid,
        "lastModified": newest.created_at,
        "createdAt": repository.created_at,
        "private": repository.private,
        "gated": repository.gated or False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "siblings": [_sibling(path, content, selection.blobs) for path, content in files.items()],
        "usedStorage": sum({content.sha256: content.size for content in known.values()}.values()),
    }
    card = _card(blobs, files.get("README.md")) or {}
    tags = cards.tags_of(card)
    if repository.kind == "models":
        fields["modelId"] = repository.name
        fields |= _model_fields(blobs, files, card)
        if "safetensors" in fields and "safetensors" not in tags:
            tags.append("safetensors")
    fields["tags"] = tags
    if card:
        fields["cardData"] = card
    return selection.apply(fields)


def tags_at_head(db: sqlite3.Connection, blobs: BlobStore, repository: Repository) -> list[str]:
    """Return the tags of a repository's main branch."""
    commit = revisions.resolve(db, repository.id, revisions.DEFAULT_BRANCH)
    tags: list[str] = describe(db, blobs, repository, commit, Selection(expand=frozenset({"tags"})))["tags"]
    return tags


def _model_fields(blobs: BlobStore, files: dict[str, Content], card: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: card[name] for name in ("pipeline_tag", "library_name", "model-index") if name in card
    }
    if config := _config(blobs, files.get("config.json")):
        fields["config"] = config
        fields.setdefault("library_name", "transformers")
    parameters: Counter[str] = Counter()
    for path, content in files.items():
        if path.endswith(".safetensors"):
            parameters.update(_parameters(blobs, content.sha256))
    if parameters:
        fields["safetensors"] = {"parameters": dict(parameters), "total": parameters.total()}
    return fields


def _sibling(path: str, content: Content, with_blobs: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": path}
    if with_blobs:
        sibling |= {"size": content.size, "blobId": content.oid}
        if content.lfs:
            pointer = len(lfs_pointer(content.sha256, content.size))
            sibling["lfs"] = {"sha256": content.sha256, "size": content.size, "pointerSize": pointer}
    return sibling


def _card(blobs: BlobStore, content: Content | None) -> dict[str, Any] | None:
    if content is None or content.size > _MAX_METADATA_FILE:
        return None
    return _parse_card(blobs, content.sha256)


def _config(blobs: BlobStore, content: Content | None) -> dict[str, Any]:
    if content is None or content.size > _MAX_METADATA_FILE:
        return {}
    return _parse_config(blobs, content.sha256)


# A content never changes under its hash, so what was read from it once stays true.
@lru_cache(maxsize=512)
def _parse_card(blobs: BlobStore, sha256: str) -> dict[str, Any] | None:
    return cards.metadata_of(blobs.read(sha256).decode("utf-8", "replace"))


@lru_cache(maxsize=512)
def _parse_config(blobs: BlobStore, sha256: str) -> dict[str, Any]:
    try:
        config = json.loads(blobs.read(sha256))
    except (ValueError, RecursionError):
        return {}
    wanted = ("architectures", "model_type", "quantization_config")
    return {key: config[key] for key in wanted if key in config} if isinstance(config, dict) else {}


@lru_cache(maxsize=512)
def _parameters(blobs: BlobStore, sha256: str) -> Counter[str]:
    """Return the number of parameters by data type that a safetensors header states (none if it is not one)."""
    counts: Counter[str] = Counter()
    try:
        with blobs.path(sha256).open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length)) if length <= MAX_SAFETENSORS_HEADER else {}
        for name, tensor in header.items():
            if name != "__metadata__":
                counts[str(tensor["dtype"])] += math.prod(int(size) for size in tensor["shape"])
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError):
        return Counter()
    return counts
