"""Moving the alias `production`: alone, whole, and with its record in the audit trail."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.errors import Refused, StoreError
from pipeline.lake import Lake
from pipeline.log import get_logger
from pipeline.publish.calls import BranchMoved, MissingError
from pipeline.publish.lease import lease
from pipeline.publish.store import KEPT, ModelStore, Version

log = get_logger(__name__)
LOCK = "production"
ATTEMPTS = 5
ROLLED_BACK = "rolled_back"


def move(
    store: ModelStore,
    lake: Lake,
    version: Version,
    *,
    allowed: Callable[[], None],
    record: Callable[[str], None],
) -> str:
    """Make the alias hold a version's files, check that it does, record it, and return the alias's commit.

    All of that happens while nobody else moves the alias: releases and rollbacks wait for each other. `allowed` is
    asked when it is this caller's turn and raises Refused when the move is no longer right; `record(commit)` writes to
    the audit trail. Moving to where the alias is already writes no commit, so that a killed caller can finish its work.
    Raises StoreError when somebody outside keeps moving the alias.
    """
    with lease(lake, LOCK):
        allowed()
        commit = _placed(store, version)
        record(commit)
    return commit


def serves(store: ModelStore, version: Version) -> str | None:
    """Return the alias's commit when it holds exactly a version's files, None otherwise, also when that is gone."""
    current = store.head(store.alias)
    if current is None or current == version.commit:
        return current
    try:
        return current if _tree(store, current) == _tree(store, version.commit) else None
    except MissingError:
        return None


def _placed(store: ModelStore, version: Version) -> str:
    for _ in range(ATTEMPTS):
        present = serves(store, version)
        if present is not None:
            return present
        try:
            store.point_alias(version, store.head(store.alias))
        except BranchMoved as problem:
            log.warning("the alias moved on, trying again", cause=problem.what)
    raise StoreError(
        f"The alias {store.alias} does not stay where it is put",
        where=store.url(),
        remedy="Find out who else writes to the model store, and try again",
    )


def _tree(store: ModelStore, revision: str) -> dict[str, str]:
    return {name: oid for name, oid in store.tree(revision).items() if name not in KEPT}


def rollbacks(trail: Trail, repository: str) -> list[Record]:
    """Return the rollbacks of a repository, oldest first."""
    return [record for record in trail.find(ROLLED_BACK) if record.data.get("repository", repository) == repository]


def withdrawn(trail: Trail, repository: str) -> dict[str, str]:
    """Return the versions that a rollback left and that nobody went back to since, with the reason."""
    left: dict[str, str] = {}
    for record in rollbacks(trail, repository):
        left[str(record.data["from"])] = str(record.data["reason"])
        left.pop(str(record.data["to"]), None)
    return left


def refuse_withdrawn(trail: Trail, store: ModelStore, version: Version) -> None:
    """Raise Refused when a rollback took this version out of production: a release that is tried again stays out."""
    reason = withdrawn(trail, store.repository).get(version.name)
    if reason is not None:
        raise Refused(
            f"{version.name} was taken out of production by a rollback: {reason}",
            where=store.url(),
            remedy=f"If it is wanted after all: llmops models rollback --to {version.name}",
        )
