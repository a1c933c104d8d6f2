"""The whole laptop: embedded services and Airflow, up, down and looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pipeline.errors import LakeError, ServiceError
from pipeline.local import airflow_stack, credentials, services
from pipeline.local.process import POLL_SECONDS, Service, Supervisor, answers
from pipeline.settings import Settings, load

BUCKET_TRIES = 80


def _no_progress(text: str) -> None:
    """Say nothing."""


def up(settings: Settings, *, airflow: bool = True, say: Callable[[str], None] = _no_progress) -> Settings:
    """Start what does not run yet, load the sample data, and return settings that know the credentials.

    Raises ServiceError naming the service, its port or the end of its log.
    """
    if not settings.local.enabled:
        raise ServiceError(
            "The embedded services are switched off",
            where="[local] enabled = false",
            remedy="Start the services of your own deployment, or use the laptop's settings",
        )
    made = credentials.ensure(settings, reviewers(settings))
    services.make_known(settings, made)
    supervisor = Supervisor(settings.state_dir)
    _start(supervisor, services.embedded(settings, made), say)
    settings = load()
    _await_lake(settings)
    _load_samples(settings)
    if airflow:
        say("airflow: starting (the first time takes about a minute)")
        airflow_stack.prepare(settings, made)
        _start(supervisor, airflow_stack.services(settings, made), say)
        os.environ.setdefault("AIRFLOW_USERNAME", credentials.OPERATOR)
        os.environ.setdefault("AIRFLOW_PASSWORD", made.passwords[credentials.OPERATOR])
    return settings


def down(settings: Settings) -> list[str]:
    """End every process that `up` started and return their names."""
    return Supervisor(settings.state_dir).stop()


def status(settings: Settings) -> list[dict[str, object]]:
    """Return each running service with its process id, address and whether it answers."""
    return [
        {
            "name": running.name,
            "pid": running.pid,
            "url": running.url,
            "healthy": True if running.url is None else answers(running.url),
        }
        for running in Supervisor(settings.state_dir).running().values()
    ]


def reviewers(settings: Settings) -> list[str]:
    """Return the users that the policy lets sign off."""
    from pipeline.comply.policy import load_policy

    return sorted(load_policy(settings.policy_file).reviewers())


def _start(supervisor: Supervisor, wanted: list[Service], say: Callable[[str], None]) -> None:
    before = supervisor.running()
    for service in wanted:
        supervisor.start(service)
    for service in wanted:
        supervisor.await_healthy(service)
        if service.name not in before:
            say(f"{service.name}: up{f' at {service.url}' if service.url else ''}")


def _await_lake(settings: Settings) -> None:
    """Wait for the bucket: the object store answers a moment before it has made it."""
    from pipeline.lake import open_lake

    lake = open_lake(settings.lake)
    for _ in range(BUCKET_TRIES):
        try:
            lake.read_tagged(lake.uri("runs", "none"))
            return
        except LakeError:
            time.sleep(POLL_SECONDS)
    lake.read_tagged(lake.uri("runs", "none"))


def _load_samples(settings: Settings) -> None:
    from pipeline.lake import open_lake
    from pipeline.local.sample_data import load as load_samples

    load_samples(settings, open_lake(settings.lake))
