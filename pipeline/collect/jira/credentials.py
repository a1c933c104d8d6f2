"""Who we are to a ticket system: from the environment, or from an Airflow connection. Never from a settings file."""

from __future__ import annotations

import base64
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.errors import SettingsError

SAMPLE = ("SAMPLE_JIRA_URL", "SAMPLE_JIRA_EMAIL", "SAMPLE_JIRA_API_TOKEN")
"""Variables that say where the embedded sample Jira is and who asks it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a token for basic authentication, a bearer token alone, or nothing for an open site."""

    user: str | None = None
    token: str | None = field(default=None, repr=False)

    def headers(self) -> dict[str, str]:
        """Return the header that carries them."""
        if not self.token:
            return {}
        if not self.user:
            return {"Authorization": f"Bearer {self.token}"}
        pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def find_credentials(connection: str, api: str, base_url: str = "") -> Credentials:
    """Return the credentials for a source at an address.

    The embedded sample Jira has its own, which `llmops` puts into the environment and which no other site is sent.
    Otherwise the first that exists is used: `JIRA_EMAIL` with `JIRA_API_TOKEN` (Cloud), `JIRA_PAT` (Server, Data
    Center), the environment's `AIRFLOW_CONN_<connection>`, and inside an Airflow task the connection itself. Without
    any, the site is asked anonymously. Raises SettingsError for a connection that cannot be read.
    """
    sample_url, sample_email, sample_token = (os.environ.get(name) for name in SAMPLE)
    if sample_url and base_url.rstrip("/") == sample_url:
        return Credentials(sample_email, sample_token)
    email, token, personal = (os.environ.get(name) for name in ("JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PAT"))
    if api != "cloud" and personal:
        return Credentials(token=personal)
    if email and token:
        return Credentials(email, token)
    if personal:
        return Credentials(token=personal)
    text = os.environ.get(f"AIRFLOW_CONN_{connection.upper()}")
    return from_connection_text(text, connection) if text else _from_airflow(connection)


def from_connection_text(text: str, name: str) -> Credentials:
    """Read a connection as Airflow writes it into the environment: JSON or a URI with login and password."""
    try:
        if text.lstrip().startswith("{"):
            data: dict[str, Any] = json.loads(text)
            return Credentials(data.get("login") or None, data.get("password") or None)
        parts = urlsplit(text)
        user = unquote(parts.username) if parts.username else None
        return Credentials(user, unquote(parts.password) if parts.password else None)
    except ValueError:
        raise SettingsError(
            "The connection cannot be read",
            where=f"AIRFLOW_CONN_{name.upper()}",
            remedy="Write it as JSON with login and password, or as a URI",
        ) from None


def _from_airflow(name: str) -> Credentials:
    """Ask Airflow, but only inside one of its tasks: elsewhere there is nobody who could answer."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    if getattr(runner, "SUPERVISOR_COMMS", None) is None:
        return Credentials()
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        return Credentials()
    return Credentials(connection.login or None, connection.password or None)
