"""The model store: one Hugging Face Hub repository, used through the official client.

`main` holds the releases, one commit each; a tag `v<n>` names a verified release; the branch `production` is the alias
that serving follows. The alias moves by one commit that copies a version's files, conditional on where it was: readers
always see a whole version, and a release and a rollback at the same time cannot mix.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

from pipeline.errors import StoreError
from pipeline.hub_client import limit_patience
from pipeline.publish import signature
from pipeline.publish.calls import BranchMoved, DamagedError, ExposedError, MissingError, answered, moved
from pipeline.settings import Settings
from pipeline.whole_file import appearing_folder

MAIN = "main"
RELEASE_FILE = "release.json"
VERSION = re.compile(r"v(\d+)")
COMMIT = re.compile(r"[0-9a-f]{40}")
KEPT = {".gitattributes"}
T = TypeVar("T")

limit_patience()


@dataclass(frozen=True, slots=True)
class Version:
    """A released version: its tag and the commit that it names."""

    name: str
    commit: str

    @property
    def number(self) -> int:
        """Return n of `v<n>`."""
        return int(self.name[1:])


class ModelStore:
    """The repository that the settings name."""

    def __init__(self, settings: Settings) -> None:
        """Use `publish.endpoint` (the real Hub without one) and `publish.token`."""
        publish = settings.publish
        self.repository = publish.repository
        self.alias = publish.alias
        self._publish = publish
        self.endpoint = publish.endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        token = publish.token.get_secret_value() if publish.token else os.environ.get("HF_TOKEN")
        self._api = HfApi(endpoint=self.endpoint, token=token or False)
        self._cache = settings.state_dir / "store-cache"

    @property
    def verify_key(self) -> str | None:
        """Return the public key that the settings have for releases; None where they are not signed."""
        return signature.verifying_key(self._publish)

    def ensure(self) -> None:
        """Make the repository, private unless the settings say otherwise; its first commit is the store's own.

        Raises ExposedError when it is there already, for everybody to read, and should be private.
        """
        self._guard(
            lambda: self._api.create_repo(self.repository, private=self._publish.private, exist_ok=True),
            "create the repository",
        )
        problem = self.exposure()
        if problem:
            raise ExposedError(
                problem[:1].upper() + problem[1:],
                where=self.url(),
                remedy="Make the repository private in the store, or name another one in publish.repository",
            )

    def exposure(self) -> str:
        """Return that everybody can read what the settings want private; empty when that is not so."""
        if not self._publish.private:
            return ""
        info = self._guard(lambda: self._api.model_info(self.repository), "look at the repository")
        return "" if info.private else "everybody can read the repository, and publish.private wants it private"

    def head(self, branch: str = MAIN) -> str | None:
        """Return a branch's commit, or None when there is none."""
        return self._refs("branches").get(branch)

    def versions(self) -> list[Version]:
        """Return the released versions, oldest first."""
        found = [Version(name, commit) for name, commit in self._refs("tags").items() if VERSION.fullmatch(name)]
        return sorted(found, key=lambda version: version.number)

    def commit_of(self, revision: str) -> str | None:
        """Return the commit that a branch, a tag or a commit id names now, as the store itself says; None for none."""
        if COMMIT.fullmatch(revision):
            return revision
        return self.head(revision) or self._refs("tags").get(revision)

    def file(self, commit: str, name: str) -> Path | None:
        """Return a local copy of a commit's file, or None when there is no such commit or file."""
        try:
            return Path(
                self._guard(
                    lambda: self._api.hf_hub_download(self.repository, name, revision=commit, cache_dir=self._cache),
                    f"read {name}",
                )
            )
        except MissingError:
            return None

    def release(self, revision: str) -> dict[str, Any] | None:
        """Return the release file at a revision, or None when there is no such revision or file.

        Raises DamagedError when the file holds no JSON object.
        """
        commit = self.commit_of(revision)
        path = self.file(commit, RELEASE_FILE) if commit else None
        if path is None:
            return None
        try:
            content = json.loads(path.read_bytes())
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise DamagedError(
                f"The {RELEASE_FILE} of {revision} is no release record",
                where=self.url(),
                remedy="Find out who writes to the model store; a tag that this pipeline did not make can be deleted",
            )
        return content

    def production(self) -> dict[str, Any] | None:
        """Return the release that the alias stands for, or None before the first one."""
        commit = self.head(self.alias)
        return self.release(commit) if commit else None

    def commit(self, folder: Path, message: str, parent: str) -> str:
        """Make `main` hold exactly a folder's files, in one commit on top of `parent`.

        Large files go up first; the store keeps what it received, so a call that is made again after a crash or a moved
        branch sends only what is missing. Raises BranchMoved when `main` is elsewhere by now.
        """
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        names = {path.relative_to(folder).as_posix(): path for path in files}
        present = set(self.files(parent))
        operations: list[Any] = [CommitOperationAdd(name, path) for name, path in names.items()]
        operations += [CommitOperationDelete(name) for name in sorted(present - set(names) - KEPT)]
        return self._commit(MAIN, operations, message, parent)

    def keep_aside(self, folder: Path, branch: str, message: str) -> str:
        """Make a branch of its own hold exactly a folder's files; `main`, the alias and the versions stay as they are.

        The branch is made when it is not there. Raises BranchMoved when somebody else wrote to it meanwhile.
        """
        if branch in (MAIN, self.alias):
            raise StoreError("Only releases go there", where=f"{self.url()}, branch {branch}")
        self._guard(
            lambda: self._api.create_branch(self.repository, branch=branch, exist_ok=True),
            f"create the branch {branch}",
        )
        parent = str(self.head(branch))
        names = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        stale = set(self.files(parent)) - set(names) - KEPT
        operations: list[Any] = [CommitOperationAdd(name, path) for name, path in names.items()]
        operations += [CommitOperationDelete(name) for name in sorted(stale)]
        return self._commit(branch, operations, message, parent)

    def point_alias(self, version: Version, expected: str | None) -> str:
        """Make the alias hold exactly a version's files, if it still is where it was expected.

        Raises BranchMoved when somebody else moved it.
        """
        parent = self.head(self.alias)
        if parent != expected:
            raise moved(f"The branch {self.alias}", self.url())
        if parent is None:
            self._guard(
                lambda: self._api.create_branch(self.repository, branch=self.alias, revision=version.commit),
                "create the alias",
            )
            return version.commit
        wanted = set(self.files(version.commit))
        stale = set(self.files(parent)) - wanted - KEPT
        operations: list[Any] = [
            CommitOperationCopy(name, name, src_revision=version.commit) for name in sorted(wanted - KEPT)
        ]
        operations += [CommitOperationDelete(name) for name in sorted(stale)]
        return self._commit(self.alias, operations, f"{self.alias} is {version.name}", parent)

    def tag(self, name: str, commit: str, message: str) -> Version:
        """Name a commit as a version; raises BranchMoved when somebody else gave the name to another commit."""
        try:
            self._guard(
                lambda: self._api.create_tag(self.repository, tag=name, revision=commit, tag_message=message),
                "create the version's tag",
            )
        except BranchMoved:
            if self._refs("tags").get(name) != commit:
                raise
        return Version(name, commit)

    def revert(self, bad: str, good: str | None) -> None:
        """Put `main` back to the files of `good`, to none without it, if it still is at `bad`."""
        wanted = set(self.files(good)) - KEPT if good else set()
        stale = set(self.files(bad)) - wanted - KEPT
        operations: list[Any] = [CommitOperationCopy(n, n, src_revision=good) for n in sorted(wanted)]
        operations += [CommitOperationDelete(name) for name in sorted(stale)]
        self._commit(MAIN, operations, "Withdraw a release that failed its verification", bad)

    def files(self, revision: str) -> list[str]:
        """Return the paths of a revision's files."""
        found: list[str] = self._guard(
            lambda: list(self._api.list_repo_files(self.repository, revision=revision)), "list the files"
        )
        return found

    def tree(self, revision: str) -> dict[str, str]:
        """Return the store's own content ids of a revision's files: SHA-256 of large files, git's id of small ones."""
        found = self._guard(
            lambda: list(self._api.list_repo_tree(self.repository, recursive=True, revision=revision)), "list the files"
        )
        files = [entry for entry in found if isinstance(entry, RepoFile)]
        return {entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id for entry in files}

    def download(self, revision: str, folder: Path) -> Path:
        """Fetch a whole revision into a folder."""
        self._guard(
            lambda: self._api.snapshot_download(self.repository, revision=revision, local_dir=folder),
            "download the model",
        )
        return folder

    def cached(self, commit: str) -> Path:
        """Return a folder with a commit's files: fetched once, real files without links."""
        folder = self._cache / "models" / commit
        if not folder.is_dir():
            with appearing_folder(folder) as building:
                self.download(commit, building)
        return folder

    def url(self) -> str:
        """Return where people look at the repository."""
        return f"{self.endpoint}/{self.repository}"

    def _commit(self, branch: str, operations: Sequence[Any], message: str, parent: str) -> str:
        done = self._guard(
            lambda: self._api.create_commit(
                self.repository,
                operations=operations,
                commit_message=message,
                revision=branch,
                parent_commit=parent,
            ),
            f"commit to {branch}",
        )
        oid: str = done.oid
        return oid

    def _refs(self, kind: str) -> dict[str, str]:
        """Return the commits of the branches or tags by their names, asked of the store; none without a repository."""
        try:
            found = self._guard(lambda: self._api.list_repo_refs(self.repository), f"list the {kind}")
        except MissingError:
            return {}
        return {ref.name: ref.target_commit for ref in getattr(found, kind)}

    def _guard(self, call: Callable[[], T], what: str) -> T:
        return answered(call, what, self.url())
