"""The mail server of the settings as Airflow's connection."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline import mail_connection
from pipeline.errors import SettingsError
from pipeline.settings import MailSettings, current

MAIL = {"host": "smtp.example.com", "port": 587, "username": "llm@ops", "password": "p:ä/", "sender": "l@example.com"}


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_what_is_written_is_read_back(security: str) -> None:
    mail = MailSettings.model_validate({**MAIL, "security": security})
    found = mail_connection.as_mail(mail_connection.as_connection(mail))
    assert found == mail.model_copy(update={"sender": MailSettings().sender})


@pytest.mark.parametrize(
    ("text", "host", "port", "security"),
    [
        ("smtp://llm%40ops:p@mail.example.com:587/?disable_ssl=true", "mail.example.com", 587, "starttls"),
        ("smtp://mail.example.com", "mail.example.com", 465, "tls"),
        ('{"host": "h", "port": 25, "extra": "{\\"disable_ssl\\": true, \\"disable_tls\\": true}"}', "h", 25, "none"),
        ("smtp://h:25/?__extra__=%7B%22disable_ssl%22%3A+true%2C+%22disable_tls%22%3A+true%7D", "h", 25, "none"),
    ],
)
def test_other_ways_to_write_a_connection(text: str, host: str, port: int, security: str) -> None:
    found = mail_connection.as_mail(text)
    assert (found.host, found.port, found.security) == (host, port, security)


@pytest.mark.parametrize("text", ['{"password": "hush"', '["hush"]', "smtp://h:hush/"])
def test_a_broken_one_is_named_without_its_content(text: str) -> None:
    with pytest.raises(SettingsError) as problem:
        mail_connection.as_mail(text)
    assert mail_connection.VARIABLE in str(problem.value)
    assert "hush" not in str(problem.value)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The environment of a container: the mail server by variables, and our backend for Airflow's secrets."""
    monkeypatch.setenv("LLMOPS_MAIL__HOST", "smtp.example.com")
    monkeypatch.setenv("LLMOPS_MAIL__PORT", "587")
    monkeypatch.setenv("LLMOPS_MAIL__SECURITY", "starttls")
    monkeypatch.setenv("LLMOPS_MAIL__USERNAME", "llmops")
    monkeypatch.setenv("LLMOPS_MAIL__PASSWORD", "hush")
    monkeypatch.setenv("LLMOPS_LOCAL__ENABLED", "false")
    monkeypatch.setenv(mail_connection.VARIABLE, "")
    current.cache_clear()
    yield monkeypatch
    current.cache_clear()


def test_airflows_hook_talks_to_the_server_of_the_settings(configured: pytest.MonkeyPatch) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk.definitions.connection import Connection

    from pipeline.airflow_secrets import MailFromSettings

    backend = MailFromSettings()
    backend._set_connection_class(Connection)
    found = backend.get_connection("smtp_default")
    assert (found.host, found.port, found.login, found.password) == ("smtp.example.com", 587, "llmops", "hush")
    hook = SmtpHook()
    hook.smtp_connection = found
    assert (hook.use_ssl, hook.smtp_starttls, hook.from_email) == (False, True, current().mail.sender)


def test_other_connections_and_one_in_the_environment_are_left_to_airflow(configured: pytest.MonkeyPatch) -> None:
    from pipeline.airflow_secrets import MailFromSettings

    backend = MailFromSettings()
    assert backend.get_conn_value("jira_default") is None
    assert json.loads(backend.get_conn_value("smtp_default") or "{}")["host"] == "smtp.example.com"
    configured.setenv(mail_connection.VARIABLE, "smtp://other")
    assert backend.get_conn_value("smtp_default") is None
