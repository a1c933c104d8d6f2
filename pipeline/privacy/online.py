"""A subject in the online store."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pipeline.features.schema import ENTITY
from pipeline.lake import Lake
from pipeline.settings import Settings


def remove(settings: Settings, lake: Lake, ids: Collection[str]) -> dict[str, int]:
    """Delete questions from every view of the online store; return how many each view held."""
    if not ids or not _in_use(settings):
        return {}
    from pipeline.features.online import OnlineView
    from pipeline.features.store import answering, exclusive, open_shared

    removed = {}
    with exclusive(settings), answering(settings):
        store = open_shared(settings, lake)
        for view in store.list_feature_views():
            if view.online:
                place = OnlineView(store, view.name)
                held = [name for name, digest in place.hashes(sorted(ids)).items() if digest is not None]
                removed[view.name] = place.remove(held)
    return removed


def held(settings: Settings, lake: Lake, ids: Collection[str]) -> list[dict[str, Any]]:
    """Return what the online store holds of questions, by view."""
    if not ids or not _in_use(settings):
        return []
    from pipeline.features.retrieval import online_features
    from pipeline.features.store import open_shared

    names = [view.name for view in open_shared(settings, lake).list_feature_views() if view.online]
    found = ((name, row) for name in names for row in online_features(settings, sorted(ids), name))
    return [{"view": name, **row} for name, row in found if row["found"] and row[ENTITY]]


def _in_use(settings: Settings) -> bool:
    """Tell whether features were ever registered from here or in a shared registry."""
    return bool(settings.features.registry) or (settings.state_dir / "feast" / "registry.db").is_file()
