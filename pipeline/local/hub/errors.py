"""What the store answers when it refuses, in the terms the Hub's clients turn into their exceptions.

Clients choose the exception by the `X-Error-Code` header (`RepoNotFound`, `RevisionNotFound`, `EntryNotFound`,
`GatedRepo`) and show `X-Error-Message` to the person.
"""

from __future__ import annotations


class HubError(Exception):
    """A request that is refused: HTTP status, message for a person, and the Hub's error code if it has one."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Keep what the HTTP answer needs."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}


class RepositoryMoved(HubError):
    """The repository has a new name, and the caller may see it."""

    def __init__(self, old: str, new: str) -> None:
        """Remember both names so that the answer can point to the new address."""
        super().__init__(307, f"{old} is now called {new}")
        self.old = old
        self.new = new


def bad_token() -> HubError:
    """Return the answer to a token that the store does not know; the client tells it from a missing repository."""
    return HubError(401, "Invalid credentials in Authorization header")


def authentication_required() -> HubError:
    """Return the answer to a call that needs a token and came without one."""
    return HubError(401, "Authentication is required: send a token of this store")


def forbidden(message: str) -> HubError:
    """Return the answer to a known caller who lacks the right."""
    return HubError(403, message)


def repository_not_found(*, anonymous: bool) -> HubError:
    """Return one answer for missing and for invisible repositories, so that existence does not leak.

    As on the Hub, an anonymous caller is asked to authenticate (401) and a known one is told 404.
    """
    return HubError(401 if anonymous else 404, "Repository not found", code="RepoNotFound")


def gated(what: str, *, anonymous: bool) -> HubError:
    """Return the answer to somebody who may see a gated repository's page but not its files."""
    return HubError(
        401 if anonymous else 403,
        f"Access to {what} is restricted and you are not in the authorized list",
        code="GatedRepo",
    )


def no_such_call() -> HubError:
    """Return the answer to a call that the Hub has and this store has not."""
    return HubError(404, "This store has no such call")


def revision_not_found(revision: str) -> HubError:
    """Return the answer to an unknown branch, tag or commit."""
    return HubError(404, f"Invalid rev id: {revision}", code="RevisionNotFound")


def entry_not_found(message: str, *, commit: str | None = None) -> HubError:
    """Return the answer to a missing file or folder; with the commit, clients remember that it is missing there."""
    headers = {"X-Repo-Commit": commit} if commit else None
    return HubError(404, message, code="EntryNotFound", headers=headers)
