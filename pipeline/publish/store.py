"""The model store: one Hugging Face Hub repository, used through the official client.

`main` holds the releases, one commit each; a tag `v<n>` names a verified release; the branch `production` is the alias
that serving follows. The alias moves by one commit that copies a version's files, conditional on where it was: readers
always see a whole version, and a release and a rollback at the same time cannot mix.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

from pipeline.errors import StoreError
from pipeline.publish.calls import BranchMoved, ExposedError, moved
from pipeline.publish.reading import MAIN, RELEASE_FILE, VERSION, StoreReader, Version

__all__ = ["KEPT", "MAIN", "RELEASE_FILE", "VERSION", "ModelStore", "Version"]
KEPT = {".gitattributes"}


class ModelStore(StoreReader):
    """The repository that the settings name."""

    def ensure(self) -> None:
        """Make the repository, private unless the settings say otherwise; its first commit is the store's own.

        Raises ExposedError when it is there already, is public and should be private.
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
