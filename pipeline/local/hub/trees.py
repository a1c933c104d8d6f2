"""The files of a commit: git trees in the database, and the contents they name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.local.hub.gitobjects import (
    FILE_MODE,
    FOLDER_MODE,
    TreeEntry,
    decode_tree,
    encode_tree,
    lfs_pointer,
    object_id,
)


@dataclass(frozen=True)
class Content:
    """What a git blob id stands for in one repository: a regular file, or an LFS object by way of its pointer."""

    oid: str
    sha256: str
    size: int
    lfs: bool

    @property
    def etag(self) -> str:
        """The identifier clients compare: the SHA-256 of an LFS object, the git id of a regular file."""
        return self.sha256 if self.lfs else self.oid

    def describe(self) -> dict[str, object]:
        """Return the fields of the Hub's API that identify the content."""
        fields: dict[str, object] = {"oid": self.oid, "size": self.size}
        if self.lfs:
            fields["lfs"] = {
                "oid": self.sha256,
                "size": self.size,
                "pointerSize": len(lfs_pointer(self.sha256, self.size)),
            }
        return fields


def write_tree(db: sqlite3.Connection, repository: int, files: Mapping[str, str]) -> str:
    """Store the trees of a set of files (path to git blob id) and return the id of the root."""
    entries: list[TreeEntry] = []
    folders: dict[str, dict[str, str]] = {}
    for path, oid in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(head, {})[rest] = oid
        else:
            entries.append(TreeEntry(FILE_MODE, head, oid))
    for name, inner in folders.items():
        entries.append(TreeEntry(FOLDER_MODE, name, write_tree(db, repository, inner)))
    body = encode_tree(entries)
    oid = object_id("tree", body)
    db.execute("INSERT OR IGNORE INTO trees VALUES (?, ?, ?)", (repository, oid, body))
    return oid


def entries_of(db: sqlite3.Connection, repository: int, tree: str) -> list[TreeEntry]:
    """Return the direct entries of a stored tree."""
    row = db.execute("SELECT body FROM trees WHERE repository = ? AND oid = ?", (repository, tree)).fetchone()
    return decode_tree(row["body"])


def walk(
    db: sqlite3.Connection, repository: int, tree: str, prefix: str = "", *, recursive: bool = True
) -> Iterator[tuple[str, TreeEntry]]:
    """Yield path and entry of the files and folders below a tree, a folder before what is in it."""
    for entry in entries_of(db, repository, tree):
        path = prefix + entry.name
        yield path, entry
        if recursive and entry.is_folder:
            yield from walk(db, repository, entry.oid, f"{path}/")


def files_of(db: sqlite3.Connection, repository: int, tree: str) -> dict[str, str]:
    """Return every file below a tree as path to git blob id."""
    return {path: entry.oid for path, entry in walk(db, repository, tree) if not entry.is_folder}


def lookup(db: sqlite3.Connection, repository: int, tree: str, path: str) -> TreeEntry | None:
    """Return the entry at a path below a tree, or None."""
    entry = TreeEntry(FOLDER_MODE, "", tree)
    for name in path.split("/"):
        if not entry.is_folder:
            return None
        found = next((e for e in entries_of(db, repository, entry.oid) if e.name == name), None)
        if found is None:
            return None
        entry = found
    return entry


def contents_of(db: sqlite3.Connection, repository: int) -> dict[str, Content]:
    """Return every content a repository ever committed, by git blob id."""
    rows = db.execute("SELECT * FROM contents WHERE repository = ?", (repository,))
    return {row["oid"]: _content(row) for row in rows}


def content(db: sqlite3.Connection, repository: int, oid: str) -> Content:
    """Return one committed content by its git blob id.

    Raises KeyError for an id the repository does not have.
    """
    row = db.execute("SELECT * FROM contents WHERE repository = ? AND oid = ?", (repository, oid)).fetchone()
    if row is None:
        raise KeyError(oid)
    return _content(row)


def add_content(db: sqlite3.Connection, repository: int, new: Content) -> None:
    """Record what a git blob id stands for."""
    db.execute(
        "INSERT OR IGNORE INTO contents VALUES (?, ?, ?, ?, ?)",
        (repository, new.oid, new.sha256, new.size, new.lfs),
    )


def _content(row: sqlite3.Row) -> Content:
    return Content(row["oid"], row["sha256"], row["size"], bool(row["lfs"]))
