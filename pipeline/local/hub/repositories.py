"""Repositories: names, visibility, who may see and change them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pipeline.local.hub import errors
from pipeline.local.hub.accounts import NAMESPACE, RESERVED, Principal

Kind = Literal["models", "datasets"]
_NAME = re.compile(NAMESPACE)


@dataclass(frozen=True)
class Repository:
    """One repository as the database knows it; `name` is `namespace/name`, `gated` None, `auto` or `manual`."""

    id: int
    kind: Kind
    name: str
    private: bool
    gated: str | None
    created_at: str

    @property
    def namespace(self) -> str:
        """The user or organisation that owns it."""
        return self.name.partition("/")[0]

    @property
    def web_path(self) -> str:
        """The path of its page and of its files, as the Hub forms it."""
        return f"/{self.name}" if self.kind == "models" else f"/{self.kind}/{self.name}"


def now() -> str:
    """Return the present in the form of the Hub's API: UTC, milliseconds, `Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _from_row(row: sqlite3.Row) -> Repository:
    return Repository(row["id"], row["kind"], row["name"], bool(row["private"]), row["gated"], row["created_at"])


def _may_see(repository: Repository, principal: Principal | None) -> bool:
    return not repository.private or _is_member(repository, principal)


def _is_member(repository: Repository, principal: Principal | None) -> bool:
    return principal is not None and principal.belongs_to(repository.namespace)


def find(db: sqlite3.Connection, principal: Principal | None, kind: Kind, name: str) -> Repository:
    """Return the repository of that name if the caller may know that it exists.

    Raises HubError `RepoNotFound` when it is missing or invisible (indistinguishable), RepositoryMoved when it has
    another name by now.
    """
    row = db.execute("SELECT * FROM repositories WHERE kind = ? AND name = ?", (kind, name)).fetchone()
    if row and _may_see(_from_row(row), principal):
        return _from_row(row)
    moved = (
        None
        if row
        else db.execute(
            "SELECT repositories.* FROM renames JOIN repositories ON repositories.id = renames.repository "
            "WHERE renames.kind = ? AND renames.name = ?",
            (kind, name),
        ).fetchone()
    )
    if moved and _may_see(_from_row(moved), principal):
        raise errors.RepositoryMoved(name, moved["name"])
    raise errors.repository_not_found(anonymous=principal is None)


def check_content_access(repository: Repository, principal: Principal | None) -> None:
    """Raise HubError `GatedRepo` when the repository is gated and the caller does not belong to its owner."""
    if repository.gated and not _is_member(repository, principal):
        raise errors.gated(f"{repository.kind[:-1]} {repository.name}", anonymous=principal is None)


def check_write_access(repository: Repository, principal: Principal | None) -> Principal:
    """Return the caller if they may change the repository.

    Raises HubError 401 without a token, 403 with one that may not write here.
    """
    if principal is None:
        raise errors.authentication_required()
    if not principal.can_write:
        raise errors.forbidden("This token may only read; a token with the role 'write' is needed")
    if not _is_member(repository, principal):
        raise errors.forbidden(f"You do not have the right to write to {repository.name}")
    return principal


def check_namespace(principal: Principal | None, name: str) -> Principal:
    """Return the caller if they may create, delete or move repositories called `namespace/name`.

    Raises HubError 401, 403, or 400 for a name that the Hub would refuse.
    """
    if principal is None:
        raise errors.authentication_required()
    namespace, _, rest = name.partition("/")
    valid = _NAME.fullmatch(rest) and not re.search(r"--|\.\.", rest) and not rest.lower().endswith(".git")
    if not valid or namespace.lower() in RESERVED:
        raise errors.HubError(
            400,
            f"{name!r} is not a valid name: use letters, digits, '-', '_' and '.', at most 96 characters, no '--' "
            "or '..', not ending in '.git'",
        )
    if not principal.can_write or not principal.belongs_to(namespace):
        raise errors.forbidden(f"You do not have the rights to create or change repositories of {namespace}")
    return principal


def create(db: sqlite3.Connection, kind: Kind, name: str, *, private: bool) -> Repository | None:
    """Record a new repository without commits; return None when the name is taken."""
    cursor = db.execute(
        "INSERT OR IGNORE INTO repositories (kind, name, private, created_at) VALUES (?, ?, ?, ?)",
        (kind, name, private, now()),
    )
    if not cursor.rowcount:
        return None
    db.execute("DELETE FROM renames WHERE kind = ? AND name = ?", (kind, name))
    row = db.execute("SELECT * FROM repositories WHERE id = ?", (cursor.lastrowid,)).fetchone()
    return _from_row(row)


def delete(db: sqlite3.Connection, repository: Repository) -> list[str]:
    """Remove a repository with everything in it; return the SHA-256 of the contents it held."""
    held = db.execute(
        "SELECT sha256 FROM contents WHERE repository = :id "
        "UNION SELECT sha256 FROM lfs_objects WHERE repository = :id",
        {"id": repository.id},
    ).fetchall()
    db.execute("DELETE FROM repositories WHERE id = ?", (repository.id,))
    return [row["sha256"] for row in held]


def unreferenced(db: sqlite3.Connection, sha256s: list[str]) -> Iterator[str]:
    """Yield those of the contents that no repository holds any more."""
    for sha256 in sha256s:
        held = db.execute(
            "SELECT 1 FROM contents WHERE sha256 = :sha "
            "UNION ALL SELECT 1 FROM lfs_objects WHERE sha256 = :sha LIMIT 1",
            {"sha": sha256},
        ).fetchone()
        if not held:
            yield sha256


def move(db: sqlite3.Connection, repository: Repository, name: str) -> None:
    """Rename a repository; its old name leads to the new one until somebody takes it.

    Raises HubError 409 when the new name is taken.
    """
    try:
        db.execute("UPDATE repositories SET name = ? WHERE id = ?", (name, repository.id))
    except sqlite3.IntegrityError:
        raise errors.HubError(409, f"A {repository.kind[:-1]} repository called {name} already exists") from None
    db.execute("DELETE FROM renames WHERE kind = ? AND name = ?", (repository.kind, name))
    db.execute("INSERT OR REPLACE INTO renames VALUES (?, ?, ?)", (repository.kind, repository.name, repository.id))


def visible(db: sqlite3.Connection, principal: Principal | None, kind: Kind) -> list[Repository]:
    """Return every repository of a kind that the caller may see, the newest first."""
    rows = db.execute("SELECT * FROM repositories WHERE kind = ? ORDER BY id DESC", (kind,))
    return [repository for repository in map(_from_row, rows) if _may_see(repository, principal)]
