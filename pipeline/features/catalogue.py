"""Which features are published: one reference per feature view in the lake, naming the manifest it serves.

The references are what moves from run to run; manifests and their Parquet files never change.
`feature_repo/features.py` reads them, so the plain `feast` command sees what the pipeline published.

Beside them stands, for each online store and view, whose rows that store may hold: written before the first row is, so
that the rows of a run that died are known to the next, which removes those that it lacks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.features.definitions import FeatureSet

FOLDER = ("feature_store", "published")
ONLINE = ("feature_store", "online")


class Published(BaseModel):
    """A feature view and the manifest whose data it serves now."""

    view: str
    manifest: str
    run_id: str
    at: datetime


def publish(lake: Lake, view: str, manifest: Manifest, run_id: str) -> Published:
    """Point a view at a manifest; the last writer wins, as each run is the truth of its time."""
    reference = Published(view=view, manifest=manifest.uri, run_id=run_id, at=datetime.now(UTC))
    lake.write(_place(lake, view), reference.model_dump_json(indent=1).encode())
    return reference


def published(lake: Lake) -> list[Published]:
    """Return every published view, sorted by name."""
    return [Published.model_validate_json(lake.read(info.uri)) for info in lake.objects(lake.uri(*FOLDER))]


def find(lake: Lake, view: str) -> Published | None:
    """Return what a view serves, or None when it was never published."""
    found = lake.read_tagged(_place(lake, view))
    return Published.model_validate_json(found[0]) if found else None


def claim(lake: Lake, online: str, view: str, manifest: str) -> list[str]:
    """Note that rows of a manifest are about to be written to an online store; return whose rows it may hold by now.

    `online` tells online stores apart. What the view is known to serve counts too: a store may be older than its notes.
    """
    served = find(lake, view)
    before = [served.manifest] if served else []
    known = _change(
        lake, lake.uri(*ONLINE, online, f"{view}.json"), lambda old: [*dict.fromkeys([*old, *before, manifest])]
    )
    return [*dict.fromkeys([*known, *before])]


def settle(lake: Lake, online: str, view: str, manifest: str, cleaned: Collection[str]) -> None:
    """Note that an online store holds a manifest's rows, and no more those that only the `cleaned` manifests have."""

    def without(known: list[str]) -> list[str]:
        return [uri for uri in known if uri == manifest or uri not in cleaned]

    _change(lake, lake.uri(*ONLINE, online, f"{view}.json"), without)


def feature_set(settings: Settings, manifest: Manifest) -> FeatureSet:
    """Return the feature set of a features manifest, with the real places of its data."""
    from pipeline.features.definitions import FeatureSet

    facts = manifest.facts
    return FeatureSet(
        qa=manifest.output("qa_features").uri,
        tokens=manifest.output("token_features").uri,
        windows=manifest.outputs["token_windows"].uri if "token_windows" in manifest.outputs else None,
        model=facts["base_model"],
        revision=facts["revision"],
        template=facts["template"],
        owner=facts["owner"],
        licence=facts["licence"],
        endpoint=settings.lake.endpoint_url if settings.lake.uri.startswith("s3://") else None,
    )


def published_sets(settings: Settings, lake: Lake) -> list[FeatureSet]:
    """Return the feature set behind every published view, each once."""
    uris = sorted({reference.manifest for reference in published(lake)})
    return [feature_set(settings, load_manifest(lake, uri)) for uri in uris]


def _place(lake: Lake, view: str) -> str:
    return lake.uri(*FOLDER, f"{view}.json")


def _change(lake: Lake, uri: str, change: Callable[[list[str]], list[str]]) -> list[str]:
    """Change a list in the lake, whoever else does so at the same time, and return it as it was."""
    while True:
        found = lake.read_tagged(uri)
        known: list[str] = json.loads(found[0]) if found else []
        if lake.swap(uri, json.dumps(change(known), indent=1).encode(), found[1] if found else None):
            return known
