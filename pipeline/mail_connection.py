"""The mail server as an Airflow connection: written from `[mail]`, and read back, without Airflow itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.errors import SettingsError
from pipeline.settings import MailSettings

NAME = "smtp_default"
VARIABLE = f"AIRFLOW_CONN_{NAME.upper()}"


def as_connection(mail: MailSettings) -> str:
    """Return the connection, as JSON, by which Airflow's SMTP hook talks to this mail server."""
    login = {}
    if mail.username and mail.password:
        login = {"login": mail.username, "password": mail.password.get_secret_value()}
    return json.dumps(
        {
            "conn_type": "smtp",
            "host": mail.host,
            "port": mail.port,
            **login,
            "extra": {
                "disable_ssl": mail.security != "tls",
                "disable_tls": mail.security != "starttls",
                "from_email": mail.sender,
            },
        }
    )


def as_mail(text: str) -> MailSettings:
    """Return the mail server that a connection names, in JSON or as a URI; raises SettingsError for what is neither.

    Airflow's hook speaks TLS from the start, at port 465, unless the connection says otherwise.
    """
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else _of_uri(text)
        extra = found.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        plain = "none" if _is_true(extra.get("disable_tls")) else "starttls"
        return MailSettings.model_validate(
            {
                "host": found.get("host") or "localhost",
                "port": found.get("port") or 465,
                "security": plain if _is_true(extra.get("disable_ssl")) else "tls",
                "username": found.get("login") or None,
                "password": found.get("password") or None,
            }
        )
    except (ValueError, AttributeError):  # a message would quote the password
        raise SettingsError(
            "The connection of the mail server cannot be read",
            where=VARIABLE,
            remedy="Write it as JSON or as a URI, as Airflow's documentation says",
        ) from None


def _of_uri(text: str) -> dict[str, Any]:
    parts = urlsplit(text)
    if not parts.scheme:
        raise ValueError("no URI")
    extra: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "host": parts.hostname,
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "extra": extra.get("__extra__", extra),
    }


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1")
