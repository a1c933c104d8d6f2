"""The official Hub client's HTTP session, which ends: the client itself would wait for ever."""

from __future__ import annotations

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory

TIMEOUT = httpx2.Timeout(120.0, connect=15.0, read=600.0)
"""Seconds. A store may take minutes to put a very large file together."""


def client() -> httpx2.Client:
    """Return a session with `TIMEOUT`, also for calls that ask to wait for ever."""
    made = default_client_factory()
    made.timeout = TIMEOUT
    hooks = made.event_hooks
    made.event_hooks = {**hooks, "request": [*hooks["request"], _limited]}
    return made


def limit_patience() -> None:
    """Let the official client use such sessions from now on."""
    set_client_factory(client)


def _limited(request: httpx2.Request) -> None:
    if not any((request.extensions.get("timeout") or {}).values()):
        request.extensions["timeout"] = TIMEOUT.as_dict()
