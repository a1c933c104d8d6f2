"""Reading the model store: branches, versions, release files and whole revisions, as the store itself tells them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoFile

from pipeline.hub_client import limit_patience
from pipeline.publish import signature
from pipeline.publish.calls import DamagedError, MissingError, answered
from pipeline.settings import Settings
from pipeline.whole_file import appearing_folder

MAIN = "main"
RELEASE_FILE = "release.json"
VERSION = re.compile(r"v(\d+)")
COMMIT = re.compile(r"[0-9a-f]{40}")
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


class StoreReader:
    """The repository that the settings name, to look at."""

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

    def exposure(self) -> str:
        """Return that the repository is public and the settings want it private; empty when that is not so."""
        if not self._publish.private:
            return ""
        info = self._guard(lambda: self._api.model_info(self.repository), "look at the repository")
        return "" if info.private else "the repository is public, and publish.private wants it private"

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

    def claim(self) -> dict[str, Any] | None:
        """Return what the alias says of itself: nothing where that is no release record; None without an alias.

        For what compares production with the audit trail, and does not stop at what somebody put there.
        """
        try:
            return self.production()
        except DamagedError:
            return {}

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

    def _refs(self, kind: str) -> dict[str, str]:
        """Return the commits of the branches or tags by their names, asked of the store; none without a repository."""
        try:
            found = self._guard(lambda: self._api.list_repo_refs(self.repository), f"list the {kind}")
        except MissingError:
            return {}
        return {ref.name: ref.target_commit for ref in getattr(found, kind)}

    def _guard(self, call: Callable[[], T], what: str) -> T:
        return answered(call, what, self.url())
