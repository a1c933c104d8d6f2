"""Airflow for tests: a database of their own, no servers; the real API application answers in this process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="llmops-test-airflow-"))
USERS = {"operator": "ADMIN", "model_reviewer": "REVIEWER", "legal_reviewer": "REVIEWER", "watcher": "VIEWER"}
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__EXECUTOR="LocalExecutor",
    AIRFLOW__CORE__AUTH_MANAGER="pipeline.review.auth_manager.ReviewerAuthManager",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=",".join(f"{name}:{role}" for name, role in USERS.items()),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(HOME / "passwords.json"),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    AIRFLOW__API__BASE_URL="http://testserver",
    AIRFLOW__API_AUTH__JWT_SECRET="t" * 64,
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
)
(HOME / "passwords.json").write_text(json.dumps({name: name for name in USERS}))


@pytest.fixture(scope="session")
def airflow_database() -> None:
    from airflow.utils import db

    db.initdb()


@pytest.fixture(scope="session")
def client(airflow_database: None) -> Iterator:
    """The real API application."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(apps="all"), base_url="http://testserver") as made:
        yield made


@pytest.fixture(scope="session")
def login(client) -> Callable[[str], dict[str, str]]:
    """Return a user's header."""

    def headers(user: str) -> dict[str, str]:
        answer = client.post("/auth/token", json={"username": user, "password": user})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return headers
