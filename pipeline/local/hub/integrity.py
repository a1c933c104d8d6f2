"""Checking a whole store against itself: every object still is what its name says."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from pipeline.local.hub.blobs import CHUNK
from pipeline.local.hub.gitobjects import decode_tree, object_id
from pipeline.local.hub.store import Store


def damage(store: Store) -> Iterator[str]:
    """Yield a sentence for each thing that is missing or altered: contents, trees, commits, branches and tags."""
    with store.database.read() as db:
        yield from _contents(store, db)
        yield from _trees(db)
        yield from _history(db)


def _contents(store: Store, db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute("SELECT sha256, size FROM contents UNION SELECT sha256, size FROM lfs_objects")
    for row in rows:
        path, digest, size = store.blobs.path(row["sha256"]), hashlib.sha256(), 0
        if not path.is_file():
            yield f"content {row['sha256']} is missing"
            continue
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        if (digest.hexdigest(), size) != (row["sha256"], row["size"]):
            yield f"content {row['sha256']} is altered"


def _trees(db: sqlite3.Connection) -> Iterator[str]:
    for tree in db.execute("SELECT repository, oid, body FROM trees"):
        if object_id("tree", tree["body"]) != tree["oid"]:
            yield f"tree {tree['oid']} is altered"
            continue
        for entry in decode_tree(tree["body"]):
            table = "trees" if entry.is_folder else "contents"
            if not _exists(db, table, tree["repository"], entry.oid):
                yield f"tree {tree['oid']} names {entry.name}, which is missing"


def _history(db: sqlite3.Connection) -> Iterator[str]:
    for commit in db.execute("SELECT repository, oid, tree, parent FROM commits"):
        if not _exists(db, "trees", commit["repository"], commit["tree"]):
            yield f"commit {commit['oid']} names a tree that is missing"
        if commit["parent"] and not _exists(db, "commits", commit["repository"], commit["parent"]):
            yield f"commit {commit['oid']} names a parent that is missing"
    for ref in db.execute("SELECT repository, kind, name, oid FROM refs"):
        if not _exists(db, "commits", ref["repository"], ref["oid"]):
            yield f"{ref['kind']} {ref['name']} names a commit that is missing"


def _exists(db: sqlite3.Connection, table: str, repository: int, oid: str) -> bool:
    query = f"SELECT 1 FROM {table} WHERE repository = ? AND oid = ?"  # noqa: S608 - a name from above
    return db.execute(query, (repository, oid)).fetchone() is not None
