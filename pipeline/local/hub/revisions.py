"""History: commits, branches, tags, and what a revision name stands for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pipeline.local.hub import errors
from pipeline.local.hub.gitobjects import encode_commit, object_id

DEFAULT_BRANCH = "main"
RefKind = Literal["branch", "tag"]
_FOLDERS: dict[RefKind, str] = {"branch": "heads", "tag": "tags"}
_COMMIT_PREFIX = re.compile(r"[0-9a-f]{7,40}")
# git-check-ref-format(1), narrowed to what needs no quoting in any shell
_REF_NAME = re.compile(r"(?!refs/)(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|\.$|/$))\w[\w./+-]{0,200}")


@dataclass(frozen=True)
class Commit:
    """One commit of a repository."""

    oid: str
    tree: str
    parent: str | None
    title: str
    message: str
    author: str
    created_at: str


@dataclass(frozen=True)
class Ref:
    """A branch or a tag."""

    kind: RefKind
    name: str
    oid: str

    def describe(self) -> dict[str, str]:
        """Return the fields of the Hub's API."""
        return {"name": self.name, "ref": f"refs/{_FOLDERS[self.kind]}/{self.name}", "targetCommit": self.oid}


def _from_row(row: sqlite3.Row) -> Commit:
    return Commit(**{key: row[key] for key in row.keys() if key != "repository"})  # noqa: SIM118


def get(db: sqlite3.Connection, repository: int, oid: str) -> Commit:
    """Return a commit by its full id, which must exist."""
    row = db.execute("SELECT * FROM commits WHERE repository = ? AND oid = ?", (repository, oid)).fetchone()
    return _from_row(row)


def resolve(db: sqlite3.Connection, repository: int, revision: str) -> Commit:
    """Return the commit that a branch, a tag, a full ref or a commit id of at least 7 digits stands for.

    Raises HubError `RevisionNotFound`, also for an ambiguous prefix.
    """
    kinds: list[RefKind] = ["branch", "tag"]
    name = revision
    for kind in tuple(kinds):
        if revision.startswith(prefix := f"refs/{_FOLDERS[kind]}/"):
            kinds, name = [kind], revision.removeprefix(prefix)
    for kind in kinds:
        if found := _ref(db, repository, kind, name):
            return get(db, repository, found)
    if _COMMIT_PREFIX.fullmatch(revision):
        rows = db.execute(
            "SELECT * FROM commits WHERE repository = ? AND oid >= ? AND oid < ? LIMIT 2",
            (repository, revision, revision + "g"),
        ).fetchall()
        if len(rows) == 1:
            return _from_row(rows[0])
    raise errors.revision_not_found(revision)


def _ref(db: sqlite3.Connection, repository: int, kind: RefKind, name: str) -> str | None:
    row = db.execute(
        "SELECT oid FROM refs WHERE repository = ? AND kind = ? AND name = ?", (repository, kind, name)
    ).fetchone()
    return row["oid"] if row else None


def head(db: sqlite3.Connection, repository: int, branch: str) -> Commit:
    """Return the newest commit of a branch.

    Raises HubError `RevisionNotFound` for anything that is not a branch.
    """
    oid = _ref(db, repository, "branch", branch.removeprefix("refs/heads/"))
    if oid is None:
        raise errors.revision_not_found(branch)
    return get(db, repository, oid)


def history(db: sqlite3.Connection, repository: int, start: Commit) -> Iterator[Commit]:
    """Yield a commit and its ancestors, the newest first."""
    commit: Commit | None = start
    while commit:
        yield commit
        commit = get(db, repository, commit.parent) if commit.parent else None


def refs(db: sqlite3.Connection, repository: int) -> list[Ref]:
    """Return branches and tags in the order of their creation."""
    rows = db.execute("SELECT kind, name, oid FROM refs WHERE repository = ? ORDER BY rowid", (repository,))
    return [Ref(row["kind"], row["name"], row["oid"]) for row in rows]


def commit_tree(
    db: sqlite3.Connection,
    repository: int,
    *,
    branch: str,
    tree: str,
    parent: str | None,
    title: str,
    message: str,
    author: str,
) -> Commit:
    """Record a commit and move the branch to it."""
    moment = datetime.now(UTC).replace(microsecond=0)
    text = f"{title}\n\n{message}" if message else title
    body = encode_commit(tree=tree, parent=parent, author=author, timestamp=int(moment.timestamp()), message=text)
    created_at = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    commit = Commit(object_id("commit", body), tree, parent, title, message, author, created_at)
    db.execute(
        "INSERT OR IGNORE INTO commits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (repository, commit.oid, tree, parent, title, message, author, created_at),
    )
    db.execute(
        "INSERT INTO refs (repository, kind, name, oid) VALUES (?, 'branch', ?, ?) "
        "ON CONFLICT (repository, kind, name) DO UPDATE SET oid = excluded.oid",
        (repository, branch, commit.oid),
    )
    return commit


def create_ref(db: sqlite3.Connection, repository: int, kind: RefKind, name: str, oid: str, message: str = "") -> None:
    """Create a branch or a tag.

    Raises HubError 400 for a name git would refuse, 409 when it exists.
    """
    if not _REF_NAME.fullmatch(name):
        raise errors.HubError(400, f"Invalid reference name: {name}")
    cursor = db.execute("INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?, ?)", (repository, kind, name, oid, message))
    if not cursor.rowcount:
        raise errors.HubError(409, f"Reference refs/{_FOLDERS[kind]}/{name} already exists")


def delete_ref(db: sqlite3.Connection, repository: int, kind: RefKind, name: str) -> None:
    """Delete a branch or a tag; its commits stay reachable by their ids.

    Raises HubError 403 for the default branch, `RevisionNotFound` for an unknown name.
    """
    if (kind, name) == ("branch", DEFAULT_BRANCH):
        raise errors.forbidden(f"Cannot delete refs/heads/{DEFAULT_BRANCH}")
    cursor = db.execute("DELETE FROM refs WHERE repository = ? AND kind = ? AND name = ?", (repository, kind, name))
    if not cursor.rowcount:
        raise errors.revision_not_found(name)
