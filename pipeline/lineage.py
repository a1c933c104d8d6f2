"""OpenLineage events (https://openlineage.io, spec 2-0-2), for catalogues that show where a dataset came from.

Each completed stage gives a START and a COMPLETE event, with its inputs and outputs as datasets that carry their digest
and row counts. Events go to a file (JSON Lines), an endpoint, or nowhere. A receiver that is away
never stops a run: manifests and the audit trail hold the same and more.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.log import get_logger
from pipeline.scrubbing import without_secrets

if TYPE_CHECKING:
    from pipeline.manifest import Manifest, Output
    from pipeline.settings import LineageSettings

log = get_logger(__name__)
PRODUCER = "https://example.com/llmops-pipeline"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
TIMEOUT_SECONDS = 5


def emit(settings: LineageSettings, lake_root: str, manifest: Manifest) -> None:
    """Send the two events of a completed stage to where the settings say."""
    if settings.file is None and settings.endpoint is None:
        return
    made = events(settings.namespace, lake_root, manifest)
    try:
        if settings.file is not None:
            settings.file.parent.mkdir(parents=True, exist_ok=True)
            with settings.file.open("a", encoding="utf-8") as file:
                file.write("".join(json.dumps(event, sort_keys=True) + "\n" for event in made))
        if settings.endpoint is not None:
            _post(settings, made)
    except Exception as problem:
        # Not what it says: a client's message holds the whole address, with the password and the key that are in it.
        status = getattr(getattr(problem, "response", None), "status_code", None)
        place = without_secrets(str(settings.endpoint or settings.file))
        cause = type(problem).__name__ + (f" {status}" if status else "")
        log.warning("lineage could not be sent", stage=manifest.stage, to=place, cause=cause)


def events(namespace: str, lake_root: str, manifest: Manifest) -> list[dict[str, Any]]:
    """Return a START and a COMPLETE event; equal manifests and runs give equal run ids."""
    end = manifest.started_at + timedelta(seconds=manifest.seconds)
    run = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{manifest.run_id}/{manifest.uri}"))
    inputs = [_dataset(lake_root, reference.uri, {}) for reference in manifest.inputs.values()]
    outputs = [_dataset(lake_root, output.uri, _output_facets(output)) for output in manifest.outputs.values()]
    return [
        _event("START", manifest.started_at, namespace, run, manifest, inputs, []),
        _event("COMPLETE", end, namespace, run, manifest, inputs, outputs),
    ]


def _event(
    kind: str,
    at: datetime,
    namespace: str,
    run: str,
    manifest: Manifest,
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
) -> dict[str, Any]:
    version = {**_facet("1-0-0/ProcessingEngineRunFacet"), "version": manifest.code_version, "name": "llmops"}
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run, "facets": {"processing_engine": version}},
        "job": {"namespace": namespace, "name": manifest.stage},
        "inputs": inputs,
        "outputs": outputs,
    }


def _dataset(lake_root: str, uri: str, facets: dict[str, Any]) -> dict[str, Any]:
    return {"namespace": lake_root, "name": uri.removeprefix(lake_root).lstrip("/"), **facets}


def _output_facets(output: Output) -> dict[str, Any]:
    statistics: dict[str, Any] = {
        **_facet("1-0-2/OutputStatisticsOutputDatasetFacet"),
        "size": sum(file.size for file in output.files),
        "fileCount": len(output.files),
    }
    if output.rows is not None:
        statistics["rowCount"] = output.rows
    version = {**_facet("1-0-1/DatasetVersionDatasetFacet"), "datasetVersion": output.digest}
    return {"facets": {"version": version}, "outputFacets": {"outputStatistics": statistics}}


def _facet(name: str) -> dict[str, str]:
    return {"_producer": PRODUCER, "_schemaURL": f"{FACETS}/{name}.json"}


def _post(settings: LineageSettings, made: list[dict[str, Any]]) -> None:
    import httpx

    key = settings.api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    with httpx.Client(timeout=TIMEOUT_SECONDS, headers=headers) as client:
        for event in made:
            client.post(str(settings.endpoint), json=event).raise_for_status()
