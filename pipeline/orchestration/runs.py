"""What a run has made so far: a small index in the lake, `runs/<run>/<stage>.json`, each naming a manifest."""

from __future__ import annotations

import json
import re

from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest


def folder(lake: Lake, run_id: str) -> str:
    """Return the run's prefix; characters that have no place in a key become dashes."""
    return lake.uri("runs", re.sub(r"[^\w.:+-]+", "-", run_id))


def note(lake: Lake, run_id: str, manifest: Manifest) -> None:
    """Remember that a run made, or found unchanged, this manifest."""
    entry = {"uri": manifest.uri, "digest": manifest.digest, "cached": manifest.cached, "seconds": manifest.seconds}
    lake.write(f"{folder(lake, run_id)}/{manifest.stage}.json", json.dumps(entry).encode())


def manifests(lake: Lake, run_id: str) -> dict[str, Manifest]:
    """Return the manifests of a run by stage."""
    found = {}
    for info in lake.objects(folder(lake, run_id)):
        entry = json.loads(lake.read(info.uri))
        manifest = load_manifest(lake, entry["uri"])
        manifest.cached = entry["cached"]
        found[manifest.stage] = manifest
    return found
