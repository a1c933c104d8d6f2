"""The embedded services of a laptop: object store, model store, sample sources and mail catcher."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pipeline.local.credentials import Credentials
from pipeline.local.process import Service
from pipeline.settings import Settings

BIN = Path(sys.executable).parent
GRPC_OFFSET = 10_000
INNER_OFFSETS = {"filer": 10, "master": 20, "volume": 30, "admin": 40}
"""The object store's inner ports, counted from its S3 port; each has a gRPC twin `GRPC_OFFSET` above."""


OBJECT_STORE_MEMORY = {
    # With 200 MiB, little more than the idle heap, collecting garbage alone takes a tenth of a core for ever.
    "GOMEMLIMIT": "400MiB",
    "GOGC": "50",
}


def inner_ports(port: int) -> dict[str, int]:
    """Return the inner ports of the object store that serves S3 on this port, by name."""
    return {name: port + offset for name, offset in INNER_OFFSETS.items()}


def seaweedfs(folder: Path, port: int, bucket: str) -> list[str]:
    """Return the command of SeaweedFS serving one bucket on the loopback, with nothing on ports of its own choice."""
    return [
        str(BIN / "weed"),
        "-logtostderr=true",
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-bucket={bucket}",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        f"-s3.port={port}",
        *(f"-{name}.port={number}" for name, number in inner_ports(port).items()),
    ]


def object_store(settings: Settings, credentials: Credentials) -> Service:
    """Return SeaweedFS serving S3 with a data folder below the state folder."""
    port = settings.local.s3_port
    folder = settings.state_dir / "s3"
    folder.mkdir(parents=True, exist_ok=True)
    http = [port, *inner_ports(port).values()]
    return Service(
        "object-store",
        seaweedfs(folder, port, bucket=settings.lake.uri.removeprefix("s3://").split("/")[0]),
        ports=[*http, *(number + GRPC_OFFSET for number in http)],
        environment={
            "AWS_ACCESS_KEY_ID": credentials.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.s3_secret_key,
            **OBJECT_STORE_MEMORY,
        },
        health_url=f"http://127.0.0.1:{port}/healthz",
        url=f"http://127.0.0.1:{port}",
    )


def model_store(settings: Settings, credentials: Credentials) -> Service:
    """Return the Hub-compatible model store with one writing user, the organisation of the repository."""
    port = settings.local.hub_port
    root = settings.state_dir / "hub"
    root.mkdir(parents=True, exist_ok=True)
    users = root / "users.json"
    users.touch(mode=0o600)
    entry = {"name": credentials.hub_user, "token": credentials.hub_token, "role": "write", "orgs": []}
    users.write_text(json.dumps([entry]))
    return Service(
        "model-store",
        [
            *(sys.executable, "-m", "pipeline.local.hub"),
            *("--root", str(root), "--port", str(port), "--users", str(users)),
        ],
        ports=[port],
        health_url=f"http://127.0.0.1:{port}/healthz",
        url=f"http://127.0.0.1:{port}",
    )


def sample_site(settings: Settings) -> Service:
    """Return the web server with real FAQ pages."""
    return _module("sample-site", "pipeline.local.web_server", settings.local.web_port, "/robots.txt")


def sample_tickets(settings: Settings, credentials: Credentials) -> Service:
    """Return the Jira-compatible server with sample tickets."""
    service = _module("sample-jira", "pipeline.local.jira_server", settings.local.jira_port, "/status")
    secrets = {"JIRA_EMAIL": credentials.jira_email, "JIRA_API_TOKEN": credentials.jira_token}
    return Service(**{**service.__dict__, "environment": secrets})


def mail_catcher(settings: Settings) -> Service:
    """Return the mail catcher."""
    local = settings.local
    return Service(
        "mail-catcher",
        [
            *(sys.executable, "-m", "pipeline.local.mail_catcher", "--folder", str(settings.state_dir / "mail")),
            *("--smtp-port", str(local.mail_port), "--web-port", str(local.mail_web_port)),
        ],
        ports=[local.mail_port, local.mail_web_port],
        health_url=f"http://127.0.0.1:{local.mail_web_port}/healthz",
        url=f"http://127.0.0.1:{local.mail_web_port}",
    )


def embedded(settings: Settings, credentials: Credentials) -> list[Service]:
    """Return every embedded service but Airflow."""
    return [
        object_store(settings, credentials),
        model_store(settings, credentials),
        sample_site(settings),
        sample_tickets(settings, credentials),
        mail_catcher(settings),
    ]


def make_known(settings: Settings, credentials: Credentials) -> None:
    """Let this process and its children use the embedded services; what the environment says already, stays.

    The sample Jira's credentials have names of their own: `JIRA_EMAIL` and the like are for the user's own site, which
    may stand beside it among the sources.
    """
    for name, value in {
        "SAMPLE_JIRA_URL": f"http://127.0.0.1:{settings.local.jira_port}",
        "SAMPLE_JIRA_EMAIL": credentials.jira_email,
        "SAMPLE_JIRA_API_TOKEN": credentials.jira_token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }.items():
        os.environ.setdefault(name, value)


def _module(name: str, module: str, port: int, health: str) -> Service:
    url = f"http://127.0.0.1:{port}"
    return Service(
        name,
        [sys.executable, "-m", module, "--port", str(port)],
        ports=[port],
        health_url=url + health,
        url=url,
    )
