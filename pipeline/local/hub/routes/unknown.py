"""What is asked of the Hub but not of this store: missing repositories stay distinguishable from missing calls."""

from __future__ import annotations

from fastapi import APIRouter

from pipeline.local.hub import errors
from pipeline.local.hub.routes.call import REPOSITORY, Call

router = APIRouter()

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@router.api_route(REPOSITORY, methods=_METHODS)
@router.api_route(REPOSITORY + "/{call:rest}", methods=_METHODS)
def about_a_repository(call: Call) -> None:
    """Refuse a call about a repository, as missing if the repository is."""
    with call.reading():
        raise errors.no_such_call()


@router.api_route("/api/{kind:kind}/{name:segment}", methods=_METHODS)
@router.api_route("/api/spaces/{rest:rest}", methods=_METHODS)
@router.api_route("/{name:segment}/resolve/{rest:rest}", methods=_METHODS)
@router.api_route("/spaces/{rest:rest}", methods=_METHODS)
def about_another_repository() -> None:
    """Refuse names without a namespace and repository types that this store does not keep."""
    raise errors.repository_not_found(anonymous=False)


@router.api_route("/api/{rest:rest}", methods=_METHODS)
def anything_else() -> None:
    """Refuse every other call."""
    raise errors.no_such_call()
