"""Turning the lines of a commit request into one atomic commit."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from pipeline.local.hub import errors, revisions, trees
from pipeline.local.hub.blobs import BlobStore, StagedFile
from pipeline.local.hub.gitobjects import POINTER_PREFIX, is_sha256, lfs_pointer, object_id, safe_path
from pipeline.local.hub.repositories import Repository
from pipeline.local.hub.revisions import Commit
from pipeline.local.hub.trees import Content

_MAX_TITLE = 1000
_MAX_MESSAGE = 65536


@dataclass(frozen=True)
class AddFile:
    """A small file sent in the request itself, already staged on disk."""

    path: str
    oid: str
    staged: StagedFile


@dataclass(frozen=True)
class AddLfsFile:
    """A file whose content was uploaded before, named by its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Delete:
    """The removal of what is at a path; as on the Hub, one that names a folder takes all that is in it."""

    path: str
    is_folder: bool


Operation = AddFile | AddLfsFile | Delete


@dataclass
class CommitRequest:
    """What a client wants to commit; feed it line by line, then call `apply` inside a write transaction.

    Regular files are staged on disk as they arrive, so that a large commit needs no memory, and vanish with the
    request unless it was applied.
    """

    blobs: BlobStore
    max_file_size: int
    title: str = ""
    message: str = ""
    parent: str | None = None
    operations: list[Operation] = field(default_factory=list)
    _staging: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Drop staged files that no commit adopted."""
        self._staging.close()

    def feed(self, line: bytes) -> None:
        """Take one line of newline-delimited JSON, `{"key": …, "value": {…}}`.

        Raises HubError 400 for a malformed line or a file that belongs into LFS, 422 for a path that is not safe.
        """
        try:
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header":
                self._take_header(value)
            else:
                self.operations.append(self._operation(key, value, _path(value["path"])))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise errors.HubError(400, f"Malformed commit request: {problem!s}") from None

    def _take_header(self, value: dict[str, Any]) -> None:
        self.title = str(value["summary"]).strip()[:_MAX_TITLE]
        self.message = str(value.get("description") or "")[:_MAX_MESSAGE]
        self.parent = value.get("parentCommit") or None

    def _operation(self, key: str, value: dict[str, Any], path: str) -> Operation:
        if key == "file":
            return self._regular_file(path, value)
        if key == "lfsFile":
            if value.get("algo", "sha256") != "sha256" or not is_sha256(value["oid"]):
                raise ValueError(f"{path} is not named by a SHA-256")
            return AddLfsFile(path, value["oid"])
        if key in {"deletedFile", "deletedFolder"}:
            return Delete(path, key == "deletedFolder")
        raise ValueError(f"unknown operation {key!r}")

    def _regular_file(self, path: str, value: dict[str, Any]) -> AddFile:
        try:
            encoded = value.get("encoding") == "base64"
            data = base64.b64decode(value["content"], validate=True) if encoded else value["content"].encode()
        except binascii.Error:
            raise ValueError(f"the content of {path} is not base64") from None
        if len(data) > self.max_file_size:
            raise ValueError(f"{path} has {len(data)} bytes; above {self.max_file_size} upload it with LFS")
        if data.startswith(POINTER_PREFIX):
            raise ValueError(f"{path} is an LFS pointer; upload the content itself")
        staged = self._staging.enter_context(self.blobs.stage())
        staged.write(data)
        staged.finish()
        return AddFile(path, object_id("blob", data), staged)

    def apply(self, db: sqlite3.Connection, repository: Repository, branch: str, author: str) -> Commit:
        """Commit on top of the branch and return the new commit.

        Raises HubError 400 without a summary, 412 when the branch is not at `parentCommit` any more, `EntryNotFound`
        for a deletion of something missing, 422 for an LFS object that was not uploaded to this repository.
        """
        head = revisions.head(db, repository.id, branch)
        if not self.title:
            raise errors.HubError(400, "A commit needs a header with a summary")
        self._check_parent(head)
        files = trees.files_of(db, repository.id, head.tree)
        for operation in self.operations:
            _perform(db, repository.id, files, operation)
        check_no_file_is_a_folder(files)
        for operation in self.operations:
            if isinstance(operation, AddFile):
                self.blobs.adopt(operation.staged)
        return revisions.commit_tree(
            db,
            repository.id,
            branch=branch,
            tree=trees.write_tree(db, repository.id, files),
            parent=head.oid,
            title=self.title,
            message=self.message,
            author=author,
        )

    def _check_parent(self, head: Commit) -> None:
        if self.parent is not None and (len(self.parent) < 7 or not head.oid.startswith(self.parent)):
            raise errors.HubError(
                412, f"The branch is at {head.oid}, not at {self.parent}: it was updated in the meantime"
            )


def _perform(db: sqlite3.Connection, repository: int, files: dict[str, str], operation: Operation) -> None:
    match operation:
        case AddFile(path, oid, staged):
            trees.add_content(db, repository, Content(oid, staged.sha256, staged.size, lfs=False))
            files[path] = oid
        case AddLfsFile(path, sha256):
            content = _uploaded(db, repository, path, sha256)
            trees.add_content(db, repository, content)
            files[path] = content.oid
        case Delete(path, is_folder):
            gone = [name for name in files if name.startswith(f"{path}/") or (name == path and not is_folder)]
            if not gone:
                kind = "folder" if is_folder else "file"
                raise errors.entry_not_found(f"A {kind} with this name doesn't exist: {path}")
            for name in gone:
                del files[name]


def _path(text: str) -> str:
    try:
        return safe_path(text)
    except ValueError as problem:
        raise errors.HubError(422, f"Invalid path: {problem}") from None


def _uploaded(db: sqlite3.Connection, repository: int, path: str, sha256: str) -> Content:
    row = db.execute(
        "SELECT size FROM lfs_objects WHERE repository = ? AND sha256 = ?", (repository, sha256)
    ).fetchone()
    if row is None:
        raise errors.HubError(422, f"The LFS object {sha256} of {path} was not uploaded to this repository")
    oid = object_id("blob", lfs_pointer(sha256, row["size"]))
    return Content(oid, sha256, row["size"], lfs=True)


def check_no_file_is_a_folder(paths: Iterable[str]) -> None:
    """Raise HubError 400 when one path is a folder of another, which no working copy could hold."""
    known = set(paths)
    for path in known:
        parts = path.split("/")
        for end in range(1, len(parts)):
            if (parent := "/".join(parts[:end])) in known:
                raise errors.HubError(400, f"{parent} cannot be a file and a folder at once ({path})")
