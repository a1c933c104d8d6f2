"""Downloading files at any revision."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from pipeline.local.hub import errors, revisions, trees
from pipeline.local.hub.blobs import CHUNK
from pipeline.local.hub.routes.call import Call

router = APIRouter()

_PATH = "/{namespace:segment}/{name:segment}/resolve/{revision:segment}/{path:rest}"
# Files come from whoever may write: a browser must not run one in the store's name.
_INERT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


class _Content(FileResponse):
    """Read in pieces of 1 MiB: each piece costs a change of threads, which at 64 KiB takes longer than the reading."""

    chunk_size = CHUNK


@router.api_route(_PATH, methods=["GET", "HEAD"])
@router.api_route("/{kind:kind}" + _PATH, methods=["GET", "HEAD"])
def resolve(call: Call, revision: str, path: str) -> FileResponse:
    """Send a file, whole or the `Range` asked for, with the headers by which clients cache and verify it."""
    with call.reading(content=True) as (db, repository):
        commit = revisions.resolve(db, repository.id, revision)
        entry = trees.lookup(db, repository.id, commit.tree, path)
        if entry is None or entry.is_folder:
            raise errors.entry_not_found(f"{path} does not exist on {revision!r}", commit=commit.oid)
        content = trees.content(db, repository.id, entry.oid)
    file = call.store.blobs.path(content.sha256)
    if not file.is_file():
        raise errors.HubError(500, f"The content {content.sha256} of {path} is missing from this store's disk")
    headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{content.etag}"', **_INERT}
    if content.lfs:
        headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(content.size)}
    return _Content(
        file,
        headers=headers,
        media_type="application/octet-stream" if content.lfs else "text/plain; charset=utf-8",
        filename=path.rpartition("/")[2],
        content_disposition_type="attachment" if content.lfs else "inline",
    )
