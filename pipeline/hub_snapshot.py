"""A model of the store as a local folder: one folder for each commit, whole or not there at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.scrubbing import without_secrets
from pipeline.whole_file import appearing_folder

if TYPE_CHECKING:
    from pipeline.settings import Settings


def snapshot(place: str, settings: Settings, cache: Path, *, patterns: Sequence[str] | None = None) -> Path:
    """Return a folder below `cache` with the files of `repository[@revision]` that match the patterns, or all.

    The store is asked each time which commit that is: the client itself would answer with whatever it fetched before
    when the store is away, and leave files of an older commit beside those of a newer. Raises StoreError.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    from pipeline.hub_client import limit_patience

    limit_patience()
    repository, _, revision = place.partition("@")
    token = settings.publish.token.get_secret_value() if settings.publish.token else None
    store = HfApi(settings.publish.endpoint, token=token)
    try:
        commit = str(store.model_info(repository, revision=revision or None).sha)
        name = "\0".join([str(store.endpoint), repository, commit, *(patterns or ())])
        folder = cache / hashlib.sha256(name.encode()).hexdigest()[:24]
        if not folder.is_dir():
            with appearing_folder(folder) as building:
                wanted = list(patterns) if patterns else None
                store.snapshot_download(repository, revision=commit, allow_patterns=wanted, local_dir=building)
                shutil.rmtree(building / ".cache", ignore_errors=True)
    except (HfHubHTTPError, HFValidationError, httpx2.HTTPError, OSError, ValueError) as problem:
        cause = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise StoreError(
            f"The model store does not give this model: {without_secrets(cause)}",
            where=place,
            remedy="Check the name, the revision, publish.endpoint and the token",
        ) from problem
    return folder
