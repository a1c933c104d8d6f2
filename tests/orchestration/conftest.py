"""Airflow for tests: a database of their own, no servers; the real API application answers in this process."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")

import pytest
from published import STRANGER, TOKEN, Place
from review.court import Court, settings_in

from pipeline.local.hub.accounts import Account
from pipeline.local.hub.config import HubConfig
from pipeline.local.hub.server import HubServer
from pipeline.local.hub.store import Store
from pipeline.settings import current

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


@pytest.fixture
def court(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Court]:
    """A run in the lake, with the policy and the key, that the environment names: what a task finds."""
    made = settings_in(tmp_path)
    for name, value in {
        "POLICY_FILE": tmp_path / "policy.yaml",
        "STATE_DIR": made.state_dir,
        "LAKE__URI": made.lake.uri,
        "AUDIT__SIGNING_KEY": "key",
        "REVIEW__ADDRESSES": '{"ada": "ada@example.com"}',
        "REVIEW__ESCALATE_TO": '["lead@example.com"]',
        "PUBLISH__REPOSITORY": made.publish.repository,
        "PUBLISH__ENDPOINT": made.publish.endpoint,
    }.items():
        monkeypatch.setenv(f"LLMOPS_{name}", str(value))
    current.cache_clear()
    yield Court(made)
    current.cache_clear()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    named = {"acme": TOKEN, "stranger": STRANGER}
    accounts = [Account.model_validate({"name": name, "token": named[name], "role": "write"}) for name in named]
    with HubServer(Store.open(HubConfig(tmp_path_factory.mktemp("hub")), accounts)).running() as url:
        yield url


@pytest.fixture
def place(hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Three published versions, in the store, lake and trail that the environment names."""
    environment = {
        "LLMOPS_STATE_DIR": str(tmp_path / "state"),
        "LLMOPS_LAKE__URI": str(tmp_path / "lake"),
        "LLMOPS_PUBLISH__ENDPOINT": hub,
        "LLMOPS_PUBLISH__TOKEN": TOKEN,
        "LLMOPS_PUBLISH__REPOSITORY": f"acme/m-{uuid.uuid4().hex[:8]}",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    current.cache_clear()
    yield Place(tmp_path)
    current.cache_clear()
