"""Credentials that the embedded services make for themselves: random, per checkout, readable by their owner only."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from pydantic import BaseModel

from pipeline.settings import MailSettings, Settings
from pipeline.whole_file import replacing

OPERATOR = "operator"


class Credentials(BaseModel):
    """What the laptop's services and sample users log in with."""

    s3_access_key: str
    s3_secret_key: str
    hub_token: str
    hub_user: str
    audit_key: str
    pseudonym_key: str
    jira_email: str
    jira_token: str
    airflow_secret: str
    airflow_fernet: str
    passwords: dict[str, str]


def _fernet_key() -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _made(settings: Settings, reviewers: list[str]) -> Credentials:
    return Credentials(
        s3_access_key=secrets.token_hex(10),
        s3_secret_key=secrets.token_urlsafe(30),
        hub_token=f"hf_{secrets.token_hex(17)}",
        hub_user=settings.publish.repository.split("/")[0],
        audit_key=secrets.token_hex(32),
        pseudonym_key=secrets.token_hex(32),
        jira_email="pipeline@example.com",
        jira_token=secrets.token_urlsafe(24),
        airflow_secret=secrets.token_hex(32),
        airflow_fernet=_fernet_key(),
        passwords={user: secrets.token_urlsafe(9) for user in (OPERATOR, *reviewers)},
    )


def ensure(settings: Settings, reviewers: list[str]) -> Credentials:
    """Return the credentials of this checkout; make them at the first call and add users that are new."""
    path = settings.state_dir / "credentials.json"
    if path.exists():
        credentials = Credentials.model_validate_json(path.read_text())
        for user in (OPERATOR, *reviewers):
            credentials.passwords.setdefault(user, secrets.token_urlsafe(9))
    else:
        credentials = _made(settings, reviewers)
    _write_private(path, credentials.model_dump_json(indent=2))
    _write_private(settings.state_dir / "credentials.env", _environment(settings, credentials))
    return credentials


def load(settings: Settings) -> Credentials | None:
    """Return the credentials of this checkout, or None when the services were never started."""
    path = settings.state_dir / "credentials.json"
    return Credentials.model_validate_json(path.read_text()) if path.exists() else None


def _environment(settings: Settings, credentials: Credentials) -> str:
    local = settings.local
    values = {
        "LLMOPS_LAKE__ENDPOINT_URL": f"http://127.0.0.1:{local.s3_port}",
        "LLMOPS_LAKE__ACCESS_KEY": credentials.s3_access_key,
        "LLMOPS_LAKE__SECRET_KEY": credentials.s3_secret_key,
        "LLMOPS_PUBLISH__ENDPOINT": f"http://127.0.0.1:{local.hub_port}",
        "LLMOPS_PUBLISH__TOKEN": credentials.hub_token,
        "LLMOPS_AUDIT__SIGNING_KEY": credentials.audit_key,
        "LLMOPS_PREPARE__PRIVACY__PSEUDONYM_KEY": credentials.pseudonym_key,
    }
    if settings.mail.host == MailSettings().host:  # the mail catcher; a server of somebody's own has its own port
        values["LLMOPS_MAIL__PORT"] = str(local.mail_port)
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in values.items())


def _write_private(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    with replacing(path) as partial:
        partial.write_text(text)
