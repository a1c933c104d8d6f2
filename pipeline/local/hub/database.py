"""The store's metadata: one SQLite file in WAL mode, so that readers never wait for a writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PipelineError

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE users (name TEXT PRIMARY KEY COLLATE NOCASE, orgs TEXT NOT NULL);
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('read', 'write'))
);
CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('models', 'datasets')),
    name TEXT NOT NULL COLLATE NOCASE,
    private INTEGER NOT NULL,
    gated TEXT CHECK (gated IN ('auto', 'manual')),
    created_at TEXT NOT NULL,
    UNIQUE (kind, name)
);
CREATE TABLE renames (
    kind TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, name)
);
CREATE TABLE lfs_objects (
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    uploaded_at TEXT NOT NULL,
    PRIMARY KEY (repository, sha256)
);
CREATE TABLE contents (
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    oid TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    lfs INTEGER NOT NULL,
    PRIMARY KEY (repository, oid)
);
CREATE INDEX contents_by_sha256 ON contents (sha256);
CREATE INDEX lfs_objects_by_sha256 ON lfs_objects (sha256);
CREATE TABLE trees (
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    oid TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (repository, oid)
);
CREATE TABLE commits (
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    oid TEXT NOT NULL,
    tree TEXT NOT NULL,
    parent TEXT,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (repository, oid)
);
CREATE TABLE refs (
    repository INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('branch', 'tag')),
    name TEXT NOT NULL,
    oid TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (repository, kind, name)
);
"""


class Database:
    """Opens short connections to the metadata; a write is one transaction, and writes happen one after another."""

    def __init__(self, path: Path) -> None:
        """Create the tables in a new file, which only its owner can read.

        Raises PipelineError for a file of another version of the program.
        """
        self._path = path
        path.touch(mode=0o600)
        with self.write() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise PipelineError(
                    f"The model store has schema version {version}, and this program knows version {SCHEMA_VERSION}",
                    where=str(path),
                    remedy="Use the version of the program that wrote it, or choose another --root",
                )

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one consistent state of the metadata."""
        db = self._connect()
        try:
            db.execute("BEGIN")
            yield db
        finally:
            db.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Yield the only writing connection; what it did counts only if the block ends without an exception."""
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()
