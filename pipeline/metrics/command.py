"""`llmops metrics`: figures for Prometheus, once or as a service."""

from __future__ import annotations

import contextlib
import sys

import typer

from pipeline.console import say


def metrics(
    port: int = typer.Option(0, help="Serve them at this port until it is stopped; 0 writes them once."),
    host: str = typer.Option("127.0.0.1", help="The address to serve at; 0.0.0.0 inside a container."),
) -> None:
    """Show what happened so far in the format that Prometheus reads."""
    from prometheus_client import generate_latest, start_http_server

    from pipeline.errors import ServiceError
    from pipeline.lake import open_lake
    from pipeline.metrics.exporter import registry
    from pipeline.settings import load

    settings = load()
    made = registry(open_lake(settings.lake), settings.select.machine_hour_cost)
    if not port:
        sys.stdout.write(generate_latest(made).decode())
        return
    try:
        server, thread = start_http_server(port, addr=host, registry=made)
    except OSError as problem:
        raise ServiceError(
            f"The metrics cannot be served: {problem}", where=f"{host}:{port}", remedy="Name another --port"
        ) from None
    say(f"Metrics at http://{host}:{port}/metrics; stop with Ctrl-C")
    with contextlib.suppress(KeyboardInterrupt):
        thread.join()
    server.shutdown()
