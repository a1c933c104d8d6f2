"""Airflow on a laptop: SQLite, LocalExecutor, and the three components that this pipeline needs.

No triggerer runs: waiting reviews are parked by the scheduler, and no task here defers to a trigger.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.local.credentials import OPERATOR, Credentials
from pipeline.local.process import Service
from pipeline.mail_connection import as_connection
from pipeline.settings import PROJECT_ROOT, Settings, config_file

BIN = Path(sys.executable).parent


def base_url(settings: Settings) -> str:
    """Return where the Airflow UI is."""
    return f"http://127.0.0.1:{settings.local.airflow_port}"


def environment(settings: Settings, credentials: Credentials) -> dict[str, str]:
    """Return the environment of every Airflow component; secrets travel here, in no file but the private ones."""
    home = settings.state_dir / "airflow"
    reviewers = [user for user in credentials.passwords if user != OPERATOR]
    users = [f"{OPERATOR}:ADMIN", *(f"{user}:REVIEWER" for user in reviewers)]
    url = base_url(settings)
    core = {
        "CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__FERNET_KEY": credentials.airflow_fernet,
        "CORE__AUTH_MANAGER": "pipeline.review.auth_manager.ReviewerAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(users),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "API__BASE_URL": url,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(settings.local.airflow_port),
        "API__WORKERS": "1",
        "API__SECRET_KEY": credentials.airflow_secret,
        "API_AUTH__JWT_SECRET": credentials.airflow_secret,
        "API__EXPOSE_CONFIG": "False",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "600",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "LOGGING__LOGGING_LEVEL": "INFO",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        **{f"AIRFLOW__{name}": value for name, value in core.items()},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_SMTP_DEFAULT": as_connection(settings.mail),
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONUNBUFFERED": "1",
        # Tasks fork from the scheduler; macOS-style proxies and telemetry have no business there.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "LLMOPS_CONFIG": _settings_file(),
    }


def _settings_file() -> str:
    """Return the settings file of this command; tasks, whose working folders are others, must go by it too."""
    file = config_file()
    return str(file.resolve()) if file else ""


def prepare(settings: Settings, credentials: Credentials) -> None:
    """Make Airflow's home, users and database (about 20 s the first time, nothing later).

    Raises ServiceError with the end of the migration's output when it fails.
    """
    home = settings.state_dir / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    passwords = home / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps(credentials.passwords))
    done = home / ".migrated"
    if done.exists() and (home / "airflow.db").exists():
        return
    result = subprocess.run(
        [str(BIN / "airflow"), "db", "migrate"],
        env={**os.environ, **environment(settings, credentials)},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ServiceError(
            f"Airflow's database could not be made:\n{result.stderr[-2000:]}",
            where=str(home),
            remedy="If the folder is from another version, delete it and start again",
        )
    done.touch()


def services(settings: Settings, credentials: Credentials) -> list[Service]:
    """Return Airflow's components."""
    airflow = str(BIN / "airflow")
    variables = environment(settings, credentials)
    url = base_url(settings)
    return [
        Service(
            "airflow-api-server",
            [airflow, "api-server"],
            ports=[settings.local.airflow_port],
            environment=variables,
            health_url=f"{url}/api/v2/version",
            start_seconds=180,
            url=url,
        ),
        Service("airflow-scheduler", [airflow, "scheduler"], environment=variables),
        Service("airflow-dag-processor", [airflow, "dag-processor"], environment=variables),
    ]
