"""The store as a whole: its folder, opened by one process at a time."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedWriter

from pipeline.errors import PipelineError
from pipeline.local.hub import accounts, repositories, revisions, trees
from pipeline.local.hub.accounts import Account, Principal
from pipeline.local.hub.blobs import BlobStore
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.database import Database
from pipeline.local.hub.gitobjects import object_id
from pipeline.local.hub.repositories import Kind, Repository
from pipeline.local.hub.signing import Signer
from pipeline.local.hub.trees import Content
from pipeline.log import get_logger

log = get_logger(__name__)

LFS_EXTENSIONS = (
    "7z arrow bin bz2 ckpt ftz gguf gz h5 joblib mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl pt pth "
    "rar safetensors tar tflite tgz wasm xz zip zst"
)
GITATTRIBUTES = "".join(
    f"*.{extension} filter=lfs diff=lfs merge=lfs -text\n" for extension in LFS_EXTENSIONS.split()
).encode()


@dataclass(frozen=True)
class Store:
    """Metadata, contents and keys of one store."""

    config: HubConfig
    database: Database
    blobs: BlobStore
    signer: Signer
    _lock: BufferedWriter

    @classmethod
    def open(cls, config: HubConfig, users: Sequence[Account]) -> Store:
        """Open a store's folder, making it when it is new, with exactly these users.

        Leftovers of interrupted uploads are removed. Raises PipelineError when another process has the folder open, or
        when it holds something else.
        """
        config.root.mkdir(parents=True, exist_ok=True)
        metadata = config.root / "hub.sqlite"
        if not metadata.exists() and BlobStore.occupies(config.root):
            raise PipelineError(
                "This folder is not a model store, and its contents could be mistaken for one",
                where=str(config.root),
                remedy="Choose an empty folder as --root",
            )
        lock = (config.root / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise PipelineError(
                "Another model store already serves this folder",
                where=str(config.root),
                remedy="Stop it first or choose another --root",
            ) from None
        database = Database(metadata)
        store = cls(config, database, BlobStore(config.root), Signer.open(config.root / "key"), lock)
        with database.write() as db:
            accounts.replace_accounts(db, users)
        store._sweep()
        return store

    def close(self) -> None:
        """Let another process open the folder."""
        with suppress(OSError):
            self._lock.close()

    def _sweep(self) -> None:
        limit = datetime.now(UTC) - timedelta(seconds=self.config.uncommitted_lifetime)
        with self.database.write() as db:
            db.execute(
                "DELETE FROM lfs_objects WHERE uploaded_at < ? AND NOT EXISTS (SELECT 1 FROM contents WHERE "
                "contents.repository = lfs_objects.repository AND contents.sha256 = lfs_objects.sha256)",
                (limit.isoformat(),),
            )
            rows = db.execute("SELECT sha256 FROM contents UNION SELECT sha256 FROM lfs_objects")
            removed = self.blobs.sweep({row["sha256"] for row in rows}, self.config.upload_lifetime)
        if removed:
            log.info("hub.swept", removed=removed)

    def create_repository(
        self, db: sqlite3.Connection, kind: Kind, name: str, author: Principal, *, private: bool
    ) -> Repository | None:
        """Create a repository whose first commit holds `.gitattributes`; return None when the name is taken."""
        repository = repositories.create(db, kind, name, private=private)
        if repository is None:
            return None
        with self.blobs.stage() as staged:
            staged.write(GITATTRIBUTES)
            staged.finish()
            self.blobs.adopt(staged)
        oid = object_id("blob", GITATTRIBUTES)
        trees.add_content(db, repository.id, Content(oid, staged.sha256, len(GITATTRIBUTES), lfs=False))
        revisions.commit_tree(
            db,
            repository.id,
            branch=revisions.DEFAULT_BRANCH,
            tree=trees.write_tree(db, repository.id, {".gitattributes": oid}),
            parent=None,
            title="initial commit",
            message="",
            author=author.name,
        )
        return repository

    def reclaim(self, sha256s: list[str]) -> None:
        """Delete contents that no repository holds any more, after the deletion of one that did."""
        with self.database.write() as db:
            for sha256 in repositories.unreferenced(db, sha256s):
                self.blobs.drop(sha256)
