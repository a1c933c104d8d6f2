"""Choosing repositories for a list, and describing the entries of a tree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from starlette.datastructures import QueryParams

from pipeline.local.hub import errors, revisions, trees
from pipeline.local.hub.gitobjects import TreeEntry
from pipeline.local.hub.repositories import Repository
from pipeline.local.hub.revisions import Commit

_SORT_KEYS = {"lastModified", "createdAt", "downloads", "likes", "trendingScore"}


@dataclass(frozen=True)
class Query:
    """What somebody looks for among the repositories."""

    author: str | None = None
    search: str = ""
    tags: frozenset[str] = frozenset()
    pipeline_tag: str | None = None
    gated: bool | None = None
    sort: str | None = None
    ascending: bool = False
    limit: int | None = None

    @classmethod
    def parse(cls, query: QueryParams) -> Self:
        """Read the query of `GET /api/models`.

        Raises HubError 400 for a sort key or limit that makes no sense.
        """
        limit, sort = query.get("limit"), query.get("sort")
        if limit is not None and (not limit.isdecimal() or int(limit) == 0):
            raise errors.HubError(400, "limit must be a positive number")
        if sort is not None and sort not in _SORT_KEYS:
            raise errors.HubError(400, f"sort must be one of {', '.join(sorted(_SORT_KEYS))}")
        tags = {tag for value in query.getlist("filter") for tag in value.split(",")}
        return cls(
            author=query.get("author"),
            search=query.get("search", "").lower(),
            tags=frozenset(tags | set(query.getlist("tags"))),
            pipeline_tag=query.get("pipeline_tag"),
            gated=query["gated"].lower() in {"1", "true"} if "gated" in query else None,
            sort=sort,
            ascending=query.get("direction") == "1",
            limit=int(limit) if limit else None,
        )

    def names(self, repository: Repository) -> bool:
        """Whether what is known without opening the repository fits."""
        return (
            (self.author is None or repository.namespace.lower() == self.author.lower())
            and self.search in repository.name.lower()
            and (self.gated is None or self.gated == bool(repository.gated))
        )

    def choose(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the described repositories that fit, in the order asked for, the newest first without a wish."""
        chosen = [
            item
            for item in items
            if self.tags <= set(item["tags"])
            and (self.pipeline_tag is None or item.get("pipeline_tag") == self.pipeline_tag)
        ]
        if self.sort:
            key = self.sort
            chosen.sort(key=lambda item: item.get(key) or 0, reverse=not self.ascending)
        return chosen


def entries(db: sqlite3.Connection, repository: int, found: Iterable[tuple[str, TreeEntry]]) -> list[dict[str, object]]:
    """Describe files and folders as the Hub's API does."""
    known = trees.contents_of(db, repository)
    described: list[dict[str, object]] = []
    for path, entry in found:
        if entry.is_folder:
            described.append({"type": "directory", "oid": entry.oid, "size": 0, "path": path})
        else:
            described.append({"type": "file", "path": path, **known[entry.oid].describe()})
    return described


def add_last_commits(
    db: sqlite3.Connection, repository: int, start: Commit, described: list[dict[str, object]]
) -> None:
    """Add to each entry the commit that last changed it, seen from `start`."""
    pending = {str(entry["path"]): entry for entry in described}
    for commit in revisions.history(db, repository, start):
        if not pending:
            return
        parent = revisions.get(db, repository, commit.parent) if commit.parent else None
        for path, entry in list(pending.items()):
            before = trees.lookup(db, repository, parent.tree, path) if parent else None
            if before is None or before.oid != entry["oid"]:
                entry["lastCommit"] = {"id": commit.oid, "title": commit.title, "date": commit.created_at}
                del pending[path]
