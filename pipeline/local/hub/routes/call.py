"""What every call shares: addresses as the client wrote them, the caller, and access to one repository."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.convertors import Convertor, register_url_convertor

from pipeline.local.hub import accounts, errors, repositories
from pipeline.local.hub.accounts import Principal
from pipeline.local.hub.repositories import Kind, Repository
from pipeline.local.hub.store import Store

SESSION_COOKIE = "hub_session"


class _Segment(Convertor[str]):
    """One segment of the address; what was escaped in it, such as the slash of a branch name, is part of the value."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


class _Rest(_Segment):
    """All that is left of the address."""

    regex = ".+"


class _Kind(_Segment):
    """The repository types this store knows, as they stand in addresses."""

    regex = "models|datasets"


for _name, _convertor in (("segment", _Segment()), ("rest", _Rest()), ("kind", _Kind())):
    register_url_convertor(_name, _convertor)

REPOSITORY = "/api/{kind:kind}/{namespace:segment}/{name:segment}"
"""The beginning of every call about one repository."""


def get_store(request: Request) -> Store:
    """Return the store that the application serves."""
    store: Store = request.app.state.store
    return store


StoreOf = Annotated[Store, Depends(get_store)]


def caller(request: Request, db: sqlite3.Connection) -> Principal | None:
    """Return who is calling, by token or, for reading only, by the session cookie of the pages.

    A cookie never allows a change, so no foreign page can make a browser change anything.
    """
    principal = accounts.authenticate(db, request.headers.get("authorization"))
    cookie = request.cookies.get(SESSION_COOKIE)
    if principal is None and cookie and request.method in {"GET", "HEAD"}:
        token_digest = get_store(request).signer.unseal(cookie)
        principal = accounts.by_token_digest(db, token_digest) if token_digest else None
    return principal


def base_url(request: Request) -> str:
    """Return scheme, host and port as the client addressed them."""
    return f"{request.url.scheme}://{request.url.netloc}"


@dataclass(frozen=True)
class RepositoryCall:
    """A call about one repository."""

    request: Request
    store: Store
    kind: Kind
    name: str

    @contextmanager
    def reading(self, *, content: bool = False) -> Iterator[tuple[sqlite3.Connection, Repository]]:
        """Yield the repository if the caller may see it (and, with `content`, may read its files)."""
        with self.store.database.read() as db:
            principal = caller(self.request, db)
            repository = repositories.find(db, principal, self.kind, self.name)
            if content:
                repositories.check_content_access(repository, principal)
            yield db, repository

    @contextmanager
    def writing(self) -> Iterator[tuple[sqlite3.Connection, Repository, Principal]]:
        """Yield the repository and the caller inside a transaction, if the caller may change it."""
        with self.store.database.write() as db:
            principal = caller(self.request, db)
            repository = repositories.find(db, principal, self.kind, self.name)
            yield db, repository, repositories.check_write_access(repository, principal)

    def check_write_access(self) -> Repository:
        """Return the repository if the caller may change it, without waiting for other writers."""
        with self.store.database.read() as db:
            principal = caller(self.request, db)
            repository = repositories.find(db, principal, self.kind, self.name)
            repositories.check_write_access(repository, principal)
        return repository


def repository_call(request: Request, store: StoreOf) -> RepositoryCall:
    """Build the call from the address; addresses without a type are about models."""
    path = request.path_params
    return RepositoryCall(request, store, path.get("kind", "models"), f"{path['namespace']}/{path['name']}")


Call = Annotated[RepositoryCall, Depends(repository_call)]


def page_of(request: Request, items: list[dict[str, object]], size: int, *, pin: str | None = None) -> JSONResponse:
    """Return one page of a list, with a link to the next as the client follows it.

    `pin` names the commit that the first page saw, so that later pages are of the same commit.
    """
    cursor = request.query_params.get("cursor", "0").rpartition(":")[2]
    if not cursor.isdecimal():
        raise errors.HubError(400, "cursor is not valid")
    start = int(cursor)
    headers = {}
    if start + size < len(items):
        following = f"{pin}:{start + size}" if pin else str(start + size)
        headers["Link"] = f'<{request.url.include_query_params(cursor=following)}>; rel="next"'
    return JSONResponse(items[start : start + size], headers=headers)


def pinned_revision(request: Request, revision: str) -> str:
    """Return the commit that an earlier page of the same list was of, else the revision asked for."""
    return request.query_params.get("cursor", "").rpartition(":")[0] or revision


def flag(request: Request, name: str) -> bool:
    """Whether a query parameter is set to something that means yes."""
    return request.query_params.get(name, "").lower() in {"1", "true"}
