"""Making a features manifest the one that is served: registered in Feast, materialised online, published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import LakeError
from pipeline.features import catalogue
from pipeline.features.schema import ENTITY
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.manifest import Manifest, load_manifest
from pipeline.settings import Settings
from pipeline.whole_file import replacing

log = get_logger(__name__)


def register(settings: Settings, lake: Lake, manifest: Manifest, run_id: str) -> dict[str, dict[str, int]]:
    """Serve a features manifest and return, for each view, how many rows were written, removed and left unchanged.

    Safe to call again: what is served already costs nothing, and a call that died half-way is made good by the next.
    Nothing that is pinned to another manifest changes. Raises ServiceError when the online store does not answer.
    """
    served = manifest.facts["views"]
    if _done(settings, lake, manifest):
        log.info("already served", views=sorted(served.values()))
        return {}
    from pipeline.features import store as stores

    with stores.exclusive(settings), stores.answering(settings):
        return _register(settings, lake, manifest, run_id)


def _register(settings: Settings, lake: Lake, manifest: Manifest, run_id: str) -> dict[str, dict[str, int]]:
    from pipeline.features import store as stores
    from pipeline.features.definitions import objects
    from pipeline.features.online import OnlineView

    features = catalogue.feature_set(settings, manifest)
    online = stores.online_identity(settings)
    store = stores.open_shared(settings, lake)
    store.apply(objects(features))
    _forget(settings, manifest)
    report = {}
    for view in (name for name in features.sources if name != features.windows_view):
        held = catalogue.claim(lake, online, view, manifest.uri)
        earlier = _ids(lake, held, features.sources[view].rsplit("/", 1)[-1])
        done = OnlineView(store, view).bring_up_to(lake, features.sources[view], earlier)
        catalogue.settle(lake, online, view, manifest.uri, held)
        if done.written:
            start, end = _span(lake, features.sources[view])
            store.registry.apply_materialization(store.get_feature_view(view), store.project, start, end)
        report[view] = {"written": done.written, "removed": done.removed, "unchanged": done.unchanged}
        log.info("materialised", view=view, **report[view])
    for view in features.sources:
        catalogue.publish(lake, view, manifest, run_id)
    _remember(settings, manifest)
    return report


def _ids(lake: Lake, manifests: Sequence[str], output: str) -> list[str]:
    """Return the questions of these manifests, each once."""
    found: dict[str, None] = {}
    for uri in manifests:
        try:
            place = load_manifest(lake, uri).output(output).uri
            found.update(dict.fromkeys(lake.read_table(place, columns=[ENTITY])[ENTITY].to_pylist()))
        except (LakeError, FileNotFoundError, OSError) as problem:
            log.warning("what was served before cannot be read; rows that are gone may stay online", cause=str(problem))
    return list(found)


def _span(lake: Lake, uri: str) -> tuple[datetime, datetime]:
    import pyarrow.compute as pc

    from pipeline.features.schema import EVENT_TIME

    span = pc.min_max(lake.read_table(uri, columns=[EVENT_TIME])[EVENT_TIME]).as_py()
    return span["min"].astimezone(UTC), span["max"].astimezone(UTC)


def _memory(settings: Settings) -> Path:
    return settings.state_dir / "feast" / "served.json"


def _identity(settings: Settings, manifest: Manifest) -> dict[str, str]:
    from pipeline.features.store import online_identity

    target = online_identity(settings)
    place = f"{settings.lake.endpoint_url or ''} {manifest.uri}".strip()  # two services may have buckets of one name
    return {f"{target} {view}": place for view in manifest.facts["views"].values()}


def _done(settings: Settings, lake: Lake, manifest: Manifest) -> bool:
    """Tell whether the online store is a file of this machine, which brought it up to this manifest last.

    A server may have been emptied, or brought up to something else by another machine: it is asked each time.
    """
    from pipeline.features.store import configuration

    online = configuration(settings)["online_store"]
    if online["type"] != "sqlite" or not Path(online["path"]).is_file():
        return False
    remembered = _remembered(settings)
    if any(remembered.get(view) != place for view, place in _identity(settings, manifest).items()):
        return False
    published = [catalogue.find(lake, view) for view in manifest.facts["views"].values()]
    return all(found is not None and found.manifest == manifest.uri for found in published)


def _remember(settings: Settings, manifest: Manifest) -> None:
    _write(settings, {**_remembered(settings), **_identity(settings, manifest)})


def _forget(settings: Settings, manifest: Manifest) -> None:
    """What was served is no longer what it was as soon as the first row is written, however this run ends."""
    views = _identity(settings, manifest)
    _write(settings, {name: uri for name, uri in _remembered(settings).items() if name not in views})


def _remembered(settings: Settings) -> dict[str, str]:
    path = _memory(settings)
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _write(settings: Settings, remembered: dict[str, str]) -> None:
    with replacing(_memory(settings)) as partial:
        partial.write_text(json.dumps(remembered, indent=1), encoding="utf-8")
