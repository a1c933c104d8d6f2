"""The web application: every group of calls, and how refusals are told."""

from __future__ import annotations

import errno
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from pipeline.local.hub import errors
from pipeline.local.hub.middleware import BodyLimit, RawPath
from pipeline.local.hub.routes import administration, browse, changes, files, large_files, pages, unknown
from pipeline.local.hub.store import Store


def build(store: Store) -> FastAPI:
    """Return the application that serves a store."""
    app = FastAPI(title="Model store", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.store = store
    app.add_middleware(BodyLimit, longest=store.config.max_body)
    app.add_middleware(RawPath)
    app.add_api_route("/healthz", healthz)
    # Unknown calls before the pages, whose /{namespace}/{name} would take one for a repository.
    for group in (administration, browse, changes, large_files, files, unknown, pages):
        app.include_router(group.router)
    app.add_exception_handler(errors.HubError, _refusal)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(OSError, _disk_trouble)
    return app


def healthz(request: Request) -> dict[str, str]:
    """Answer once the metadata can be read."""
    store: Store = request.app.state.store
    with store.database.read() as db:
        db.execute("SELECT count(*) FROM repositories").fetchone()
    return {"status": "ok"}


async def _refusal(request: Request, problem: Exception) -> Response:
    if isinstance(problem, errors.RepositoryMoved):
        target = request.url.path.replace(f"/{problem.old}", f"/{problem.new}", 1)
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(target + query, problem.status)
    if not isinstance(problem, errors.HubError):
        raise problem
    if pages.wants_page(request):
        return pages.refusal(request, problem)
    # A message may quote the caller, and a header must not carry their line breaks.
    message = "".join(character if " " <= character <= "~" else "?" for character in problem.message)
    headers = {"X-Request-Id": secrets.token_hex(8), "X-Error-Message": message, **problem.headers}
    if problem.code:
        headers["X-Error-Code"] = problem.code
    return JSONResponse({"error": problem.message}, problem.status, headers)


async def _malformed(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, RequestValidationError):
        raise problem
    places = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors()]
    return await _refusal(request, errors.HubError(400, "Malformed request: " + "; ".join(places)))


async def _unrouted(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        raise problem
    return await _refusal(request, errors.HubError(problem.status_code, str(problem.detail)))


async def _disk_trouble(request: Request, problem: Exception) -> Response:
    if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return await _refusal(request, errors.HubError(507, "This store's disk is full"))
    raise problem
