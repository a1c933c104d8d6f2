"""Calls to the model store: every way in which the client can fail, as an error that says what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import httpx2
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from pipeline.errors import Refused, StoreError
from pipeline.scrubbing import without_secrets

MOVED = (409, 412)
"""A branch that was made or moved, or a tag that was made, by somebody else meanwhile."""
BUSY = (429, 500, 502, 503, 504)
T = TypeVar("T")


class BranchMoved(StoreError):
    """Somebody else committed or tagged first; look again and decide anew."""


class MissingError(StoreError):
    """The repository, revision or file does not exist (or the token may not know)."""


class DamagedError(StoreError):
    """A release file is there and is none."""


class ExposedError(StoreError, Refused):
    """The repository is public and should be private. Work that can go on without the store does."""


def answered(call: Callable[[], T], what: str, where: str) -> T:
    """Return what a call to the store returns; `what` finishes "to …" in messages.

    Raises MissingError, BranchMoved, or StoreError when the store refuses, is away, or answers nonsense.
    """
    try:
        return call()
    except LocalEntryNotFoundError as problem:
        # The client found no copy of its own after the store had refused or not answered: the cause says which.
        raise _failed(problem.__cause__ or problem, what, where) from None
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError):
        raise MissingError(f"The model store has no such thing (to {what})", where=where) from None
    except RuntimeError as problem:
        # What the client makes of a large file that could not be sent; the cause says why.
        if not isinstance(problem.__cause__, httpx2.HTTPError | HfHubHTTPError | OSError):
            raise
        raise away(problem.__cause__, what, where) from None
    except (httpx2.HTTPError, OSError, ValueError) as problem:
        raise _failed(problem, what, where) from None


def moved(branch: str, where: str) -> BranchMoved:
    """Return that somebody else was faster."""
    return BranchMoved(
        f"{branch} was moved by somebody else meanwhile",
        where=where,
        remedy="Look at the versions (llmops models list) and decide anew",
    )


def away(problem: BaseException, what: str, where: str) -> StoreError:
    """Return that the store cannot be reached."""
    return StoreError(
        f"The model store does not answer (to {what}): {_first_line(problem)}",
        where=where,
        remedy="Check publish.endpoint and that the store is up (llmops status)",
    )


def _failed(problem: BaseException, what: str, where: str) -> StoreError:
    if isinstance(problem, HfHubHTTPError):
        status = problem.response.status_code if problem.response is not None else None
        if status in MOVED:
            return moved(f"What was there (to {what})", where)
        if status in BUSY:
            return away(problem, what, where)
    elif not isinstance(problem, ValueError):
        return away(problem, what, where)
    cause = " ".join(str(problem).split()) if isinstance(problem, ValueError) else _first_line(problem)
    return StoreError(
        f"The model store refused to {what}: {without_secrets(cause)}",
        where=where,
        remedy="Check publish.repository and that LLMOPS_PUBLISH__TOKEN may write there",
    )


def _first_line(problem: BaseException) -> str:
    return without_secrets((str(problem).splitlines() or [type(problem).__name__])[0])
