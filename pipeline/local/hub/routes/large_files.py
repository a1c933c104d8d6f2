"""Uploading large files: the git-lfs batch request and the signed addresses it hands out."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from pipeline.local.hub import errors, uploads
from pipeline.local.hub.blobs import CHUNK, StagedPart
from pipeline.local.hub.routes.call import Call, StoreOf, base_url
from pipeline.local.hub.uploads import Upload

router = APIRouter()

_BATCH = "/{namespace:segment}/{name:segment}.git/info/lfs/objects/batch"
_MEDIA_TYPE = "application/vnd.git-lfs+json"
_MAX_OBJECTS = 1000


class Batch(BaseModel):
    """A git-lfs batch request."""

    operation: str
    objects: list[dict[str, Any]]
    transfers: list[str] = ["basic"]


class Part(BaseModel):
    """One part of a large file, as the client says it sent it."""

    partNumber: int
    etag: str


class Completion(BaseModel):
    """All parts were sent."""

    oid: str
    parts: list[Part]


def signed_upload(request: Request, store: StoreOf, repository: int, sha256: str, size: int) -> Upload:
    """Return the upload a signed address is about.

    Raises HubError 403 for an address that this store did not hand out or that has expired.
    """
    query = request.query_params
    store.signer.check(request.url.path, query.get("expires", ""), query.get("signature", ""))
    return Upload(repository, sha256, size)


UploadOf = Annotated[Upload, Depends(signed_upload)]


@router.post(_BATCH)
@router.post("/{kind:kind}" + _BATCH)
def batch(call: Call, body: Batch) -> Response:
    """Tell for each object whether and where to send it."""
    if body.operation != "upload":
        raise errors.HubError(501, "Objects are downloaded by resolve addresses, not by git-lfs")
    if len(body.objects) > _MAX_OBJECTS:
        raise errors.HubError(413, f"A batch may name at most {_MAX_OBJECTS} objects")
    repository = call.check_write_access()
    multipart = "multipart" in body.transfers
    answers = [
        uploads.instructions(call.store, base_url(call.request), repository.id, wanted, multipart=multipart)
        for wanted in body.objects
    ]
    return Response(json.dumps({"transfer": "basic", "objects": answers}), media_type=_MEDIA_TYPE)


async def _receive(request: Request, staged: StagedPart, limit: int) -> None:
    """Write one piece while the next arrives; at most two pieces are in memory."""
    buffer, received = bytearray(), 0
    writing: asyncio.Task[None] | None = None
    try:
        async for chunk in request.stream():
            buffer += chunk
            received += len(chunk)
            if received > limit:
                raise errors.HubError(413, f"More than the {limit} bytes announced were sent")
            if len(buffer) >= CHUNK:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(run_in_threadpool(staged.write, buffer))
                buffer = bytearray()
    finally:
        if writing is not None:
            await writing
    await run_in_threadpool(staged.write, buffer)
    await run_in_threadpool(staged.finish)


@router.put("/lfs/whole/{repository:int}/{sha256}/{size:int}")
async def receive_whole(request: Request, store: StoreOf, upload: UploadOf) -> dict[str, Any]:
    """Receive a file in one piece."""
    with store.blobs.stage() as staged:
        await _receive(request, staged, upload.size)
        await run_in_threadpool(uploads.land, store, upload, staged)
    return {}


@router.put("/lfs/part/{repository:int}/{sha256}/{size:int}/{part:int}")
async def receive_part(request: Request, store: StoreOf, upload: UploadOf, part: int) -> Response:
    """Receive one part; it counts only once it has arrived completely."""
    with store.blobs.stage_part() as staged:
        await _receive(request, staged, store.config.part_size)
        await run_in_threadpool(store.blobs.keep_part, staged, upload.key, part)
    # The client hands it back at the end; what counts there is the hash of the whole.
    return Response(headers={"ETag": f'"{part}-{staged.size}"'})


@router.post("/lfs/join/{repository:int}/{sha256}/{size:int}")
def complete(store: StoreOf, upload: UploadOf, body: Completion) -> dict[str, Any]:
    """Put the parts together."""
    numbers = sorted(part.partNumber for part in body.parts)
    if numbers != list(range(1, len(numbers) + 1)):
        raise errors.HubError(422, "The parts must be numbered from 1 without gaps")
    uploads.join(store, upload, len(numbers))
    return {}


@router.post("/lfs/verify/{repository:int}/{sha256}/{size:int}")
def verify(store: StoreOf, upload: UploadOf) -> dict[str, Any]:
    """Confirm that the object has arrived."""
    if not uploads.has_object(store, upload.repository, upload.sha256, upload.size):
        raise errors.HubError(404, "The object has not arrived")
    return {}
