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

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from pipeline.errors import StoreError
from pipeline.hub_client import limit_patience
from pipeline.scrubbing import without_secrets
from pipeline.settings import Settings
from pipeline.whole_file import appearing_folder

MAIN = "main"
RELEASE_FILE = "release.json"
VERSION = re.compile(r"v(\d+)")
KEPT = {".gitattributes"}
MOVED = 412
T = TypeVar("T")

limit_patience()


class BranchMoved(StoreError):
    """Somebody else committed first; look again and decide anew."""


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
        self._private = publish.private
        self.endpoint = publish.endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        token = publish.token.get_secret_value() if publish.token else os.environ.get("HF_TOKEN")
        self._api = HfApi(endpoint=self.endpoint, token=token or False)
        self._cache = settings.state_dir / "store-cache"

    def ensure(self) -> None:
        """Make the repository, private unless the settings say otherwise; its first commit is the store's own."""
        self._guard(
            lambda: self._api.create_repo(self.repository, private=self._private, exist_ok=True),
            "create the repository",
        )

    def head(self, branch: str = MAIN) -> str | None:
        """Return a branch's commit, or None when there is none."""
        try:
            found = self._guard(lambda: self._api.list_repo_refs(self.repository).branches, "list the branches")
        except MissingError:
            return None
        return next((ref.target_commit for ref in found if ref.name == branch), None)

    def versions(self) -> list[Version]:
        """Return the released versions, oldest first."""
        try:
            tags = self._guard(lambda: self._api.list_repo_refs(self.repository).tags, "list the versions")
        except MissingError:
            return []
        found = [Version(tag.name, tag.target_commit) for tag in tags if VERSION.fullmatch(tag.name)]
        return sorted(found, key=lambda version: version.number)

    def release(self, revision: str) -> dict[str, Any] | None:
        """Return the release file at a revision, or None when there is no such revision or file."""
        try:
            path = self._guard(
                lambda: self._api.hf_hub_download(
                    self.repository, RELEASE_FILE, revision=revision, cache_dir=self._cache
                ),
                "read the release",
            )
        except MissingError:
            return None
        content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
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
            raise self._moved(self.alias)
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
        """Name a commit as a version."""
        self._guard(
            lambda: self._api.create_tag(self.repository, tag=name, revision=commit, tag_message=message),
            "create the version's tag",
        )
        return Version(name, commit)

    def revert(self, bad: str, good: str) -> None:
        """Put `main` back to the files of `good`, if it still is at `bad`."""
        wanted = set(self.files(good))
        stale = set(self.files(bad)) - wanted - KEPT
        operations: list[Any] = [CommitOperationCopy(n, n, src_revision=good) for n in sorted(wanted - KEPT)]
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

    def _moved(self, branch: str) -> BranchMoved:
        return BranchMoved(
            f"The branch {branch} was moved by somebody else meanwhile",
            where=self.url(),
            remedy="Look at the versions (llmops models list) and decide anew",
        )

    def _guard(self, call: Callable[[], T], what: str) -> T:
        try:
            return call()
        except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError):
            raise MissingError(f"The model store has no such thing (to {what})", where=self.url()) from None
        except HfHubHTTPError as problem:
            status = problem.response.status_code if problem.response is not None else None
            if status == MOVED:
                raise self._moved(what) from None
            raise StoreError(
                f"The model store refused to {what}: {without_secrets(str(problem).splitlines()[0])}",
                where=self.url(),
                remedy="Check publish.repository and that LLMOPS_PUBLISH__TOKEN may write there",
            ) from None
        except RuntimeError as problem:
            # What the client makes of a large file that could not be sent; the cause says why.
            if not isinstance(problem.__cause__, httpx2.HTTPError | HfHubHTTPError | OSError):
                raise
            raise self._away(what, problem.__cause__) from None
        except (httpx2.HTTPError, OSError) as problem:
            raise self._away(what, problem) from None

    def _away(self, what: str, problem: BaseException) -> StoreError:
        cause = without_secrets((str(problem).splitlines() or [type(problem).__name__])[0])
        return StoreError(
            f"The model store does not answer (to {what}): {cause}",
            where=self.url(),
            remedy="Check publish.endpoint and that the store is up (llmops status)",
        )


class MissingError(StoreError):
    """The repository, revision or file does not exist (or the token may not know)."""
