"""What the audit trail says is in production, and whether the model store holds that.

Tags, branches and release files can be written by whoever has the store's token, so what a version says of itself
decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.audit.records import Record
from pipeline.audit.trail import Trail
from pipeline.errors import StoreError
from pipeline.lake import Lake
from pipeline.publish import alias
from pipeline.publish.erasures import PUBLISHED
from pipeline.publish.lease import lease
from pipeline.publish.store import ModelStore, Version


def publications(trail: Trail, repository: str) -> list[Record]:
    """Return the publications into a repository, oldest first."""
    return [record for record in trail.find(PUBLISHED) if record.data.get("repository") == repository]


def published(trail: Trail, repository: str) -> set[Version]:
    """Return the versions that went to production, with the commits that were published under their names."""
    found = publications(trail, repository)
    return {Version(str(record.data.get("version")), str(record.data.get("commit"))) for record in found}


def standing(trail: Trail, repository: str) -> Version | None:
    """Return the version that the last recorded move put into production, with the commit that was published.

    None before the first publication.
    """
    record = _placed(trail, repository)
    return Version(str(record.data["version"]), str(record.data["commit"])) if record else None


def standing_model(trail: Trail, repository: str) -> str | None:
    """Return the digest of the model that the audit trail has in production; None before the first publication."""
    record = _placed(trail, repository)
    return record.subject if record else None


def _placed(trail: Trail, repository: str) -> Record | None:
    known = publications(trail, repository)
    last = max([*known, *alias.rollbacks(trail, repository)], key=lambda record: record.number, default=None)
    name = str(last.data.get("to") or last.data.get("version")) if last else None
    return next((record for record in reversed(known) if record.data.get("version") == name), None)


def astray(store: ModelStore, trail: Trail) -> str:
    """Return in what production is not what the trail says; empty when it is, or when nothing was published."""
    known = standing(trail, store.repository)
    if known is None:
        if store.head(store.alias) is None:
            return ""
        told = f"the branch {store.alias} holds a version whose publication the audit trail does not know"
        return f"{told}; clear the release that died before its record"
    if alias.serves(store, known) is not None:
        return ""
    return f"the branch {store.alias} does not hold {known.name}, which the audit trail has in production"


def settled(store: ModelStore, lake: Lake, read: Callable[[], Trail]) -> tuple[Trail, str]:
    """Read the trail and return it with what `astray` says of it.

    A release or rollback that is between the alias and its record is waited for: that is no difference.
    """
    trail = read()
    if not astray(store, trail):
        return trail, ""
    with lease(lake, alias.LOCK):
        trail = read()
        return trail, astray(store, trail)


def refuse_forgotten(store: ModelStore, trail: Trail, shown: object) -> None:
    """Raise StoreError when the store shows nothing although the trail knows a publication: it hides what it has.

    A token that may not read a private repository sees none.
    """
    known = standing(trail, store.repository)
    if known is not None and not shown:
        raise StoreError(
            f"The model store shows no version, and {known.name} was published there",
            where=store.url(),
            remedy="Check that LLMOPS_PUBLISH__TOKEN may read the repository; if it was deleted on purpose, name "
            "another one in publish.repository",
        )
