"""Large files: what to send where, and receiving it.

The client asks with the git-lfs batch request and is told addresses that are signed and need no token: one for the
whole file, or one for each part and one to put them together. Only the complete content with the right hash counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pipeline.local.hub import errors
from pipeline.local.hub.blobs import StagedFile
from pipeline.local.hub.gitobjects import is_sha256
from pipeline.local.hub.repositories import now
from pipeline.local.hub.store import Store

MAX_PARTS = 10_000


@dataclass(frozen=True)
class Upload:
    """One object on its way into one repository."""

    repository: int
    sha256: str
    size: int

    @property
    def key(self) -> str:
        """The name of the folder that collects its parts."""
        return f"{self.repository}-{self.sha256}"

    def path(self, action: str, part: int | None = None) -> str:
        """Return the path to which the client sends it; the signature covers it."""
        tail = "" if part is None else f"/{part}"
        return f"/lfs/{action}/{self.repository}/{self.sha256}/{self.size}{tail}"


def instructions(
    store: Store, base_url: str, repository: int, wanted: dict[str, Any], *, multipart: bool
) -> dict[str, Any]:
    """Return the batch answer for one object: nothing to do when the repository has it, else where to send it.

    An object that only *another* repository has must be sent again: its hash alone proves no possession.
    """
    sha256, size = str(wanted.get("oid")), wanted.get("size")
    if not is_sha256(sha256) or not isinstance(size, int) or size < 0:
        return {"oid": sha256, "size": 0, "error": {"code": 422, "message": "oid or size is not valid"}}
    answer: dict[str, Any] = {"oid": sha256, "size": size, "authenticated": True}
    part_size = store.config.part_size
    if size > store.config.max_file_size or size > part_size * MAX_PARTS:
        return answer | {"error": {"code": 413, "message": "the file is larger than this store accepts"}}
    if has_object(store, repository, sha256):
        return answer
    upload = Upload(repository, sha256, size)

    def address(action: str, part: int | None = None) -> str:
        path = upload.path(action, part)
        return f"{base_url}{path}?{store.signer.query(path, store.config.upload_lifetime)}"

    if multipart and size > part_size:
        parts = {str(n): address("part", n) for n in range(1, math.ceil(size / part_size) + 1)}
        send = {"href": address("join"), "header": {"chunk_size": str(part_size), **parts}}
    else:
        send = {"href": address("whole"), "header": {}}
    return answer | {"actions": {"upload": send, "verify": {"href": address("verify"), "header": {}}}}


def has_object(store: Store, repository: int, sha256: str, size: int | None = None) -> bool:
    """Whether the repository has a complete object of this hash (and size, if given) on disk."""
    with store.database.read() as db:
        row = db.execute(
            "SELECT size FROM lfs_objects WHERE repository = ? AND sha256 = ?", (repository, sha256)
        ).fetchone()
    return row is not None and size in (None, row["size"]) and store.blobs.path(sha256).is_file()


def land(store: Store, upload: Upload, staged: StagedFile) -> None:
    """Accept a complete content.

    Raises HubError 422 when its hash or size is not the promised one, 404 when the repository is gone.
    """
    if (staged.sha256, staged.size) != (upload.sha256, upload.size):
        raise errors.HubError(
            422,
            f"The content received has SHA-256 {staged.sha256} and {staged.size} bytes, "
            f"not {upload.sha256} and {upload.size}",
        )
    with store.database.write() as db:
        if not db.execute("SELECT 1 FROM repositories WHERE id = ?", (upload.repository,)).fetchone():
            raise errors.repository_not_found(anonymous=False)
        store.blobs.adopt(staged)
        db.execute(
            "INSERT OR IGNORE INTO lfs_objects VALUES (?, ?, ?, ?)",
            (upload.repository, upload.sha256, upload.size, now()),
        )


def join(store: Store, upload: Upload, count: int) -> None:
    """Put the parts 1 to `count` of an upload together and accept the result.

    Raises HubError 422 when a part is missing or the whole is not what was promised.
    """
    with store.blobs.stage() as staged:
        try:
            store.blobs.join_parts(upload.key, count, staged)
        except FileNotFoundError:
            if has_object(store, upload.repository, upload.sha256, upload.size):
                return  # the completion was sent again because its first answer was lost
            raise errors.HubError(422, "A part of this file has not arrived; upload it again") from None
        land(store, upload, staged)
    store.blobs.forget_parts(upload.key)
