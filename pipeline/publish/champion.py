"""The champion: the model that is in production now."""

from __future__ import annotations

from pipeline.audit import open_audit
from pipeline.errors import Refused
from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest
from pipeline.publish.recorded import refuse_forgotten, standing
from pipeline.publish.store import ModelStore
from pipeline.settings import Settings


def champion(settings: Settings, lake: Lake) -> Manifest | None:
    """Return the manifest of the candidate that became the production version; None before the first release.

    That is the version that the audit trail has in production, whatever the store's branch holds, or if it is gone.
    Raises StoreError when the model store cannot be asked, or shows nothing although the audit trail knows a
    publication: not knowing is not the same as there being none. Raises Refused when the manifest in the lake is of
    another model than the one in production: a new model would be compared with that one.
    """
    store = ModelStore(settings)
    trail = open_audit(settings, lake).trail()
    known = standing(trail, store.repository)
    commit = known.commit if known else store.head(store.alias)
    release = store.release(commit) if commit else None
    refuse_forgotten(store, trail, release is not None and store.versions())  # a copy may be on this machine
    if release is None:
        return None
    manifest = load_manifest(lake, str(release.get("candidate")))
    if manifest.output("model").digest != release.get("model"):
        raise Refused(
            f"The manifest of {release.get('version')} in the lake is of another model than the one in production",
            where=manifest.uri,
            remedy="Find out who writes to the lake; llmops models verify shows what is in production",
        )
    return manifest
