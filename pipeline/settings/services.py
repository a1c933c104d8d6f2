"""The tables of services around the pipeline: notices, lineage, Airflow and the embedded services of a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from pipeline.settings.section import Section


class LineageSettings(Section):
    """Where OpenLineage events go: a file of JSON Lines, an endpoint, both, or nowhere."""

    file: Path | None = None
    endpoint: str | None = None
    namespace: str = "llmops"
    api_key: SecretStr | None = None


class NoticeSettings(Section):
    """Further notices of how runs ended; the address of a Slack incoming webhook holds a secret."""

    slack_webhook: SecretStr | None = None


class MailSettings(Section):
    """Where notices go."""

    host: str = "127.0.0.1"
    port: int = 28025
    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: SecretStr | None = None
    sender: str = "llmops@example.com"
    operators: list[str] = ["ml-platform@example.com"]


class AirflowSettings(Section):
    """Where Airflow's API is. User and password come from AIRFLOW_USERNAME and AIRFLOW_PASSWORD.

    `gpu_queue` is the Celery queue of training and generation; the worker with the GPU listens to it. An attempt of a
    task is ended and counts as failed after `task_hours`, of training and generation after `gpu_task_hours`.
    """

    url: str | None = None
    gpu_queue: str = "default"
    task_hours: float = Field(2.0, gt=0)
    gpu_task_hours: float = Field(24.0, gt=0)


class LocalSettings(Section):
    """The embedded services of a laptop; a production set-up leaves them off."""

    enabled: bool = True
    s3_port: int = 28333
    hub_port: int = 28870
    web_port: int = 28080
    jira_port: int = 28081
    mail_port: int = 28025
    mail_web_port: int = 28026
    airflow_port: int = 28088
