"""Changing a repository: cards are checked, files announced and committed, branches and tags moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from pipeline.local.hub import cards, errors, preupload, revisions
from pipeline.local.hub.commits import CommitRequest
from pipeline.local.hub.revisions import DEFAULT_BRANCH
from pipeline.local.hub.routes.call import REPOSITORY, Call, RepositoryCall, base_url, flag
from pipeline.log import get_logger

router = APIRouter()
log = get_logger(__name__)


class Card(BaseModel):
    """A card to be checked."""

    content: str


class Announcement(BaseModel):
    """Files that a client is about to commit."""

    files: list[preupload.AnnouncedFile]
    gitIgnore: str | None = None


class NewTag(BaseModel):
    """A tag to be made."""

    tag: str
    message: str | None = None


class NewBranch(BaseModel):
    """A branch to be made."""

    startingPoint: str | None = None


@router.post("/api/validate-yaml")
def validate_card(request: Request, body: Card) -> Response:
    """Check the metadata of a card; errors answer 400, so that the client does not upload it.

    The client's card classes ask for plain text, which they show as it is.
    """
    found, warnings = cards.validate(body.content)
    status = 400 if found else 200
    if request.headers.get("accept") == "text/plain":
        lines = [f"- Error: {message}" for message in found] + [f"- Warning: {message}" for message in warnings]
        return PlainTextResponse("\n".join(lines), status)
    answer = {
        "errors": [{"message": message} for message in found],
        "warnings": [{"message": message} for message in warnings],
    }
    return JSONResponse(answer, status)


@router.post(REPOSITORY + "/preupload/{revision:segment}")
def announce(call: Call, revision: str, body: Announcement) -> dict[str, Any]:
    """Tell for each file whether it goes up as LFS object, is to be ignored, and what the revision has there now."""
    repository = call.check_write_access()
    with call.store.database.read() as db:
        commit = revisions.resolve(db, repository.id, revision)
        rules = preupload.Rules.at(db, call.store, repository.id, commit, body.gitIgnore)
        return {"files": [rules.answer(file) for file in body.files]}


@router.post(REPOSITORY + "/commit/{revision:segment}")
async def commit(request: Request, call: Call, revision: str) -> dict[str, Any]:
    """Commit the operations of the request, all or none, on top of a branch."""
    if flag(request, "create_pr"):
        raise errors.HubError(501, "This store has no pull requests; commit to a branch instead")
    config = call.store.config
    # Refuse strangers before their request is read.
    await run_in_threadpool(call.check_write_access)
    wanted = CommitRequest(call.store.blobs, config.lfs_threshold)
    try:
        async for line in lines_of(request, config.max_commit_line):
            await run_in_threadpool(wanted.feed, line)
        return await run_in_threadpool(_apply, call, revision, wanted)
    finally:
        wanted.close()


def _apply(call: RepositoryCall, branch: str, wanted: CommitRequest) -> dict[str, Any]:
    with call.writing() as (db, repository, author):
        made = wanted.apply(db, repository, branch, author.name)
    log.info("hub.committed", repository=repository.name, branch=branch, commit=made.oid, by=author.name)
    url = f"{base_url(call.request)}{repository.web_path}/commit/{made.oid}"
    return {
        "success": True,
        "commitOid": made.oid,
        "commitUrl": url,
        "hookOutput": "",
        "pullRequestUrl": None,
    }


async def lines_of(request: Request, longest: int) -> AsyncIterator[bytes]:
    """Yield the lines of a request as they arrive.

    Raises HubError 413 for a line longer than `longest` bytes.
    """
    pending = bytearray()
    searched = 0
    async for chunk in request.stream():
        pending += chunk
        while (end := pending.find(b"\n", searched)) >= 0:
            line = bytes(pending[:end])
            del pending[: end + 1]
            searched = 0
            if line.strip():
                yield line
        searched = len(pending)
        if searched > longest:
            raise errors.HubError(413, "A file in this commit is too large to be sent inline; use LFS")
    if pending.strip():
        yield bytes(pending)


@router.post(REPOSITORY + "/branch/{branch:segment}")
def create_branch(call: Call, branch: str, body: Annotated[NewBranch | None, Body()] = None) -> dict[str, Any]:
    """Make a branch at a revision, the head of main unless another is named."""
    start = (body.startingPoint if body else None) or DEFAULT_BRANCH
    with call.writing() as (db, repository, _):
        oid = revisions.resolve(db, repository.id, start).oid
        revisions.create_ref(db, repository.id, "branch", branch, oid)
    return {}


@router.delete(REPOSITORY + "/branch/{branch:segment}")
def delete_branch(call: Call, branch: str) -> dict[str, Any]:
    """Delete a branch other than main."""
    with call.writing() as (db, repository, _):
        revisions.delete_ref(db, repository.id, "branch", branch)
    return {}


@router.post(REPOSITORY + "/tag/{revision:segment}")
def create_tag(call: Call, revision: str, body: NewTag) -> dict[str, Any]:
    """Make a tag at a revision."""
    with call.writing() as (db, repository, author):
        oid = revisions.resolve(db, repository.id, revision).oid
        revisions.create_ref(db, repository.id, "tag", body.tag, oid, body.message or "")
    log.info("hub.tagged", repository=repository.name, tag=body.tag, commit=oid, by=author.name)
    return {}


@router.delete(REPOSITORY + "/tag/{tag:segment}")
def delete_tag(call: Call, tag: str) -> dict[str, Any]:
    """Delete a tag."""
    with call.writing() as (db, repository, author):
        revisions.delete_ref(db, repository.id, "tag", tag)
    log.info("hub.untagged", repository=repository.name, tag=tag, by=author.name)
    return {}


@router.post(REPOSITORY + "/super-squash/{branch:segment}")
def squash(call: Call, branch: str, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Replace a branch's history by one commit with the same files; tags keep the old commits."""
    with call.writing() as (db, repository, author):
        head = revisions.head(db, repository.id, branch)
        made = revisions.commit_tree(
            db,
            repository.id,
            branch=branch,
            tree=head.tree,
            parent=None,
            title=str(body.get("message") or f"Squash the history of {branch}"),
            message="",
            author=author.name,
        )
    return {"oid": made.oid}
