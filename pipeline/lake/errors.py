"""Errors of Arrow's file systems, said for people; they come as OSError or ArrowInvalid wherever a file is read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import LakeError

OF_S3 = ("AWS Error", "curlCode", "S3 ")
FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def said(where: str) -> Iterator[None]:
    """Turn what Arrow raises about the object `where` into a LakeError; other errors pass.

    Safe around a `yield` too: what the consumer of a generator raises does not come in here.
    """
    import pyarrow as pa

    try:
        yield
    except pa.ArrowInvalid as problem:
        raise LakeError(
            f"A Parquet file of the lake is damaged: {_first_line(problem)}",
            where=where,
            remedy="Run llmops lake verify --mend, then the pipeline again: the stage that made it makes it anew",
        ) from None
    except OSError as problem:
        raise lake_error(problem, where) from None


def lake_error(problem: OSError, where: str) -> LakeError:
    """Return the LakeError that says what an OSError about the object `where` means."""
    if problem.errno in FULL:
        what, remedy = (
            "The disk is full",
            "Make room (llmops privacy retain --dry-run shows what may go), then try again",
        )
    elif isinstance(problem, FileNotFoundError):
        what, remedy = "There is no such object", "Run llmops lake verify --mend, then the pipeline again"
    elif isinstance(problem, PermissionError) or "ACCESS_DENIED" in str(problem):
        what, remedy = "The lake may not be read or written here", "Check lake.access_key and what it may do"
    else:
        what = f"The object store refused or did not answer: {_first_line(problem)}"
        remedy = "Check lake.endpoint_url, the credentials and that the service is up (llmops status)"
    return LakeError(what, where=where, remedy=remedy)


def is_about_the_lake(problem: OSError) -> bool:
    """Tell whether an OSError that nobody expected comes from Arrow's S3 client, or from a disk without room."""
    return problem.errno in FULL or any(sign in str(problem) for sign in OF_S3)


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
