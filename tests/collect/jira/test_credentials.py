from __future__ import annotations

import base64
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.collect.jira.credentials import Credentials, find_credentials
from pipeline.errors import SettingsError

NAMES = ("JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_PAT", "AIRFLOW_CONN_JIRA_DEFAULT")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def header(value: str) -> str:
    return "Basic " + base64.b64encode(value.encode()).decode()


@pytest.mark.parametrize(
    ("environment", "api", "expected"),
    [
        ({"JIRA_EMAIL": "a@example.com", "JIRA_API_TOKEN": "t"}, "cloud", header("a@example.com:t")),
        ({"JIRA_PAT": "p"}, "server", "Bearer p"),
        ({"JIRA_PAT": "p"}, "cloud", "Bearer p"),
        ({"JIRA_EMAIL": "a@example.com", "JIRA_API_TOKEN": "t", "JIRA_PAT": "p"}, "server", "Bearer p"),
        ({"JIRA_EMAIL": "a@example.com", "JIRA_API_TOKEN": "t", "JIRA_PAT": "p"}, "cloud", header("a@example.com:t")),
        (
            {"AIRFLOW_CONN_JIRA_DEFAULT": json.dumps({"login": "a@example.com", "password": "ä:t"})},
            "cloud",
            header("a@example.com:ä:t"),
        ),
        (
            {"AIRFLOW_CONN_JIRA_DEFAULT": "jira://a%40example.com:p%3At@example.com"},
            "cloud",
            header("a@example.com:p:t"),
        ),
        ({"AIRFLOW_CONN_JIRA_DEFAULT": json.dumps({"password": "pat"})}, "server", "Bearer pat"),
        ({}, "cloud", None),
        ({"JIRA_EMAIL": "a@example.com"}, "cloud", None),
    ],
)
def test_where_they_come_from(
    environment: dict[str, str], api: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_credentials("jira_default", api).headers().get("Authorization") == expected


def test_a_broken_connection_is_named_without_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_JIRA_DEFAULT", '{"password": "hush"')
    with pytest.raises(SettingsError) as problem:
        find_credentials("jira_default", "cloud")
    assert "AIRFLOW_CONN_JIRA_DEFAULT" in str(problem.value)
    assert "hush" not in str(problem.value)


def test_inside_a_task_airflow_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    def get(name: str) -> Any:
        if name == "jira_default":
            return SimpleNamespace(login="a@example.com", password="t")
        raise AirflowNotFoundException(name)

    monkeypatch.setattr(Connection, "get", get)
    runner = SimpleNamespace(SUPERVISOR_COMMS=object())
    monkeypatch.setitem(sys.modules, "airflow.sdk.execution_time.task_runner", runner)
    assert find_credentials("jira_default", "cloud") == Credentials("a@example.com", "t")
    assert find_credentials("another", "cloud") == Credentials()


def test_a_token_is_not_shown() -> None:
    assert "hush" not in repr(Credentials("a@example.com", "hush"))
