"""What the laptop's own services get by their environment, and what of the user's they leave alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.collect.jira.credentials import SAMPLE, find_credentials
from pipeline.local import airflow_stack, credentials, services
from pipeline.settings import Settings

OWN = "https://example.atlassian.net"


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, credentials.Credentials]:
    """A laptop whose services have made their credentials, in an environment that a test may change."""
    for name in (*SAMPLE, "JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PAT", "AIRFLOW_CONN_JIRA_DEFAULT", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    settings = Settings(state_dir=tmp_path)
    return settings, credentials.ensure(settings, [])


@pytest.mark.parametrize(
    ("exported", "api", "header"),
    [
        ({"JIRA_EMAIL": "me@example.com", "JIRA_API_TOKEN": "mine"}, "cloud", "Basic bWVAZXhhbXBsZS5jb206bWluZQ=="),
        ({"JIRA_PAT": "mine"}, "cloud", "Bearer mine"),
        ({"AIRFLOW_CONN_JIRA_DEFAULT": '{"password": "mine"}'}, "server", "Bearer mine"),
        ({}, "cloud", None),
    ],
)
def test_ones_own_jira_and_the_sample_live_side_by_side(
    laptop: tuple[Settings, credentials.Credentials], exported: dict[str, str], api: str, header: str | None
) -> None:
    settings, made = laptop
    os.environ.update(exported)
    services.make_known(settings, made)
    os.environ.update(airflow_stack.environment(settings, made))
    assert find_credentials("jira_default", api, OWN).headers().get("Authorization") == header
    sample = find_credentials("jira_default", api, f"http://127.0.0.1:{settings.local.jira_port}/")
    assert (sample.user, sample.token) == (made.jira_email, made.jira_token)


def test_what_is_exported_stays(laptop: tuple[Settings, credentials.Credentials]) -> None:
    os.environ["NO_PROXY"] = "internal.example.com"
    services.make_known(*laptop)
    assert os.environ["NO_PROXY"] == "internal.example.com"


def test_airflow_goes_by_the_settings_of_the_command_that_started_it(
    laptop: tuple[Settings, credentials.Credentials], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "llmops.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    os.environ.pop("LLMOPS_CONFIG", None)
    assert airflow_stack.environment(*laptop)["LLMOPS_CONFIG"] == str(tmp_path / "llmops.toml")
    os.environ["LLMOPS_CONFIG"] = "llmops.toml"
    assert airflow_stack.environment(*laptop)["LLMOPS_CONFIG"] == str(tmp_path / "llmops.toml")
