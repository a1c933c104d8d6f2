"""Who may call: users from a file, known to the store only by the hash of their tokens."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from pipeline.errors import SettingsError
from pipeline.local.hub import errors

NAMESPACE = r"^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$"
RESERVED = frozenset({"api", "datasets", "healthz", "lfs", "login", "logout", "models", "spaces", "static"})
MIN_TOKEN_LENGTH = 8

Namespace = Annotated[str, Field(pattern=NAMESPACE)]


class Account(BaseModel):
    """One entry of the users file: a name, one token of that person, and the organisations they belong to."""

    model_config = ConfigDict(extra="forbid")

    name: Namespace
    token: Annotated[SecretStr, Field(min_length=MIN_TOKEN_LENGTH)]
    role: Literal["read", "write"] = "read"
    orgs: list[Namespace] = []


@dataclass(frozen=True)
class Principal:
    """An authenticated caller and what their token allows."""

    name: str
    orgs: tuple[str, ...]
    role: str

    @property
    def can_write(self) -> bool:
        """Whether the token may change anything."""
        return self.role == "write"

    def belongs_to(self, namespace: str) -> bool:
        """Whether the namespace is the caller's own or one of their organisations."""
        return namespace.lower() in {name.lower() for name in (self.name, *self.orgs)}


def digest(token: str) -> str:
    """Return the form in which a token is stored; tokens are long and random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_accounts(path: Path) -> list[Account]:
    """Read the users file, a JSON list of `{"name", "token", "role", "orgs"}`.

    A name may come several times with different tokens. Raises SettingsError for what is malformed, a token given to
    two entries, a reserved name, or an organisation that has the name of a user; no message shows a token.
    """
    remedy = 'Write a JSON list of {"name", "token", "role": "read" or "write", "orgs": [...]}'
    try:
        accounts = TypeAdapter(list[Account]).validate_python(json.loads(path.read_text()))
    except OSError as problem:
        raise SettingsError(
            f"The users file cannot be read: {problem.strerror}", where=str(path), remedy=remedy
        ) from None
    except ValidationError as problem:
        places = "; ".join(
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in problem.errors()
        )
        raise SettingsError(f"The users file is not valid: {places}", where=str(path), remedy=remedy) from None
    except ValueError as problem:
        raise SettingsError(f"The users file is not JSON: {problem}", where=str(path), remedy=remedy) from None
    if mistake := _contradiction(accounts):
        raise SettingsError(mistake, where=str(path))
    return accounts


def _contradiction(accounts: Sequence[Account]) -> str | None:
    tokens = [account.token.get_secret_value() for account in accounts]
    if len(set(tokens)) < len(tokens):
        return "Two entries of the users file have the same token"
    names = {account.name.lower() for account in accounts}
    orgs = {org.lower() for account in accounts for org in account.orgs}
    if taken := (names | orgs) & RESERVED:
        return f"Reserved names cannot be users or organisations: {', '.join(sorted(taken))}"
    if both := names & orgs:
        return f"These names are both a user and an organisation: {', '.join(sorted(both))}"
    return None


def replace_accounts(db: sqlite3.Connection, accounts: Sequence[Account]) -> None:
    """Make the store know exactly these accounts; a token that is no longer listed is refused from now on."""
    db.execute("DELETE FROM users")
    orgs: dict[str, set[str]] = {}
    for account in accounts:
        orgs.setdefault(account.name, set()).update(account.orgs)
    for name, memberships in orgs.items():
        db.execute("INSERT OR REPLACE INTO users VALUES (?, ?)", (name, json.dumps(sorted(memberships))))
    db.executemany(
        "INSERT INTO tokens VALUES (?, ?, ?)",
        [(digest(a.token.get_secret_value()), a.name, a.role) for a in accounts],
    )


def by_token_digest(db: sqlite3.Connection, token_digest: str) -> Principal | None:
    """Return the owner of the token with this digest, or None."""
    row = db.execute(
        "SELECT users.name, users.orgs, tokens.role FROM tokens JOIN users ON users.name = tokens.user "
        "WHERE tokens.digest = ?",
        (token_digest,),
    ).fetchone()
    return Principal(row["name"], tuple(json.loads(row["orgs"])), row["role"]) if row else None


def authenticate(db: sqlite3.Connection, authorization: str | None) -> Principal | None:
    """Return who sent an `Authorization: Bearer …` header, None when there is no header.

    Raises HubError 401 for a header that names no known token, even when the thing asked for is public.
    """
    if not authorization:
        return None
    scheme = re.fullmatch(r"[Bb]earer\s+(\S+)\s*", authorization)
    principal = by_token_digest(db, digest(scheme[1])) if scheme else None
    if principal is None:
        raise errors.bad_token()
    return principal
