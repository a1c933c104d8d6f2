"""What a run is called, and what it has made so far: an index in the lake, `runs/<dag>/<run>/<stage>.json`."""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline.lake import Lake
from pipeline.manifest import Manifest, load_manifest

RETRAINING = "llm_retrain"
"""The DAG whose runs collect nothing: they start from a repository that is there."""

CONCLUDED = ("llm_pipeline", RETRAINING)
"""The DAGs whose runs record how they ended."""


def identity(dag_id: str, run_id: str) -> str:
    """Return what lake and audit trail call a run: `<dag>/<run>`.

    Airflow's run ids are unique within their DAG alone, and who triggers a run may choose its id: two runs that answer
    to one name would share reviews.
    """
    return f"{dag_id}/{run_id}"


def dag_of(run: str) -> str:
    """Return the DAG of a run, from what lake and audit trail call the run."""
    return run.split("/")[0]


def of_context(context: Any) -> str:
    """Return what lake and audit trail call the run that a task belongs to."""
    return identity(context["dag"].dag_id, context["run_id"])


def folder(lake: Lake, run: str) -> str:
    """Return a run's prefix; characters that have no place in a key become dashes."""
    return lake.uri("runs", *(re.sub(r"[^\w.:+~-]+", "-", part) for part in run.split("/")))


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
