"""Who am I, and creating, deleting, moving and setting up repositories."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from pipeline.local.hub import errors, repositories
from pipeline.local.hub.repositories import Kind
from pipeline.local.hub.routes.call import REPOSITORY, Call, StoreOf, base_url, caller
from pipeline.log import get_logger

router = APIRouter()
log = get_logger(__name__)

_KINDS: dict[str, Kind] = {"model": "models", "dataset": "datasets"}


class RepositoryName(BaseModel):
    """A repository as the client names it in a request body."""

    name: str
    organization: str | None = None
    type: str | None = None
    private: bool = False
    visibility: Literal["public", "private"] | None = None

    @property
    def kind(self) -> Kind:
        """The repository type, as it stands in addresses."""
        return kind_of(self.type)

    def full(self, owner: str) -> str:
        """Return `namespace/name`, in the caller's own namespace unless another is named."""
        return f"{self.organization or owner}/{self.name}"


class Move(BaseModel):
    """From where to where a repository goes."""

    fromRepo: str
    toRepo: str
    type: str | None = None


class RepositorySettings(BaseModel):
    """The settings a repository has."""

    private: bool | None = None
    visibility: Literal["public", "private"] | None = None
    gated: Literal["auto", "manual", False] | None = None


def kind_of(name: str | None) -> Kind:
    """Return the repository type of a request body.

    Raises HubError 400 for types this store does not keep.
    """
    kind = _KINDS.get(name or "model")
    if kind is None:
        raise errors.HubError(400, f"This store keeps models and datasets, not repositories of type {name!r}")
    return kind


@router.get("/api/whoami-v2")
def whoami(request: Request, store: StoreOf) -> dict[str, Any]:
    """Say whose token this is."""
    with store.database.read() as db:
        principal = caller(request, db)
    if principal is None:
        raise errors.authentication_required()
    return {
        "type": "user",
        "id": principal.name,
        "name": principal.name,
        "fullname": principal.name,
        "isPro": False,
        "canPay": False,
        "orgs": [{"type": "org", "id": org, "name": org, "fullname": org} for org in principal.orgs],
        "auth": {"type": "access_token", "accessToken": {"displayName": "token", "role": principal.role}},
    }


@router.post("/api/repos/create")
def create(request: Request, store: StoreOf, body: RepositoryName) -> JSONResponse:
    """Create a repository; answer 409 with its address when it exists."""
    kind = body.kind
    with store.database.write() as db:
        principal = caller(request, db)
        name = body.full(principal.name if principal else "")
        author = repositories.check_namespace(principal, name)
        private = body.visibility == "private" if body.visibility else body.private
        repository = store.create_repository(db, kind, name, author, private=private)
        existing = repository or repositories.find(db, principal, kind, name)
    answer = {"url": base_url(request) + existing.web_path, "name": existing.name, "id": existing.name}
    if repository is None:
        return JSONResponse({**answer, "error": "You already created this repository"}, 409)
    log.info("hub.repository_created", repository=name, kind=kind, private=private, by=author.name)
    return JSONResponse(answer)


@router.delete("/api/repos/delete")
def delete(request: Request, store: StoreOf, body: RepositoryName) -> dict[str, Any]:
    """Delete a repository and the contents that only it held."""
    with store.database.write() as db:
        principal = caller(request, db)
        if principal is None:
            raise errors.authentication_required()
        repository = repositories.find(db, principal, body.kind, body.full(principal.name))
        repositories.check_write_access(repository, principal)
        held = repositories.delete(db, repository)
    store.reclaim(held)
    log.info("hub.repository_deleted", repository=repository.name, kind=repository.kind, by=principal.name)
    return {}


@router.post("/api/repos/move")
def move(request: Request, store: StoreOf, body: Move) -> dict[str, Any]:
    """Rename a repository or give it to another namespace of the caller."""
    with store.database.write() as db:
        principal = caller(request, db)
        repository = repositories.find(db, principal, kind_of(body.type), body.fromRepo)
        repositories.check_write_access(repository, principal)
        repositories.check_namespace(principal, body.toRepo)
        repositories.move(db, repository, body.toRepo)
    log.info("hub.repository_moved", repository=repository.name, to=body.toRepo)
    return {}


@router.put(REPOSITORY + "/settings")
def update_settings(call: Call, body: RepositorySettings) -> dict[str, Any]:
    """Change who may see a repository and who may read its files."""
    private = body.visibility == "private" if body.visibility else body.private
    with call.writing() as (db, repository, author):
        if private is not None:
            db.execute("UPDATE repositories SET private = ? WHERE id = ?", (private, repository.id))
        if body.gated is not None:
            db.execute("UPDATE repositories SET gated = ? WHERE id = ?", (body.gated or None, repository.id))
    changed = body.model_dump(exclude_none=True)
    log.info("hub.settings_changed", repository=repository.name, by=author.name, **changed)
    return changed


@router.get(REPOSITORY + "/auth-check")
def check_read_access(call: Call) -> dict[str, Any]:
    """Answer without an error if the caller may read the files."""
    with call.reading(content=True):
        return {}


@router.get(REPOSITORY + "/auth-check/write")
def check_write_access(call: Call) -> dict[str, Any]:
    """Answer without an error if the caller may change the repository."""
    call.check_write_access()
    return {}
