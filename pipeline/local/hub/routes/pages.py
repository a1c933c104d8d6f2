"""Pages for people: what is published here, and its cards, files, tags and history."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from pipeline.local.hub import accounts, cards, describe, errors, repositories, revisions, trees
from pipeline.local.hub.gitobjects import TreeEntry
from pipeline.local.hub.routes.call import SESSION_COOKIE, Call, RepositoryCall, StoreOf, caller
from pipeline.local.hub.store import Store

router = APIRouter()

_PAGE = "/{namespace:segment}/{name:segment}"
_HISTORY = 30
_PREVIEW = 1 << 20
_API_PREFIXES = ("/api/", "/lfs/")

_templates = Environment(
    loader=PackageLoader("pipeline.local.hub"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_templates.filters["quoted"] = lambda text: quote(str(text), safe="")
_templates.filters["quoted_path"] = lambda text: quote(str(text), safe="/")
# "js-default" passes no HTML through and refuses javascript: and data: links; pictures could call home, so none.
_markdown = MarkdownIt("js-default").enable("table").disable("image")


def size_for_people(size: int) -> str:
    """Return a size in bytes as people read it."""
    value = float(size)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


_templates.filters["size"] = size_for_people
_templates.filters["moment"] = lambda text: f"{str(text)[:10]} {str(text)[11:16]} UTC"


def wants_page(request: Request) -> bool:
    """Whether the answer is for a browser."""
    accepts = "text/html" in request.headers.get("accept", "")
    return accepts and not request.url.path.startswith(_API_PREFIXES)


def _render(request: Request, template: str, http_status: int = 200, **context: Any) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    text = _templates.get_template(template).render(user=_user_name(request), nonce=nonce, **context)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(text, http_status, headers)


def _user_name(request: Request) -> str | None:
    store: Store = request.app.state.store
    token_digest = store.signer.unseal(request.cookies.get(SESSION_COOKIE, ""))
    if token_digest is None:
        return None
    with store.database.read() as db:
        principal = accounts.by_token_digest(db, token_digest)
    return principal.name if principal else None


def refusal(request: Request, problem: errors.HubError) -> Response:
    """Return a refusal as a page."""
    return _render(request, "refusal.html", problem.status, message=problem.message, status=problem.status)


@router.get("/")
def index(request: Request, store: StoreOf) -> HTMLResponse:
    """List the repositories that the visitor may see."""
    rows = []
    with store.database.read() as db:
        principal = caller(request, db)
        for kind in ("models", "datasets"):
            for repository in repositories.visible(db, principal, kind):
                head = revisions.resolve(db, repository.id, revisions.DEFAULT_BRANCH)
                tags = [ref.name for ref in revisions.refs(db, repository.id) if ref.kind == "tag"]
                rows.append({"repository": repository, "head": head, "tags": tags})
    return _render(request, "index.html", rows=rows)


@router.get(_PAGE)
@router.get("/{kind:kind}" + _PAGE)
@router.get(_PAGE + "/tree/{revision:segment}")
@router.get("/{kind:kind}" + _PAGE + "/tree/{revision:segment}")
@router.get(_PAGE + "/commit/{revision:segment}")
@router.get("/{kind:kind}" + _PAGE + "/commit/{revision:segment}")
def repository_page(request: Request, call: Call, revision: str = revisions.DEFAULT_BRANCH) -> HTMLResponse:
    """Show a repository at a revision: card, files, tags, branches, history."""
    with call.reading() as (db, repository):
        commit = revisions.resolve(db, repository.id, revision)
        known = trees.contents_of(db, repository.id)
        files = {path: known[oid] for path, oid in trees.files_of(db, repository.id, commit.tree).items()}
        refs = revisions.refs(db, repository.id)
        history: list[revisions.Commit] = []
        for past in revisions.history(db, repository.id, commit):
            if len(history) == _HISTORY:
                break
            history.append(past)
        about = describe.describe(db, call.store.blobs, repository, commit, describe.Selection())
    readme = files.get("README.md")
    text = _text(call.store, readme.sha256) if readme else None
    metadata, card = cards.split(text) if text else (None, "")
    return _render(
        request,
        "repository.html",
        repository=repository,
        revision=revision,
        commit=commit,
        files=files,
        refs=refs,
        history=history,
        about=about,
        metadata=metadata,
        card=_markdown.render(card),
    )


@router.get(_PAGE + "/blob/{revision:segment}/{path:rest}")
@router.get("/{kind:kind}" + _PAGE + "/blob/{revision:segment}/{path:rest}")
def file_page(request: Request, call: Call, revision: str, path: str) -> HTMLResponse:
    """Show one file: its identity, and its text when it is a text."""
    repository, entry = _entry(call, revision, path)
    with call.store.database.read() as db:
        content = trees.content(db, repository.id, entry.oid)
    text = _text(call.store, content.sha256) if content.size <= _PREVIEW and not content.lfs else None
    return _render(
        request, "file.html", repository=repository, revision=revision, path=path, content=content, text=text
    )


def _entry(call: RepositoryCall, revision: str, path: str) -> tuple[repositories.Repository, TreeEntry]:
    with call.reading(content=True) as (db, repository):
        commit = revisions.resolve(db, repository.id, revision)
        entry = trees.lookup(db, repository.id, commit.tree, path)
    if entry is None or entry.is_folder:
        raise errors.entry_not_found(f"{path} does not exist on {revision!r}")
    return repository, entry


def _text(store: Store, sha256: str) -> str | None:
    data = store.blobs.read(sha256, _PREVIEW)
    return None if b"\0" in data else data.decode("utf-8", "replace")


@router.get("/login")
def login_form(request: Request) -> HTMLResponse:
    """Show the form for a token."""
    return _render(request, "login.html", failed=False)


@router.post("/login")
def login(request: Request, store: StoreOf, token: Annotated[str, Form()] = "") -> Response:
    """Start a session for the owner of a token."""
    _check_same_origin(request)
    token_digest = accounts.digest(token.strip())
    with store.database.read() as db:
        known = accounts.by_token_digest(db, token_digest)
    if known is None:
        return _render(request, "login.html", 401, failed=True)
    answer = RedirectResponse("/", 303)
    lifetime = store.config.session_lifetime
    answer.set_cookie(
        SESSION_COOKIE,
        store.signer.seal(token_digest, lifetime),
        max_age=lifetime,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the session in this browser."""
    _check_same_origin(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer


def _check_same_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.url.netloc:
        raise errors.forbidden("This form was sent from another site")
