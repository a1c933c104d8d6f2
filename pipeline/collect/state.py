"""What a source's previous run left behind, found through a named reference in the lake.

The reference is moved after the manifest exists, so it always names a finished run. A run that was killed in between
is repeated from the older state: more work, the same result.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.errors import LakeError
from pipeline.lake import Lake
from pipeline.lake.check import altered
from pipeline.log import get_logger
from pipeline.manifest import Manifest, load_manifest
from pipeline.witness import believed

log = get_logger(__name__)
DOCUMENTS_SCHEMA = pa.schema(
    [
        pa.field("document_id", pa.string(), nullable=False),
        pa.field("validators", pa.string(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("set_aside", pa.int64(), nullable=False),
        pa.field("failures", pa.int64(), nullable=False),
        pa.field("given", pa.int64(), nullable=False),
    ]
)
"""One record per document, sorted by id. `rows` and `set_aside` tell how many consecutive records of the outputs of
the same name belong to it; its `failures` (reasons why it could not be read this time) follow its `set_aside`.
`given` is the number of rows before repetitions were set aside: it decides where parts begin."""


@dataclass(slots=True)
class DocumentState:
    """A document as the state keeps it: its validators and how many records of each output are its own."""

    document_id: str
    validators: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    set_aside: int = 0
    failures: int = 0
    given: int = 0


@dataclass(slots=True)
class Previous:
    """The previous run of a source; `manifest` is None when there was none.

    `documents` are in the order of their ids. `comparable` is false when the source's configuration or code changed
    since: then its validators prove nothing and everything is read again.
    """

    manifest: Manifest | None = None
    documents: dict[str, DocumentState] = field(default_factory=dict)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    comparable: bool = False


def reference(lake: Lake, source: str) -> str:
    """Return the URI of the reference to a source's last finished run."""
    return lake.uri("refs", "collect", f"{source}.json")


def load(lake: Lake, source: str, fingerprint: str) -> Previous:
    """Return the previous run of a source, empty when there was none or when it cannot be read any more."""
    found = lake.read_tagged(reference(lake, source))
    if found is None:
        return Previous()
    try:
        manifest = load_manifest(lake, json.loads(found[0])["manifest"])
        if not believed(lake, manifest):
            return Previous()
        documents = {document.document_id: document for document in _read(lake, manifest)}
    except (LakeError, ValueError, KeyError, TypeError, OSError) as problem:
        log.warning(
            "the previous state is unreadable; everything is collected again", source=source, cause=str(problem)
        )
        return Previous()
    comparable = manifest.facts.get("fingerprint") == fingerprint
    return Previous(manifest, documents, dict(manifest.facts.get("checkpoint") or {}), comparable)


def save(lake: Lake, source: str, manifest: Manifest) -> None:
    """Point the reference at a finished run."""
    uri = reference(lake, source)
    body = json.dumps({"manifest": manifest.uri}).encode()
    found = lake.read_tagged(uri)
    if found is not None and found[0] == body:
        return
    if not lake.swap(uri, body, found[1] if found else None):
        log.warning("another run of this source finished at the same time; its state stays", source=source)


def to_batches(documents: Iterable[DocumentState]) -> Iterator[pa.RecordBatch]:
    """Turn document states into record batches."""
    chunk: list[dict[str, Any]] = []
    for document in documents:
        chunk.append(
            {
                "document_id": document.document_id,
                "validators": json.dumps(dict(document.validators), sort_keys=True, ensure_ascii=False),
                "rows": document.rows,
                "set_aside": document.set_aside,
                "failures": document.failures,
                "given": document.given,
            }
        )
        if len(chunk) == 4096:
            yield pa.RecordBatch.from_pylist(chunk, schema=DOCUMENTS_SCHEMA)
            chunk = []
    if chunk:
        yield pa.RecordBatch.from_pylist(chunk, schema=DOCUMENTS_SCHEMA)


def _read(lake: Lake, manifest: Manifest) -> Iterator[DocumentState]:
    """Yield the documents that a run wrote down; raises LakeError when others lie there now.

    A validator that somebody put there would make a page that was corrected count as unchanged for ever.
    """
    output = manifest.output("documents")
    if problems := altered(lake, output):
        raise LakeError(f"The state of the documents is not the one that was written: {problems[0]}", where=output.uri)
    table = lake.read_table(output.uri)
    for batch in table.to_batches():
        for values in batch.to_pylist():
            yield DocumentState(**{**values, "validators": json.loads(values["validators"])})


def plain(validators: Mapping[str, Any]) -> dict[str, Any]:
    """Return validators as they come back from the lake (tuples as lists, keys as text), for comparison."""
    kept: dict[str, Any] = json.loads(json.dumps(dict(validators)))
    return kept
