"""Deciding, before an upload, how each file of a commit is to be sent."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pathspec import GitIgnoreSpec
from pydantic import BaseModel, Field

from pipeline.local.hub import trees
from pipeline.local.hub.revisions import Commit
from pipeline.local.hub.store import Store
from pipeline.local.hub.trees import Content

_MAX_RULES = 1 << 20


class AnnouncedFile(BaseModel):
    """A file that a client is about to commit: where, how large (bytes), and its first 512 bytes in base64."""

    path: str
    size: int = Field(ge=0)
    sample: str = ""

    @property
    def looks_binary(self) -> bool:
        """Whether the sample holds a NUL, git's own test for a binary file."""
        try:
            return b"\0" in base64.b64decode(self.sample)
        except binascii.Error:
            return False


@dataclass(frozen=True)
class Rules:
    """What a revision's `.gitattributes` and `.gitignore` say, and the contents it has."""

    lfs_threshold: int
    attributes: list[tuple[GitIgnoreSpec, bool]]
    ignored: GitIgnoreSpec
    present: dict[str, Content]

    @classmethod
    def at(cls, db: sqlite3.Connection, store: Store, repository: int, commit: Commit, ignore: str | None) -> Rules:
        """Read the rules of a commit; `ignore`, the `.gitignore` about to be committed, replaces the present one."""
        known = trees.contents_of(db, repository)
        files = trees.files_of(db, repository, commit.tree)
        present = {path: known[oid] for path, oid in files.items()}

        def text(path: str) -> str:
            content = present.get(path)
            return store.blobs.read(content.sha256, _MAX_RULES).decode("utf-8", "replace") if content else ""

        patterns = text(".gitignore") if ignore is None else ignore
        return cls(
            store.config.lfs_threshold,
            list(_lfs_rules(text(".gitattributes"))),
            _spec(patterns.splitlines()),
            present,
        )

    def answer(self, file: AnnouncedFile) -> dict[str, Any]:
        """Return the mode of upload, whether to leave the file out, and the identity of what is there now."""
        lfs = self._is_lfs(file)
        present = self.present.get(file.path)
        return {
            "path": file.path,
            "uploadMode": "lfs" if lfs else "regular",
            "shouldIgnore": self.ignored.match_file(file.path),
            "oid": present.etag if present and present.lfs == lfs else None,
        }

    def _is_lfs(self, file: AnnouncedFile) -> bool:
        if file.size == 0:
            return False
        if file.size > self.lfs_threshold:
            return True
        # As in git, the last rule that matches decides.
        for spec, lfs in reversed(self.attributes):
            if spec.match_file(file.path):
                return bool(lfs)
        return file.looks_binary


def _lfs_rules(text: str) -> Iterator[tuple[GitIgnoreSpec, bool]]:
    for line in text.splitlines():
        pattern, *attributes = line.split() or ["#"]
        if pattern.startswith("#"):
            continue
        for attribute in attributes:
            if attribute.lstrip("-!").partition("=")[0] == "filter":
                yield _spec([pattern]), attribute == "filter=lfs"


def _spec(patterns: list[str]) -> GitIgnoreSpec:
    usable = []
    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue  # git, too, passes over a pattern it cannot read
        usable.append(pattern)
    return GitIgnoreSpec.from_lines(usable)
