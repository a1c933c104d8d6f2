"""The champion: the model that is in production now."""

from __future__ import annotations

from pipeline.lake import Lake
from pipeline.publish.store import ModelStore
from pipeline.settings import Settings
from pipeline.stage import Manifest, load_manifest


def champion(settings: Settings, lake: Lake) -> Manifest | None:
    """Return the manifest of the candidate that became the production version; None before the first release.

    Raises StoreError when the model store cannot be asked: not knowing is not the same as there being none.
    """
    release = ModelStore(settings).production()
    return load_manifest(lake, release["candidate"]) if release else None
