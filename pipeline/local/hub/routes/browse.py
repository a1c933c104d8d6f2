"""Looking at repositories: lists, information, trees, history."""

from __future__ import annotations

import html
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from pipeline.local.hub import errors, listing, repositories, revisions, trees
from pipeline.local.hub.describe import Selection, describe
from pipeline.local.hub.repositories import Kind
from pipeline.local.hub.routes.call import (
    REPOSITORY,
    Call,
    StoreOf,
    caller,
    flag,
    page_of,
    pinned_revision,
)

router = APIRouter()


def selection(request: Request, *, is_list: bool = False) -> Selection:
    """Return which fields the query asks for."""
    query = request.query_params
    return Selection(
        expand=frozenset(query.getlist("expand") + query.getlist("expand[]")),
        blobs=flag(request, "blobs"),
        listing=is_list,
        full=flag(request, "full"),
        card_data=flag(request, "cardData"),
        config=flag(request, "config"),
    )


@router.get("/api/{kind:kind}")
def list_repositories(request: Request, store: StoreOf, kind: Kind) -> JSONResponse:
    """List what the caller may see, filtered and sorted as the query says."""
    query = listing.Query.parse(request.query_params)
    fields = selection(request, is_list=True)
    with store.database.read() as db:
        found = []
        for repository in repositories.visible(db, caller(request, db), kind):
            if query.names(repository):
                commit = revisions.resolve(db, repository.id, revisions.DEFAULT_BRANCH)
                found.append(describe(db, store.blobs, repository, commit, Selection()))
    chosen = [fields.apply(item) for item in query.choose(found)]
    return page_of(request, chosen, min(query.limit or store.config.page_size, store.config.page_size))


@router.get(REPOSITORY)
@router.get(REPOSITORY + "/revision/{revision:segment}")
def information(request: Request, call: Call, revision: str = revisions.DEFAULT_BRANCH) -> dict[str, Any]:
    """Return everything about a repository at a revision."""
    with call.reading() as (db, repository):
        commit = revisions.resolve(db, repository.id, revision)
        return describe(db, call.store.blobs, repository, commit, selection(request))


@router.get(REPOSITORY + "/tree/{revision:segment}")
@router.get(REPOSITORY + "/tree/{revision:segment}/{path:rest}")
def tree(request: Request, call: Call, revision: str, path: str = "") -> JSONResponse:
    """List files and folders below a path."""
    path = path.strip("/")
    with call.reading() as (db, repository):
        commit = revisions.resolve(db, repository.id, pinned_revision(request, revision))
        root = trees.lookup(db, repository.id, commit.tree, path) if path else None
        if path and (root is None or not root.is_folder):
            raise errors.entry_not_found(f"{path} does not exist on {revision!r}", commit=commit.oid)
        start = root.oid if root else commit.tree
        prefix = f"{path}/" if path else ""
        walk = trees.walk(db, repository.id, start, prefix, recursive=flag(request, "recursive"))
        entries = listing.entries(db, repository.id, walk)
        if flag(request, "expand"):
            listing.add_last_commits(db, repository.id, commit, entries)
    return page_of(request, entries, call.store.config.page_size, pin=commit.oid)


async def form_of(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form, which may repeat."""
    return parse_qs((await request.body()).decode("utf-8", "replace"))


@router.post(REPOSITORY + "/paths-info/{revision:segment}")
def paths_info(
    call: Call, revision: str, form: Annotated[dict[str, list[str]], Depends(form_of)]
) -> list[dict[str, Any]]:
    """Describe the given paths; those that do not exist are left out."""
    with call.reading() as (db, repository):
        commit = revisions.resolve(db, repository.id, revision)
        found = []
        for path in dict.fromkeys(name.strip("/") for name in form.get("paths", [])):
            if path and (entry := trees.lookup(db, repository.id, commit.tree, path)):
                found.append((path, entry))
        entries = listing.entries(db, repository.id, found)
        if form.get("expand", [""])[0].lower() in {"1", "true"}:
            listing.add_last_commits(db, repository.id, commit, entries)
    return entries


@router.get(REPOSITORY + "/commits/{revision:segment}")
def commits(request: Request, call: Call, revision: str) -> JSONResponse:
    """List a revision's history, the newest commit first."""
    formatted = "formatted" in request.query_params.getlist("expand[]")
    with call.reading() as (db, repository):
        start = revisions.resolve(db, repository.id, pinned_revision(request, revision))
        items: list[dict[str, object]] = []
        for commit in revisions.history(db, repository.id, start):
            item: dict[str, object] = {
                "id": commit.oid,
                "title": commit.title,
                "message": commit.message,
                "authors": [{"user": commit.author}],
                "date": commit.created_at,
            }
            if formatted:
                item["formatted"] = {"title": html.escape(commit.title), "message": html.escape(commit.message)}
            items.append(item)
    return page_of(request, items, call.store.config.page_size, pin=start.oid)


@router.get(REPOSITORY + "/refs")
def refs(request: Request, call: Call) -> dict[str, list[dict[str, str]]]:
    """List branches and tags; this store has no pull requests and no converted copies."""
    with call.reading() as (db, repository):
        known = revisions.refs(db, repository.id)
    answer: dict[str, list[dict[str, str]]] = {
        "branches": [ref.describe() for ref in known if ref.kind == "branch"],
        "tags": [ref.describe() for ref in known if ref.kind == "tag"],
        "converts": [],
    }
    if flag(request, "include_prs"):
        answer["pullRequests"] = []
    return answer
